"""Who saw a guest: look-ups, reveals, files; and nobody else."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from rental_mgmt.accounts.masking import Field
from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock
from rental_mgmt.core.db import new_uid, unit_of_work
from rental_mgmt.core.errors import Forbidden, NotFound
from rental_mgmt.exports import answers, building, lookups, seen
from rental_mgmt.exports.models import ExportMembers

from .conftest import REASON, built, by_number
from .test_building import many
from .test_download import begin, taken


def who(room, guest, **more):
    with unit_of_work():
        return seen.who_saw(room.auditor.actor, guest.uid, **more)


def looked_up(room) -> lookups.Lookup:
    with unit_of_work():
        lookup = lookups.look_up(room.liaison.actor, by_number(room.adult), REASON)
    with unit_of_work(read_only=True):
        answers.get_answer(room.liaison.actor, lookup.uid)
    return lookup


def test_a_guest_nobody_asked_for_was_seen_by_nobody(room):
    looked_up(room)
    assert who(room, room.child) == []


def test_a_look_up_and_a_reveal_are_seen(room):
    lookup = looked_up(room)
    with unit_of_work():
        answers.reveal(room.liaison.actor, lookup.uid, room.guest.uid, Field.NUMBER)
    found = who(room, room.guest)
    assert [one.what for one in found] == ["guest.look_up", "guest.reveal"]
    assert {one.user for one in found} == {room.liaison.user.uid}
    assert all(lookup.receipt in one.details for one in found)


def test_a_file_is_seen_once_it_was_fetched(room):
    export = built(room)
    assert who(room, room.guest) == []
    begin(room.liaison, export)
    taken(room.liaison, export)
    (one,) = who(room, room.guest)
    assert (one.what, one.details, one.user) == (
        "export.full",
        f"export:{export.uid}",
        room.liaison.user.uid,
    )
    assert [one.what for one in who(room, room.child)] == ["export.full"]


def test_only_the_parts_that_can_hold_the_guest_are_opened(room, monkeypatch):
    monkeypatch.setattr(building, "MEMBERS_A_PART", 1_000)
    many(room, 4_000)
    export = built(room)
    begin(room.liaison, export)
    opened = []
    unseal = seen.unseal_bytes
    monkeypatch.setattr(seen, "unseal_bytes", lambda blob, where: opened.append(where) or unseal(blob, where))
    assert len(who(room, room.guest)) == 1
    assert 1 <= len(opened) < 4


def test_members_are_found_at_whole_places_only():
    one, other = new_uid(), new_uid()
    blob = one.bytes + other.bytes
    assert seen.holds(blob, one)
    assert seen.holds(blob, other)
    assert not seen.holds(blob[8:] + blob[:8], one)


def test_what_is_older_than_asked_for_is_not_told(room):
    looked_up(room)
    assert len(who(room, room.guest, since=clock.now() - timedelta(minutes=1))) == 1
    assert who(room, room.guest, since=clock.now() + timedelta(minutes=1)) == []


@pytest.mark.parametrize("somebody", ["liaison", "lead", "landlord", "officer"])
def test_only_the_auditor_asks_and_the_asking_is_recorded(room, somebody):
    with pytest.raises(Forbidden):
        seen.who_saw(getattr(room, somebody).actor, room.guest.uid)
    who(room, room.guest)
    from rental_mgmt.core.db import session

    assert session.scalars(select(AuditEntry.action)).all()[-1] == "guest.who_saw"


def test_a_guest_who_is_not_there_is_not_found(room):
    with pytest.raises(NotFound):
        seen.who_saw(room.auditor.actor, new_uid())


def test_the_members_of_an_export_are_sealed(room):
    built(room)
    from rental_mgmt.core.db import session

    (part,) = session.scalars(select(ExportMembers)).all()
    assert room.guest.uid.bytes not in part.members_sealed
    assert part.first_uid <= room.guest.uid <= part.last_uid
