"""The landlord's evening: a tile for every unit, “same as yesterday”, and not known as a state of its own."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Forbidden, Invalid, NotFound
from rental_mgmt.core.touch import Kind, Touch
from rental_mgmt.stays import nights, service
from rental_mgmt.stays.models import NightMark, NightState
from rental_mgmt.stays.nights import Tile, mark_night, mark_tonight, same_as_yesterday, tiles, tonight
from rental_mgmt.units.models import Unit, UnitStatus
from tests.support import people

WEDNESDAY = date(2026, 6, 10)
EMPTY, OCCUPIED = NightState.EMPTY, NightState.OCCUPIED


def at(hour: int, minute: int = 0, day: int = 10) -> datetime:
    return datetime(2026, 6, day, hour, minute, tzinfo=clock.LOCAL)


@pytest.fixture
def evening(flat):
    """It is eight in the evening."""
    clock.freeze(at(20))
    return flat


def tile(flat, night: date | None = None):
    session.rollback()
    [found] = tiles(flat.owner.actor, night or tonight())
    return found


def mark(flat, state, night=None, unit=None):
    with unit_of_work():
        mark_night(flat.owner.actor, unit or flat.unit, night or tonight(), state)


def check_out(flat, stay):
    with unit_of_work():
        service.check_out(flat.owner.actor, service.get_stay(flat.owner.actor, stay.uid))


# --- which night --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "night"),
    [
        (at(12), 10),
        (at(23, 59), 10),
        (at(0, 0, 11), 10),
        (at(11, 59, 11), 10),
        (at(12, 0, 11), 11),
    ],
)
def test_until_noon_it_is_still_last_night(house, now, night):
    clock.freeze(now)
    assert tonight() == date(2026, 6, night)


# --- tiles --------------------------------------------------------------------------------------------------


def test_a_unit_nobody_spoke_of_is_not_known_and_never_empty(evening):
    assert tile(evening).tile is Tile.NOT_KNOWN


def test_what_the_landlord_said_is_known_for_that_night_only(evening):
    mark(evening, EMPTY)
    assert tile(evening).tile is Tile.EMPTY
    mark(evening, OCCUPIED)
    assert tile(evening).tile is Tile.UNREGISTERED
    assert tile(evening, WEDNESDAY - timedelta(days=1)).tile is Tile.NOT_KNOWN
    clock.freeze(at(20, day=11))
    assert tile(evening).tile is Tile.NOT_KNOWN


def test_a_planned_stay_is_unregistered_until_its_guests_are(evening):
    stay = evening.stay(evening.owner, evening.unit, planned_guests=2)
    mark(evening, EMPTY)
    assert tile(evening).tile is Tile.UNREGISTERED, "a plan speaks against “empty”"
    evening.guest(evening.owner, stay)
    night = tile(evening)
    assert (night.tile, night.registered, night.planned) == (Tile.INCOMPLETE, 1, 2)
    evening.guest(evening.owner, stay)
    night = tile(evening)
    assert (night.tile, night.registered, night.stay.uid) == (Tile.REGISTERED, 2, stay.uid)


def test_a_minor_without_a_guardian_is_incomplete(evening):
    stay = evening.stay(evening.owner, evening.unit)
    evening.guest(evening.owner, stay, people.person(3, age=9))
    assert tile(evening).tile is Tile.INCOMPLETE


def test_an_overdue_stay_is_still_there(evening):
    evening.guest(evening.owner, evening.stay(evening.owner, evening.unit, nights=1))
    clock.freeze(at(20, day=15))
    assert tile(evening).tile is Tile.REGISTERED


def test_who_leaves_after_noon_does_not_stay_tonight(flat):
    clock.freeze(at(20, day=9))
    stay = flat.stay(flat.owner, flat.unit)
    flat.guest(flat.owner, stay)
    clock.freeze(at(12, 30))
    check_out(flat, stay)
    assert tile(flat).tile is Tile.NOT_KNOWN
    assert tile(flat, WEDNESDAY - timedelta(days=1)).tile is Tile.REGISTERED


def test_who_leaves_in_the_morning_was_there_last_night(flat):
    clock.freeze(at(20, day=9))
    stay = flat.stay(flat.owner, flat.unit)
    flat.guest(flat.owner, stay)
    clock.freeze(at(8, 30))
    check_out(flat, stay)
    assert tonight() == WEDNESDAY - timedelta(days=1)
    assert tile(flat).tile is Tile.REGISTERED


def test_who_left_in_the_evening_is_not_there_tonight(evening):
    stay = evening.stay(evening.owner, evening.unit)
    evening.guest(evening.owner, stay)
    clock.freeze(at(22))
    check_out(evening, stay)
    assert tile(evening).tile is Tile.NOT_KNOWN


def test_a_stay_whose_guests_have_all_left_is_nobody_there(evening):
    stay = evening.stay(evening.owner, evening.unit, nights=3)
    guest = evening.guest(evening.owner, stay)
    clock.freeze(at(21))
    with unit_of_work():
        service.guest_left(evening.owner.actor, session.merge(guest))
    assert tile(evening).tile is Tile.NOT_KNOWN


def test_tomorrows_early_arrival_is_not_tonight(evening):
    evening.stay(evening.owner, evening.unit, begins=at(10, day=11))
    assert tile(evening).tile is Tile.NOT_KNOWN
    clock.freeze(at(10, 30, day=11))
    assert tile(evening).tile is Tile.UNREGISTERED, "it has begun, though the night goes on until noon"


def test_an_arrival_after_midnight_is_tonight(evening):
    evening.stay(evening.owner, evening.unit, begins=at(1, 30, day=11))
    assert tile(evening).tile is Tile.UNREGISTERED


def test_units_that_are_nobodys_have_no_tile(evening):
    with unit_of_work():
        session.get(Unit, evening.unit.id).status = UnitStatus.CLOSED
    assert tiles(evening.owner.actor, tonight()) == []
    assert tiles(evening.landlord().actor, tonight()) == []


def test_any_number_of_units_takes_four_statements(evening, count_queries):
    for n in range(3):
        unit = evening.flat(evening.owner.target, evening.tower)
        evening.guest(evening.owner, evening.stay(evening.owner, unit), people.person(30 + n))
    session.remove()
    with count_queries() as seen:
        found = tiles(evening.owner.actor, tonight())
    assert len(found) == 4
    assert len(seen) == 4


# --- saying it ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [-7, 0, 1])
def test_near_nights_are_spoken_of(evening, days):
    mark(evening, EMPTY, tonight() + timedelta(days=days))


@pytest.mark.parametrize("days", [-8, 2])
def test_other_nights_are_not(evening, days):
    with pytest.raises(Invalid) as refused:
        mark(evening, EMPTY, tonight() + timedelta(days=days))
    assert set(refused.value.errors) == {"night_on"}


def test_what_was_said_is_kept_recorded_and_looked_at_by_the_rules(evening):
    mark(evening, EMPTY)
    mark(evening, OCCUPIED)
    [kept] = session.scalars(select(NightMark))
    assert (kept.state, kept.said_by_id, kept.night_on) == (OCCUPIED, evening.owner.user.id, WEDNESDAY)
    said = [entry.details for entry in session.scalars(select(AuditEntry)) if entry.action == "night.mark"]
    assert [("empty" in details, "occupied" in details) for details in said] == [(True, False), (False, True)]
    touched = select(func.count()).where(Touch.kind == Kind.UNIT, Touch.key == evening.unit.id)
    assert session.scalar(touched) >= 2


def test_the_whole_evening_is_said_at_once_or_not_at_all(evening):
    second, strange = (
        evening.flat(evening.owner.target, evening.tower),
        evening.flat(evening.landlord().target, evening.tower),
    )
    with unit_of_work():
        said = {evening.unit.uid: EMPTY, second.uid: OCCUPIED}
        assert mark_tonight(evening.owner.actor, said) == 2
    with pytest.raises(NotFound), unit_of_work():
        mark_tonight(evening.owner.actor, {evening.unit.uid: OCCUPIED, strange.uid: EMPTY})
    session.rollback()
    marks = dict(session.execute(select(NightMark.unit_id, NightMark.state)).all())
    assert marks == {evening.unit.id: EMPTY, second.id: OCCUPIED}


def test_a_page_that_comes_back_after_noon_speaks_of_the_night_it_showed(evening):
    clock.freeze(at(12, 1, day=11))
    with unit_of_work():
        mark_tonight(evening.owner.actor, {evening.unit.uid: EMPTY}, WEDNESDAY)
    assert session.scalars(select(NightMark.night_on)).all() == [WEDNESDAY]


def test_same_as_yesterday_carries_over_what_was_empty_and_is_not_known(evening):
    second, third, fourth = (evening.flat(evening.owner.target, evening.tower) for _ in range(3))
    yesterday = tonight() - timedelta(days=1)
    for unit in (evening.unit, second, third):
        mark(evening, EMPTY, yesterday, unit)
    mark(evening, OCCUPIED, unit=second)
    evening.guest(evening.owner, evening.stay(evening.owner, third))
    with unit_of_work():
        assert same_as_yesterday(evening.owner.actor, tonight()) == 1
    session.rollback()
    now = {night.unit.id: night.tile for night in tiles(evening.owner.actor, tonight())}
    assert now == {
        evening.unit.id: Tile.EMPTY,
        second.id: Tile.UNREGISTERED,
        third.id: Tile.REGISTERED,
        fourth.id: Tile.NOT_KNOWN,
    }


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.LANDLORD, Role.HELPER)])
def test_nobody_else_speaks_of_a_night(evening, role):
    somebody = evening.user(role).actor
    for operation in (
        lambda: mark_night(somebody, evening.unit, tonight(), EMPTY),
        lambda: mark_tonight(somebody, {evening.unit.uid: EMPTY}),
        lambda: same_as_yesterday(somebody, tonight()),
    ):
        with pytest.raises(Forbidden):
            operation()


def test_every_tile_and_night_has_its_word():
    assert all(str(word.label) for word in Tile)
    assert nights.NOON > nights.MORNING
