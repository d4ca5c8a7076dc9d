"""Statements that are built once: said anew for other moments and ids, or not kept at all."""

from datetime import time, timedelta

import pytest
from sqlalchemy import extract, select

from rental_mgmt.core import clock
from rental_mgmt.core.db import run, session
from rental_mgmt.core.portable import among, later_by, moment
from rental_mgmt.core.prepared import prepare
from rental_mgmt.core.touch import Due, Kind
from tests.support.world_people import add

HOUR = timedelta(hours=1)


@pytest.fixture
def dues(house):
    at = clock.now()
    add(*(Due(rule="A01", kind=Kind.UNIT, key=key, at=at + key * HOUR) for key in range(6)))
    return at


def built(build):
    """The same, and how often it was really built."""
    times = []

    def counted(at, ids):
        times.append(at)
        return build(at, ids)

    return counted, times


def soon(at, ids):
    return select(Due.key).where(among(Due.key, ids), Due.at >= at, Due.at < at + 2 * HOUR).order_by(Due.key)


def test_it_is_built_no_more_and_means_other_moments_and_ids(dues):
    build, times = built(soon)
    for hours, ids, found in ((0, [0, 1, 2], [0, 1]), (3, [3, 4, 5], [3, 4]), (4, {5}, [5]), (1, [], [])):
        statement, values = prepare("soon", build, dues + hours * HOUR, ids)
        assert run(statement, values).scalars().all() == found
    assert len(times) == 3
    # All of them is another statement.
    assert run(*prepare("soon", build, dues, None)).scalars().all() == [0, 1]
    assert len(times) == 6


def test_ids_may_be_said_twice_and_moments_shifted_in_sql(dues):
    def twice(at, ids):
        shifted = later_by(Due.at, HOUR) <= moment(at)
        return select(Due.key).where(among(Due.key, ids), among(Due.key, ids), shifted)

    for hours, found in ((2, [1]), (5, [1, 4])):
        statement, values = prepare("twice", twice, dues + hours * HOUR, [1, 4])
        assert sorted(run(statement, values).scalars()) == found


@pytest.mark.parametrize(
    "asked",
    [
        lambda at: clock.local_time(clock.local_day(at), time(0)),
        lambda at: at.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
    ],
    ids=["midnight", "the first of the month"],
)
def test_what_depends_on_the_calendar_is_built_each_time(dues, asked):
    build, times = built(lambda at, _ids: select(Due.key).where(Due.at >= asked(at)))
    for n in range(2):
        statement, values = prepare(("calendar", asked), build, dues + n * HOUR, None)
        run(statement, values)
    assert values == {}
    assert len(times) >= 4


def test_a_day_of_the_week_is_no_constant(dues):
    build, _times = built(lambda at, _ids: select(Due.key).where(extract("dow", Due.at) == at.weekday()))
    assert prepare("weekday", build, dues, None)[1] == {}
    found = prepare("weekday", build, dues + timedelta(days=1), None)[0]
    assert (dues + timedelta(days=1)).weekday() in found.compile(session.get_bind()).params.values()
