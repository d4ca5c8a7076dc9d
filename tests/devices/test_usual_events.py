"""What is read without the schema is read as the schema would; ids of any letters are stored as they came."""

from itertools import product

import pytest
from marshmallow import ValidationError
from sqlalchemy import select

from rental_mgmt.core.db import session
from rental_mgmt.devices.models import LockEvent
from rental_mgmt.devices.vendors.generic import _SCHEMA, Event, _plain_event

from .test_intake import event, lock, send  # noqa: F401 - the fixture of the flat with a lock

USUAL = {"id": "e1", "device": "SN-1", "action": "unlock", "at": "2026-06-10T12:00:00+08:00"}
UID = "01890a5d-ac96-774b-bcce-b302099a8057"
VALUES = {
    "id": ["e1", "", " e1", "e 1", "é", "x" * 100, "x" * 101, 7, None],
    "device": ["SN-1", "锁-1", []],
    "action": ["unlock", "tamper", "heartbeat", "UNLOCK", None, {}],
    "at": [
        *(
            "2026-06-10T12:00:00Z",
            "2026-06-10T12:00:00.123456+08:00",
            "2026-06-10T12:00+08:00",
            "20260610T120000Z",
        ),
        *("2026-06-10T12:00:00", "2026-13-10T12:00:00Z", "2026-06-10T25:00:00Z", 1781064000, None),
    ],
    "key_purpose": ["guest", "cleaner", "unknown", "butler", None],
    "key": ["7", "", "k" * 101, None, 7],
    "stay": [UID, UID.upper(), "1", None, 7],
}


def by_schema(said) -> Event | None:
    try:
        return Event(**_SCHEMA.load([said])[0])
    except ValidationError:
        return None


def test_the_short_way_agrees_with_the_schema_wherever_it_is_taken():
    taken = 0
    for name, value in [(name, value) for name, values in VALUES.items() for value in values]:
        for other, its in product(VALUES, range(2)):
            said = USUAL | {other: VALUES[other][its % len(VALUES[other])]} | {name: value}
            short = _plain_event(said)
            assert short is None or short == by_schema(said), said
            taken += short is not None
    assert taken > 100
    assert _plain_event(USUAL | {"colour": "red"}) is None
    assert _plain_event(["e1"]) is None


IDS = ['"', "\\", "{", "}", ",", "NULL", "锁 1", "𠮷", "a'b", "%s", ":x"]


@pytest.mark.parametrize("at_once", [True, False])
def test_ids_of_any_letters_are_stored_as_they_came(client, lock, at_once):  # noqa: F811
    events = [event(n, id=word, key=word) for n, word in enumerate(IDS)]
    for some in [events] if at_once else [[one] for one in events]:
        assert send(client, lock, some).status_code == 202
    assert set(session.scalars(select(LockEvent.vendor_event_id))) == set(IDS)
    stored = session.scalars(select(LockEvent).where(LockEvent.vendor_event_id == "NULL")).one()
    assert stored.key_ref is not None
    assert stored.unit_id == lock.unit.id
    assert stored.recorded_at >= stored.occurred_at
