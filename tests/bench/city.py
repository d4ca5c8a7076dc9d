"""A city laid out row by row, quickly: homes, and behind them as much history as is asked for.

The present is the same at any size: every home has had a stay of two days every six; older history lies
further back. People come again, so that they have a history too. Papers and ages are as rules know them;
whatever is sealed is a few bytes.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from rental_mgmt.core import clock
from rental_mgmt.core.db import engine, on_postgresql, session, unit_of_work

STAYS_EACH = timedelta(days=6)
PEOPLE_EACH = 20
LASTS = timedelta(days=2)
EVENT_EACH = timedelta(hours=9)
LONG_AGO = timedelta(days=4000)
SEALED = b"sealed"
# Five hundred homes make a compound of one building, ten compounds a community.
HOMES, COMPOUNDS = 500, 10
# The ids of places begin here; there is one street.
STREET, COMMUNITY, COMPOUND, BUILDING, DOOR = 1, 10, 100, 1_000, 10_000


class City:
    """So many homes in one street; `add_history` lays more and more behind them."""

    def __init__(self, units: int, seed: int = 4):
        self.units, self.chance = units, Random(seed)
        self.stays = self.guests = self.events = 0
        with unit_of_work():
            pour("place", _places(units))
            pour("police_station", [{"id": 1, "uid": _uid(1), "name": "派出所", "code": "510104000000"}])
            pour("grid", map(_grid, range(1 + _compound(units))))
            pour("party", ({"id": n, "uid": _uid(n), **_party()} for n in range(1, units + 1)))
            pour("unit", ({"id": n, **_unit(n)} for n in range(1, units + 1)))
            pour("person", map(_person, range(1, units * PEOPLE_EACH + 1)))
            pour("device_source", [_source()])
            pour("device_delivery", [_delivery()])
            pour("device", ({"id": n, **_device(n)} for n in range(1, units + 1)))

    def add_history(self, stays: int, events: int) -> None:
        """Lay history until there are so many stays and lock events."""
        with unit_of_work():
            numbers = range(self.stays + 1, stays + 1)
            pour("stay", (self._stay(n) for n in numbers))
            self.chance.seed(f"guests {self.stays}")
            pour("guest", (guest for n in numbers for guest in self._guests(n)))
            pour("lock_event", (self._event(n) for n in range(self.events, events)))
        self.stays, self.events = stays, events
        analyse()

    def _begins(self, number: int) -> datetime:
        apart = STAYS_EACH * (number // self.units)
        return now() - apart - timedelta(minutes=Random(number).randint(0, 8_000))

    def _stay(self, number: int) -> dict:
        begins = self._begins(number)
        ends = begins + LASTS
        return {
            "id": number,
            "uid": _uid(number),
            "unit_id": 1 + number % self.units,
            "checks_in_at": begins,
            "checks_out_at": ends,
            "ended_at": ends if ends < now() else None,
            "recorded_at": begins - timedelta(hours=1),
            "version": 1,
        }

    def _guests(self, stay: int) -> Iterator[dict]:
        people = self.chance.sample(range(1, self.units * PEOPLE_EACH + 1), self.chance.choice((1, 2)))
        for person in people:
            self.guests += 1
            yield {
                "id": self.guests,
                "uid": _uid(self.guests),
                "stay_id": stay,
                "unit_id": 1 + stay % self.units,
                "person_id": person,
                **_paper(self.chance),
                "arrived_at": self._begins(stay),
                "arrived_on": self._begins(stay).date(),
                "recorded_at": self._begins(stay),
            }

    def _event(self, number: int) -> dict:
        at = now() - EVENT_EACH * (number // self.units) - timedelta(minutes=self.chance.randint(0, 500))
        home = 1 + number % self.units
        return {
            "source_id": 1,
            "vendor_event_id": f"e-{number}",
            "device_id": home,
            "unit_id": home,
            "delivery_id": 1,
            "action": "unlock",
            "key_purpose": "unknown" if self.chance.random() < 0.05 else "cleaner",
            "occurred_at": at,
            "occurred_on": at.date(),
            "occurred_minute": 600,
            "recorded_at": at,
        }


def now() -> datetime:
    return clock.now().astimezone(UTC).replace(tzinfo=None)


def _uid(number: int) -> UUID:
    return UUID(int=number)


def _compound(unit: int) -> int:
    """In which compound a home lies, counted from 0."""
    return (unit - 1) // HOMES


def where_is(unit: int) -> dict:
    """Where a home lies, as units and alerts say it."""
    compound = _compound(unit)
    above = (STREET, COMMUNITY + compound // COMPOUNDS, COMPOUND + compound, BUILDING + compound, DOOR + unit)
    path = "/" + "".join(f"{place}/" for place in above)
    return {"community_id": above[1], "path": path, "grid_id": 1 + compound, "station_id": 1, "party_id": unit}


def _places(units: int) -> Iterator[dict]:
    compounds = range(1 + _compound(units))
    yield _place(STREET, "street", "/", None)
    street = f"/{STREET}/"
    for n in range(1 + compounds[-1] // COMPOUNDS):
        yield _place(COMMUNITY + n, "community", street, STREET)
    for n in compounds:
        community = COMMUNITY + n // COMPOUNDS
        yield _place(COMPOUND + n, "compound", f"{street}{community}/", community)
        yield _place(BUILDING + n, "building", f"{street}{community}/{COMPOUND + n}/", COMPOUND + n)
    for n in range(1, units + 1):
        yield _place(
            DOOR + n, "door", where_is(n)["path"].removesuffix(f"{DOOR + n}/"), BUILDING + _compound(n)
        )


def _place(number: int, kind: str, above: str, parent: int | None) -> dict:
    named = {"uid": _uid(number), "code": str(number), "name": str(number), "rank": 0}
    return {"id": number, "kind": kind, "parent_id": parent, "path": f"{above}{number}/", **named}


def _grid(compound: int) -> dict:
    path = f"/{STREET}/{COMMUNITY + compound // COMPOUNDS}/{COMPOUND + compound}/"
    about = {"kind": "ordinary", "name": "网格", "compound_id": COMPOUND + compound, "path": path}
    return {"id": 1 + compound, "uid": _uid(1 + compound), **about}


def _person(number: int) -> dict:
    return {"id": number, "fp": number.to_bytes(16, "big"), "created_at": now()}


def _party() -> dict:
    return {"kind": "person", "name_sealed": SEALED, "created_at": now()}


def _unit(number: int) -> dict:
    since = now() - LONG_AGO
    return {
        "uid": _uid(number),
        "status": "active",
        "door_id": DOOR + number,
        "building_id": BUILDING + _compound(number),
        "compound_id": COMPOUND + _compound(number),
        **where_is(number),
        "name": str(number),
        "area": 60.0,
        "bedrooms": 2,
        "beds": 2,
        "declared_capacity": 4,
        "capacity": 4,
        "legal_regime": "undecided",
        "house_rules": "",
        "neighbour_consent": "unknown",
        "created_at": since,
        "claimed_at": since,
        "version": 1,
    }


def _source() -> dict:
    return {
        "id": 1,
        "uid": _uid(1),
        "name": "锁",
        "community_id": COMMUNITY,
        "secret_sealed": SEALED,
        "created_at": now(),
    }


def _delivery() -> dict:
    return {"id": 1, "source_id": 1, "received_at": now(), "sha256": SEALED, "body": SEALED, "events": 0}


def _device(number: int) -> dict:
    spoke = {"installed_at": now() - LONG_AGO, "last_event_at": now()}
    return {"uid": _uid(number), "source_id": 1, "serial": str(number), "unit_id": number, **spoke}


def _paper(chance: Random) -> dict:
    is_overseas = chance.random() < 0.02
    return {
        "document_kind": "passport" if is_overseas else "resident_id",
        "document_state": "expired" if chance.random() < 0.005 else "ok",
        "nationality": "DEU" if is_overseas else "CHN",
        "sex": "unknown",
        "age_at_check_in": chance.choice((9, 15)) if chance.random() < 0.01 else chance.randint(18, 70),
        **dict.fromkeys(("relation_given", "guardian_contact_given", "is_over_capacity", "legal_hold"), False),
        "is_overseas": is_overseas,
        "missing": "[]",
        "name_sealed": SEALED,
        "retention": "guest",
        "version": 1,
    }


# --- pouring ------------------------------------------------------------------------------------------------


def pour(table: str, rows: Iterable[dict]) -> None:
    """Rows into a table as fast as the driver can: COPY on PostgreSQL, many at once on SQLite."""
    rows = iter(rows)
    first = next(rows, None)
    if first is None:
        return
    columns, raw = list(first), session.connection().connection.driver_connection
    if on_postgresql():
        with raw.cursor().copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
            copy.write_row(tuple(first.values()))
            for row in rows:
                copy.write_row([row[name] for name in columns])
    else:
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"
        raw.executemany(statement, (_plain(row, columns) for row in _again(first, rows)))


def _again(first: dict, rows: Iterator[dict]) -> Iterator[dict]:
    yield first
    yield from rows


def _plain(row: dict, columns: list[str]) -> list:
    """As SQLite keeps them: moments with six digits, uids in hex."""
    values = [row[name] for name in columns]
    return [
        value.strftime("%Y-%m-%d %H:%M:%S.%f")
        if isinstance(value, datetime)
        else value.hex
        if isinstance(value, UUID)
        else value
        for value in values
    ]


def analyse() -> None:
    """As the database does by itself once it has had a quiet minute."""
    session.remove()
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE" if on_postgresql() else "ANALYZE")
