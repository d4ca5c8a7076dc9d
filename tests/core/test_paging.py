"""Pages by key: put together they are the list, whatever order, size and values; forged marks are refused."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import MetaData, delete, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from rental_mgmt.core import db
from rental_mgmt.core.db import Words, session, unit_of_work
from rental_mgmt.core.errors import Invalid
from rental_mgmt.core.paging import page_of

BEGIN = datetime(2026, 6, 10, 4, tzinfo=UTC)


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Base(DeclarativeBase):
    metadata = MetaData()
    type_annotation_map = db.Model.type_annotation_map


class Thing(Base):
    """Something to list, in a table of this test's own."""

    __tablename__ = "paged_thing"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    on: Mapped[date]
    word: Mapped[str]
    is_open: Mapped[bool]
    colour: Mapped[Colour] = mapped_column(Words(Colour))


COLUMNS = (Thing.at, Thing.on, Thing.word, Thing.is_open, Thing.colour)
things = st.lists(
    st.builds(
        lambda minutes, days, word, is_open, colour: {
            "at": BEGIN + timedelta(minutes=minutes, microseconds=minutes),
            "on": BEGIN.date() + timedelta(days=days),
            "word": word,
            "is_open": is_open,
            "colour": colour,
        },
        st.integers(0, 3),
        st.integers(0, 2),
        st.sampled_from(["", "a", "b", "ä", "张三", "𠮷", "%_", "'"]),
        st.booleans(),
        st.sampled_from(Colour),
    ),
    max_size=12,
)
orders = st.lists(st.tuples(st.sampled_from(COLUMNS), st.booleans()), max_size=3, unique_by=lambda o: o[0].key)


@pytest.fixture
def table(house):
    Base.metadata.create_all(db.engine())
    yield
    session.rollback()
    Base.metadata.drop_all(db.engine())


def all_pages(keys, size, scalars=True) -> list:
    query = select(Thing) if scalars else select(Thing.id, *COLUMNS)
    found, cursor = [], None
    while True:
        page = page_of(query, keys, cursor, size, scalars)
        found += [item.id for item in page.items]
        assert len(page.items) <= size
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.usefixtures("table")
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=things, order=orders, size=st.integers(1, 5), last=st.booleans(), scalars=st.booleans())
def test_the_pages_of_any_list_are_the_list(rows, order, size, last, scalars):
    keys = [column.desc() if down else column for column, down in order] + [
        Thing.id.desc() if last else Thing.id
    ]
    with unit_of_work():
        session.execute(delete(Thing))
        if rows:
            session.execute(insert(Thing), [row | {"id": n} for n, row in enumerate(rows)])
    with unit_of_work(read_only=True):
        assert all_pages(keys, size, scalars) == list(session.scalars(select(Thing.id).order_by(*keys)))


def mark(*values) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


FORGED = [
    *("x", "=", "A" * 900, "bnVsbA", "%00", "ä"),
    mark(),
    mark(1, 2, 3),
    mark("2026-06-10T12:00:00+08:00", True, "a"),
    mark("0001-01-01T00:00:00+14:00", True, "a", 1),
    mark("2026-06-10T12:00:00+08:00", 1, "a", 1),
    mark("2026-06-10T12:00:00+08:00", True, "\ud800", 1),
    mark("2026-06-10T12:00:00+08:00", True, "a\0b", 1),
    mark("2026-06-10T12:00:00+08:00", True, 5, 1),
    mark("2026-06-10T12:00:00+08:00", True, "a", 2**70),
    mark("2026-06-10T12:00:00+08:00", True, "a", True),
    base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    base64.urlsafe_b64encode(b'["2026-06-10T12:00:00+08:00",true,"a",NaN]').decode(),
]


@pytest.mark.usefixtures("table")
@pytest.mark.parametrize("cursor", FORGED)
def test_a_forged_mark_is_an_error_that_names_the_field(cursor):
    with pytest.raises(Invalid) as refused:
        page_of(select(Thing), (Thing.at, Thing.is_open, Thing.word, Thing.id), cursor)
    assert set(refused.value.errors) == {"cursor"}
