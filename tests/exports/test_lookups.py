"""The exact look-up: whole numbers only, a receipt always, a minor only after a second person."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from rental_mgmt.accounts.masking import Field
from rental_mgmt.audit import anchor
from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock, keys
from rental_mgmt.core.access import POLICE_ROLES, Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Forbidden, Invalid, NotFound, StepUpNeeded, TooMany, Unavailable
from rental_mgmt.exports import answers, lookups, seconds, tallies
from rental_mgmt.exports.models import Lookup, LookupKind, LookupStatus
from rental_mgmt.exports.schemas import LookupIn
from rental_mgmt.notices.models import Notice
from rental_mgmt.places.models import Place
from rental_mgmt.stays.document_kinds import DocumentKind, OtherDocument
from rental_mgmt.units.models import Unit

from ..support import people
from .conftest import REASON, URGENT, by_number, by_passport, by_unit

DAY = timedelta(days=1)


def ask(somebody, asked, reason=REASON) -> Lookup:
    with unit_of_work():
        return lookups.look_up(somebody.actor, asked, reason)


def answer(somebody, lookup):
    with unit_of_work(read_only=True):
        return answers.get_answer(somebody.actor, lookup.uid)


def entries(action) -> list[AuditEntry]:
    session.rollback()
    return session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()


# --- by document --------------------------------------------------------------------------------------------


def test_a_whole_number_finds_the_guest_with_name_and_masked_rest(room):
    lookup = ask(room.liaison, by_number(room.adult))
    (found,) = answer(room.liaison, lookup)
    assert (lookup.found, lookup.status) == (1, LookupStatus.ANSWERED)
    assert (found.name, found.unit) == (room.adult.name, room.unit.name)
    assert found.number == room.adult.id_number[:3] + "*" * 11 + room.adult.id_number[-4:]
    assert found.phone is None


@pytest.mark.parametrize("typed", [" {0} ", "\u200e{0}", "{1}-{2}", "{1} {2}"])
def test_a_number_is_found_however_it_was_typed(room, typed):
    number = room.adult.id_number.lower()
    asked = lookups.Asked(LookupKind.NUMBER, number=typed.format(number, number[:6], number[6:]))
    assert ask(room.liaison, asked).found == 1


@pytest.mark.parametrize("part", [slice(0, 17), slice(6, 14), slice(14, 18)])
def test_a_part_of_a_number_finds_nothing(room, part):
    asked = lookups.Asked(LookupKind.NUMBER, number=room.adult.id_number[part])
    assert ask(room.liaison, asked).found == 0


def test_a_passport_is_found_by_number_and_country_together(world, room):
    traveller = people.passport(5)
    world.guest(
        room.landlord,
        room.stay,
        name=traveller.name,
        document_kind="passport",
        number=traveller.number,
        nationality=traveller.nationality,
        birth_on=traveller.birth_on.isoformat(),
        sex=traveller.sex,
    )
    assert ask(room.liaison, by_passport(traveller)).found == 1
    other = people.passport(5, nationality="USA")
    assert ask(room.liaison, by_passport(other)).found == 0
    unknown = replace(by_passport(traveller), nationality=None)
    assert ask(room.liaison, unknown).found == 1, "of whichever country"


def test_another_paper_is_found_also_when_its_kind_and_country_are_not_known(world, room):
    paper = {"other_document": next(iter(OtherDocument)).value, "issuing_place": "广东", "nationality": "HKG"}
    world.guest(
        room.landlord, room.stay, name="陈家朗", document_kind="other", number="H45644305", sex="male", **paper
    )
    asked = lookups.Asked(LookupKind.NUMBER, number="H45644305", document_kind=DocumentKind.OTHER)
    assert ask(room.liaison, asked).found == 1
    assert ask(room.liaison, replace(asked, nationality="USA")).found == 0


def test_a_resident_number_must_be_whole_and_a_slip_of_the_pen_is_said(room):
    given = {"purpose": "rescue", "case_number": "A1", "kind": "number"}
    number = room.adult.id_number
    for part in (number[:17], number + "1", "1", number[6:14]):
        assert set(LookupIn().validate(given | {"number": part})) == {"number"}
    assert LookupIn().validate(given | {"number": number.lower()}) == {}
    wrong = number[:17] + ("1" if number[17] != "1" else "2")
    slip = ask(room.liaison, lookups.Asked(LookupKind.NUMBER, number=wrong))
    assert f"第 18 位应为 {number[17]}" in lookups.doubt_about(slip)
    assert lookups.doubt_about(ask(room.liaison, by_number(room.adult))) is None


def test_nothing_found_has_a_receipt_of_its_own(room):
    one, other = (
        ask(room.liaison, by_number(people.person(900))),
        ask(room.liaison, by_number(people.person(901))),
    )
    assert (one.found, one.minors, one.status) == (0, 0, LookupStatus.ANSWERED)
    assert one.receipt.startswith("CX20260610-")
    assert one.receipt != other.receipt
    assert answer(room.liaison, one) == []


def test_a_voided_registration_is_found_and_says_so(world, room):
    from rental_mgmt.stays.corrections import get_guest, void_guest

    with unit_of_work():
        void_guest(room.landlord.actor, get_guest(room.landlord.actor, room.guest.uid), "登记错误")
    (found,) = answer(room.liaison, ask(room.liaison, by_number(room.adult)))
    assert found.is_voided


def test_an_erased_identity_is_said_to_be_erased(room):
    keys.destroy("guest-2026-06")
    lookup = ask(room.liaison, by_number(room.adult))
    (found,) = answer(room.liaison, lookup)
    assert (lookup.found, lookup.erased) == (1, 1)
    assert (found.is_erased, found.name, found.number) == (True, None, None)


# --- by unit and day ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["code", "1203", "1栋 1203", "1栋1203", "１栋１２０３"])
def test_a_unit_is_found_by_its_code_or_door(room, words):
    lookup = ask(room.liaison, by_unit(room.unit.code if words == "code" else words))
    assert (lookup.found, lookup.minors, lookup.unit_id) == (2, 1, room.unit.id)


def test_only_who_was_there_on_the_day_is_found(room):
    today = clock.local_day(clock.now())
    assert ask(room.liaison, by_unit("1203", today - DAY)).found == 0
    with pytest.raises(Invalid) as refused:
        ask(room.liaison, by_unit("1203", today + DAY))
    assert set(refused.value.errors) == {"on_day"}


def test_two_doors_of_one_number_are_told_apart(world, room):
    other = world.building("2栋", room.compound)
    world.flat(room.landlord.target, other, "1203")
    with pytest.raises(Invalid) as refused:
        ask(room.liaison, by_unit("1203"))
    assert f"{room.compound.name} 2栋 1203" in refused.value.errors["unit"][0]
    assert ask(room.liaison, by_unit("1栋 1203")).found == 2


@pytest.mark.parametrize(
    "words", ["2栋 11层 1-1102", "2栋11楼1-1102", "2栋 1-1102", "2栋 1单元1102", "2栋1单元 1102"]
)
def test_an_address_is_understood_as_people_write_it(world, room, words):
    flat = world.flat(room.landlord.target, world.building("2栋", room.compound), "1102")
    with unit_of_work():
        session.execute(update(Unit).where(Unit.id == flat.id).values(name="2栋 11层 1-1102"))
        session.execute(update(Place).where(Place.id == flat.door_id).values(name="1-1102"))
    assert ask(room.liaison, by_unit(words)).unit_id == flat.id


def test_a_unit_of_another_station_is_not_there(room):
    with pytest.raises(Invalid) as foreign:
        ask(room.foreign, by_unit(room.unit.code))
    with pytest.raises(Invalid) as missing:
        ask(room.foreign, by_unit("NOWHERE"))
    assert foreign.value.errors == missing.value.errors


# --- scope by date ------------------------------------------------------------------------------------------


def test_another_station_finds_nobody(room):
    assert ask(room.foreign, by_number(room.adult)).found == 0


def test_a_station_that_took_over_later_does_not_see_what_was_before(world, room):
    from rental_mgmt.places.models import StationCompound

    today = world.now
    with unit_of_work():
        old = session.query(StationCompound).filter_by(compound_id=room.compound.id).one()
        old.valid_to = today + DAY
        session.add(
            StationCompound(
                station_id=room.foreign.target.id, compound_id=room.compound.id, valid_from=today + DAY
            )
        )
    clock.freeze(today + 3 * DAY)
    assert ask(room.foreign, by_number(room.adult)).found == 0
    assert ask(room.liaison, by_number(room.adult)).found == 1


# --- minors -------------------------------------------------------------------------------------------------


def test_a_minor_is_only_said_to_be_registered(room):
    lookup = ask(room.liaison, by_number(room.minor))
    (found,) = answer(room.liaison, lookup)
    assert lookup.status is LookupStatus.AWAITS_SECOND
    assert (found.is_minor, found.is_hidden) == (True, True)
    assert {value for value in vars(found).values() if value not in (True, False)} == {None}
    with pytest.raises(NotFound):
        answers.reveal(room.liaison.actor, lookup.uid, room.child.uid, Field.NUMBER)


@pytest.mark.parametrize("who", ["second", "lead"])
def test_after_a_second_person_of_the_room_the_minor_is_shown(room, who):
    lookup = ask(room.liaison, by_number(room.minor))
    second = getattr(room, who)
    with unit_of_work():
        seconds.decide_lookup(second.actor, lookup.uid, True)
    (found,) = answer(room.liaison, lookup)
    assert found.name == room.minor.name
    with pytest.raises(Forbidden):
        answer(second, lookup)


def test_after_a_no_the_minor_stays_hidden(room):
    lookup = ask(room.liaison, by_number(room.minor))
    with unit_of_work():
        seconds.decide_lookup(room.second.actor, lookup.uid, False)
    assert answer(room.liaison, lookup)[0].is_hidden


def test_urgent_shows_the_minor_now_and_hides_it_again_without_a_second_in_a_day(room):
    lookup = ask(room.liaison, by_number(room.minor), URGENT)
    assert answer(room.liaison, lookup)[0].name == room.minor.name
    assert lookup.second_until == lookup.at + DAY
    clock.freeze(lookup.at + DAY - timedelta(minutes=1))
    assert answer(room.liaison, lookup)[0].name == room.minor.name
    with unit_of_work():
        seconds.decide_lookup(room.lead.actor, lookup.uid, True)
    clock.freeze(lookup.at + DAY + timedelta(minutes=1))
    assert answer(room.liaison, lookup)[0].name == room.minor.name
    late = ask(room.liaison, by_number(room.minor), URGENT)
    clock.freeze(late.at + DAY)
    assert not answers.shows_minors(late)


def test_urgent_without_a_minor_needs_nobody(room):
    lookup = ask(room.liaison, by_number(room.adult), URGENT)
    assert (lookup.is_urgent, lookup.status) == (False, LookupStatus.ANSWERED)


WHO_MAY_BE_SECOND = {
    "second": None,
    "lead": None,
    "liaison": Forbidden,
    "foreign": NotFound,
    "foreign_lead": NotFound,
    "officer": Forbidden,
    "manager": Forbidden,
    "worker": Forbidden,
    "landlord": Forbidden,
    "helper": Forbidden,
    "auditor": Forbidden,
}


@pytest.mark.parametrize("who", WHO_MAY_BE_SECOND)
def test_who_may_be_the_second_person(room, who):
    lookup = ask(room.liaison, by_number(room.minor))
    act = lambda: seconds.decide_lookup(getattr(room, who).actor, lookup.uid, True)  # noqa: E731
    if WHO_MAY_BE_SECOND[who] is None:
        with unit_of_work():
            assert act().second_by_id == getattr(room, who).user.id
    else:
        with pytest.raises(WHO_MAY_BE_SECOND[who]):
            act()


def test_the_others_of_the_room_are_told_and_nobody_else(room):
    ask(room.liaison, by_number(room.minor))
    told = set(session.scalars(select(Notice.user_id).where(Notice.kind == "lookup")))
    assert told == {room.second.user.id, room.lead.user.id}


def test_look_ups_are_counted_in_public(room):
    ask(room.liaison, by_number(people.person(900)))
    urgent = [ask(room.liaison, by_number(room.minor), URGENT) for _n in range(2)]
    with unit_of_work():
        seconds.decide_lookup(room.second.actor, urgent[0].uid, True)
    clock.freeze(urgent[1].at + DAY + timedelta(minutes=1))
    (row,) = tallies.public_lookups(tallies.recent_months())
    assert (row.month, row.name) == ("2026-06", room.station.name)
    assert (row.asked, row.in_vain, row.minors, row.urgent, row.in_time, row.overdue) == (3, 1, 2, 2, 1, 1)


# --- recorded, bounded --------------------------------------------------------------------------------------


def test_every_name_in_clear_is_recorded_in_the_guests_chain_without_the_name(room):
    lookup = ask(room.liaison, by_unit("1203"))
    answer(room.liaison, lookup)
    (seen,) = entries("guest.look_up")
    assert (seen.subject, seen.actor_id) == (f"guest:{room.guest.uid}", room.liaison.user.id)
    assert lookup.receipt in seen.details
    with unit_of_work():
        assert (
            answers.reveal(room.liaison.actor, lookup.uid, room.guest.uid, Field.NUMBER) == room.adult.id_number
        )
    said = "".join(entry.details for entry in session.scalars(select(AuditEntry)))
    for secret in (room.adult.name, room.adult.id_number, REASON.case_number):
        assert secret not in said
    (asked,) = entries("lookup.ask")
    assert '"purpose":"criminal_case"' in asked.details


def test_an_answer_is_shown_to_who_asked_for_a_day(room):
    lookup = ask(room.liaison, by_number(room.adult))
    with pytest.raises(Forbidden):
        answer(room.second, lookup)
    with pytest.raises(NotFound):
        answer(room.foreign, lookup)
    clock.freeze(lookup.at + DAY)
    with pytest.raises(Forbidden):
        answer(room.liaison, lookup)


def test_a_guest_who_was_not_found_cannot_be_revealed_through_a_look_up(world, room):
    lookup = ask(room.liaison, by_number(people.person(900)))
    with pytest.raises(NotFound):
        answers.reveal(room.liaison.actor, lookup.uid, room.guest.uid, Field.NUMBER)


def test_nobody_asks_more_often_than_the_days_limit(room, monkeypatch):
    monkeypatch.setattr(lookups, "LOOKUPS_A_DAY", 2)
    for seed in (900, 901):
        ask(room.liaison, by_number(people.person(seed)))
    with pytest.raises(TooMany) as refused:
        ask(room.liaison, by_number(people.person(902)))
    assert 0 < refused.value.retry_after <= 12 * 3600 + 1
    assert ask(room.second, by_number(people.person(902))).found == 0
    clock.freeze(datetime(2026, 6, 11, 0, 0, tzinfo=clock.LOCAL))
    assert ask(room.liaison, by_number(people.person(902))).found == 0


def test_a_look_up_needs_a_fresh_step(room):
    stale = replace(room.liaison.actor, verified_at=clock.real_now() - timedelta(minutes=6))
    with pytest.raises(StepUpNeeded):
        lookups.look_up(stale, by_number(room.adult), REASON)


def test_no_look_up_while_the_heads_do_not_reach_the_outside(room, monkeypatch):
    monkeypatch.setattr(anchor, "lag", lambda: timedelta(hours=4))
    with pytest.raises(Unavailable):
        ask(room.liaison, by_number(room.adult))


@pytest.mark.parametrize("role", sorted(set(Role) - POLICE_ROLES))
def test_nobody_but_the_police_looks_up(room, role):
    with pytest.raises(Forbidden):
        lookups.look_up(replace(room.liaison.actor, role=role), by_number(room.adult), REASON)


def test_what_was_asked_is_sealed(room):
    lookup = ask(room.liaison, by_number(room.adult))
    stored = session.execute(select(Lookup.__table__)).mappings().one()
    said = b"".join(value if isinstance(value, bytes) else str(value).encode() for value in stored.values())
    assert room.adult.id_number.encode() not in said
    assert REASON.case_number.encode() not in said
    assert lookups.opened(lookup, "case_sealed") == REASON.case_number
    assert lookups.opened(lookup, "query_sealed").endswith(room.adult.id_number)
    assert lookups.query_words(lookup).endswith(room.adult.id_number[:3] + "*" * 11 + room.adult.id_number[-4:])


def test_a_look_up_costs_few_statements(room, count_queries):
    ask(room.liaison, by_number(room.adult))
    with count_queries() as seen:
        ask(room.liaison, by_number(room.adult))
    assert len(seen) <= 9, seen


def test_the_form_asks_for_what_the_kind_needs():
    given = {"purpose": "rescue", "case_number": "A1"}
    assert set(LookupIn().validate(given | {"kind": "number"})) == {"number"}
    assert set(LookupIn().validate(given | {"kind": "unit_date"})) == {"unit", "on_day"}
    other = {"kind": "number", "number": "1", "document_kind": "other"}
    assert LookupIn().validate(given | other) == {}
    assert set(LookupIn().validate({"kind": "number", "number": "1"})) == {"purpose", "case_number"}


def test_a_refused_look_up_is_not_kept(room):
    with pytest.raises(Invalid):
        ask(room.liaison, by_unit("NOWHERE"))
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Lookup)) == 0
