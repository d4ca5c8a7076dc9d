"""Who saw a guest: look-ups, reveals, files; and nobody else."""

import os
import time
from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, String, case, cast, insert, literal, select

from rental_mgmt.accounts.masking import Field
from rental_mgmt.audit.models import AuditChain, AuditEntry, Keep
from rental_mgmt.audit.service import microseconds
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import new_uid, session, unit_of_work
from rental_mgmt.core.errors import Forbidden, NotFound
from rental_mgmt.core.seal import Retention, Where, seal
from rental_mgmt.exports import answers, building, lookups, seen
from rental_mgmt.exports.models import Export, ExportMembers

from ..support import people
from ..support.forms import fill_in
from ..support.world_people import add
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
    assert session.scalars(select(AuditEntry.action)).all()[-1] == "guest.who_saw"


def test_a_guest_who_is_not_there_is_not_found(room):
    with pytest.raises(NotFound):
        seen.who_saw(room.auditor.actor, new_uid())


def test_the_members_of_an_export_are_sealed(room):
    built(room)
    (part,) = session.scalars(select(ExportMembers)).all()
    assert room.guest.uid.bytes not in part.members_sealed
    assert part.first_uid <= room.guest.uid <= part.last_uid


# --- P20: answered within ten seconds -----------------------------------------------------------------------

ENTRIES, EXPORTS, PARTS, MEMBERS = 300_000, 60, 8, 5_000


def many_entries(room) -> None:
    """Half a year of accesses to other guests, and now and then to this one, written by the database itself."""
    chain = add(AuditChain(scope="place:crowd", keep=Keep.ACCESS, length=ENTRIES, head=b"", head_mac=b""))
    n = select(literal(1, BigInteger).label("n")).cte("numbers", recursive=True)
    n = n.union_all(select(n.c.n + 1).where(n.c.n < ENTRIES))
    step = 170 * 86_400_000_000 // ENTRIES
    whose = case(
        (n.c.n % 1_000 == 0, f"guest:{room.guest.uid}"), else_=literal("guest:").concat(cast(n.c.n, String))
    )
    texts = [literal(word) for word in (Role.LANDLORD.value, "guest.see_clear")]
    rows = select(
        *(
            literal(chain.id),
            n.c.n,
            literal(microseconds(clock.now()), BigInteger) - n.c.n * literal(step, BigInteger),
            *texts,
            whose,
            literal("{}"),
        ),
        literal(b"seal"),
    )
    names = ("chain_id", "number", "at_us", "actor_role", "action", "subject", "details", "seal")
    with unit_of_work():
        session.execute(insert(AuditEntry.__table__).from_select(names, rows))


def many_exports(room) -> None:
    """Exports of the whole city, each part of which may hold the guest, and one in each does."""
    export = built(room)
    same = {c.name: getattr(export, c.name) for c in Export.__table__.columns if c.name not in ("id", "uid")}
    same |= {"download_begun_at": clock.now() - timedelta(days=90), "downloaded_at": None}
    with unit_of_work():
        made = [add_to_session(Export(**same)) for _n in range(EXPORTS)]
        session.flush()
        for number in range(EXPORTS * PARTS):
            session.add(part_of(made[number % EXPORTS], number // EXPORTS, room.guest.uid))


def add_to_session(row):
    session.add(row)
    return row


def part_of(export: Export, number: int, guest) -> ExportMembers:
    members = os.urandom(16 * MEMBERS) + (guest.bytes if number == PARTS - 1 else b"")
    part = ExportMembers(
        export_id=export.id, number=number, first_uid=UUID(int=0), last_uid=UUID(int=2**128 - 1)
    )
    where = Where("export_members", "members_sealed", part.uid)
    part.members_sealed = seal(members, where, Retention.CASE)
    return part


def test_who_saw_somebody_in_half_a_year_is_answered_within_ten_seconds(room):
    """P20: 300,000 accesses, 2.4 million memberships of 480 sealed parts, every one of which is opened."""
    many_entries(room)
    many_exports(room)
    begun = time.monotonic()
    found = who(room, room.guest)
    seconds = time.monotonic() - begun
    assert Counter(one.what for one in found) == {"guest.see_clear": ENTRIES // 1_000, "export.full": EXPORTS}
    assert seconds <= 10, seconds


def test_the_auditor_answers_somebody_who_asks_who_saw_them(room, app, world):
    lookup = looked_up(room)
    client = world.sign_in(app.test_client(), room.auditor)
    page = fill_in(client, "/who-saw", {"number": room.adult.id_number})
    assert page.status_code == 200, page.text
    for words in (room.liaison.name, lookup.receipt, "精确查询，看到姓名", "1 次登记，被看过 1 次"):
        assert words in page.text
    assert room.adult.name not in page.text, "the auditor learns who looked, not at what"
    nobody = fill_in(client, "/who-saw", {"number": people.person(40).id_number})
    assert "没有这个证件的登记" in nobody.text
    session.rollback()
    said = session.scalars(select(AuditEntry.action).where(AuditEntry.actor_role == "auditor")).all()
    assert {"guest.who_saw", "person.who_saw"} <= set(said)
    for somebody in (room.liaison, room.lead, room.landlord):
        assert world.sign_in(app.test_client(), somebody).get("/who-saw").status_code == 403
