"""Guests afterwards: corrected with sealed versions, voided, revealed with a reason, reported to the police."""

import io
import json
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from rental_mgmt.accounts.masking import Context
from rental_mgmt.audit.models import AuditChain, AuditEntry, Keep
from rental_mgmt.core import clock
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Conflict, Forbidden, Invalid, NotFound, StepUpNeeded
from rental_mgmt.core.files import StoredFile
from rental_mgmt.core.outbox import Outbox
from rental_mgmt.core.seal import Where, unseal
from rental_mgmt.core.touch import Kind, Touch
from rental_mgmt.stays import corrections, overseas, service
from rental_mgmt.stays.models import Guest, GuestVersion, OverseasReport, Relation
from rental_mgmt.stays.schemas import CorrectionIn
from rental_mgmt.stays.shown import cells_of, secret, shown_guest, shown_guests
from tests.support import people
from tests.support.pictures import jpeg

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PERSON = people.person(1, age=30)


@pytest.fixture
def guest(flat) -> Guest:
    """Somebody with phone and number in an open stay."""
    flat.booked = flat.stay(flat.owner, flat.unit, nights=2)
    return flat.guest(flat.owner, flat.booked, PERSON, phone=PERSON.phone)


def later(**span) -> None:
    clock.freeze(clock.now() + timedelta(**span))


def act(operation, actor, guest, *values, **named):
    with unit_of_work():
        return operation(actor, corrections.get_guest(actor, guest.uid), *values, **named)


def correct(flat, guest, **given) -> Guest:
    details = CorrectionIn().load({"reason": "登记时看错了"} | given)
    act(corrections.correct_guest, flat.owner.actor, guest, details)
    return flat.find(Guest, guest.uid)


def versions(guest) -> list[dict]:
    """What was before each correction, opened."""
    kept = []
    for row in session.scalars(select(GuestVersion).order_by(GuestVersion.number)):
        place = Where("guest_version", f"details:{row.number}", guest.uid)
        kept.append(json.loads(unseal(row.details_sealed, place)))
    return kept


# --- corrected ----------------------------------------------------------------------------------------------


def test_a_correction_keeps_what_was_before_sealed_with_who_when_and_why(flat, guest):
    later(hours=1)
    corrected = correct(flat, guest, name="王更正")
    assert secret(corrected, "name") == "王更正"
    [before] = versions(guest)
    assert (before["name"], before["number"], before["phone"]) == (PERSON.name, PERSON.id_number, PERSON.phone)
    [row] = session.scalars(select(GuestVersion))
    assert (row.user_id, row.at) == (flat.owner.user.id, clock.now())
    assert unseal(row.reason_sealed, Where("guest_version", "reason:1", guest.uid)) == "登记时看错了"
    assert PERSON.name.encode() not in row.details_sealed
    correct(flat, guest, name="王再改")
    assert [version["name"] for version in versions(guest)] == [PERSON.name, "王更正"]


def test_what_is_left_empty_stays_as_it_was(flat, guest):
    """A guardian's phone is added without typing the number again."""
    before = {name: secret(guest, name) for name in ("number", "phone", "birth")}
    corrected = correct(flat, guest, relation="friend")
    assert {name: secret(corrected, name) for name in before} == before
    assert (corrected.person_id, corrected.age_at_check_in) == (guest.person_id, guest.age_at_check_in)
    assert (corrected.relation, corrected.arrived_at) == (Relation.FRIEND, guest.arrived_at)


def test_a_minor_is_completed_by_what_was_missing_alone(flat, guest):
    child = flat.guest(flat.owner, flat.booked, people.person(3, age=10))
    assert set(child.missing) == {"guardian_contact", "relation"}
    half = correct(flat, child, guardian_name="王 母", guardian_phone="13800000001")
    assert half.missing == ["relation"]
    whole = correct(flat, child, relation="child")
    assert whole.missing == []
    assert secret(whole, "guardian") == "王 母 13800000001"
    assert whole.retention == "minor"


def test_a_paper_that_comes_later_replaces_none_today(flat):
    stay = flat.stay(flat.owner, flat.unit)
    nothing = flat.guest(flat.owner, stay, None, name=PERSON.name, document_kind="none", none_reason="忘带了")
    assert nothing.missing == ["document"]
    shown = correct(flat, nothing, document_kind="resident_id", number=PERSON.id_number)
    assert (shown.missing, shown.age_at_check_in) == ([], 30)
    assert shown.person_id is not None


def test_another_number_is_another_person_and_both_are_looked_at_again(flat, guest):
    other, before = people.person(2, age=41), guest.person_id
    session.rollback()
    corrected = correct(flat, guest, number=other.id_number)
    assert corrected.person_id != before
    assert corrected.age_at_check_in == 41
    touched = {touch.key for touch in session.scalars(select(Touch).where(Touch.kind == Kind.PERSON))}
    assert {before, corrected.person_id} <= touched


def test_a_correction_obeys_the_rules_of_the_door(flat, guest):
    with pytest.raises(Invalid) as refused:
        correct(flat, guest, number=people.with_wrong_check_digit(PERSON.id_number))
    assert set(refused.value.errors) == {"number"}
    with pytest.raises(Invalid) as refused:
        correct(flat, guest, birth_on="1950-01-01")
    assert set(refused.value.errors) == {"birth_on"}
    assert versions(guest) == []


def test_two_rows_of_one_person_in_one_stay_are_refused_in_words(flat, guest):
    other = flat.guest(flat.owner, flat.booked, people.person(2))
    with pytest.raises(Conflict, match="作废"):
        correct(flat, other, number=PERSON.id_number)
    session.rollback()
    assert secret(flat.find(Guest, other.uid), "number") == people.person(2).id_number


def test_the_explanation_of_a_guest_above_capacity_survives_a_correction(flat):
    stay = flat.stay(flat.owner, flat.unit)
    for n in range(4):
        flat.guest(flat.owner, stay, people.person(10 + n))
    fifth = flat.guest(flat.owner, stay, people.person(20), explanation="婴儿床一张")
    corrected = correct(flat, fifth, name="王改名")
    assert secret(corrected, "explanation") == "婴儿床一张"
    assert corrected.is_over_capacity


def test_an_arrival_is_moved_within_its_stay(flat, guest):
    later(hours=5)
    moved = (guest.arrived_at + 2 * HOUR).astimezone(clock.LOCAL)
    assert correct(flat, guest, arrived_at=moved.isoformat()).arrived_at == moved
    begins = flat.booked.checks_in_at
    for moment in (begins - 25 * HOUR, begins + 60 * DAY):
        with pytest.raises(Invalid) as refused:
            correct(flat, guest, arrived_at=moment.isoformat())
        assert set(refused.value.errors) == {"arrived_at"}


def test_the_arrival_as_the_form_shows_it_moves_nothing(flat):
    """A form says minutes; sent back unchanged, the seconds stay."""
    clock.freeze(clock.now() + timedelta(seconds=42))
    guest = flat.guest(flat.owner, flat.stay(flat.owner, flat.unit))
    shown = guest.arrived_at.astimezone(clock.LOCAL).strftime("%Y-%m-%dT%H:%M")
    from rental_mgmt.core import fields

    typed = fields.values_are_typed.set(False)
    assert correct(flat, guest, arrived_at=shown).arrived_at == guest.arrived_at
    fields.values_are_typed.reset(typed)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.LANDLORD])
def test_nobody_but_the_landlord_corrects_voids_or_reveals(flat, guest, role):
    somebody = flat.user(role, flat.owner.target if role is Role.HELPER else None).actor
    with unit_of_work():
        found = session.get(Guest, guest.id)
        for operation, values in (
            (corrections.correct_guest, ({},)),
            (corrections.void_guest, ("x",)),
            (corrections.reveal, ("number", "x")),
        ):
            with pytest.raises(Forbidden):
                operation(somebody, found, *values)


def test_another_landlord_finds_nobody(flat, guest):
    with pytest.raises(NotFound), unit_of_work(read_only=True):
        corrections.get_guest(flat.landlord().actor, guest.uid)


# --- void ---------------------------------------------------------------------------------------------------


def test_a_void_registration_counts_nowhere_and_keeps_its_reason_sealed(flat, guest):
    act(corrections.void_guest, flat.owner.actor, guest, "登记了两次")
    found = flat.find(Guest, guest.uid)
    where = Where("guest", "void_reason_sealed", guest.uid)
    assert unseal(found.void_reason_sealed, where) == "登记了两次"
    with unit_of_work(read_only=True):
        assert service.registered_now(flat.owner.actor, flat.unit)["registered"] == 0
    assert session.scalars(select(Outbox.topic).order_by(Outbox.id)).all()[-1] == "guest.voided"
    for operation, values in ((corrections.void_guest, ("x",)), (service.guest_left, ())):
        with pytest.raises(Conflict):
            act(operation, flat.owner.actor, guest, *values)
    with pytest.raises(Conflict):
        correct(flat, guest, name="王某")
    session.rollback()
    flat.guest(flat.owner, flat.booked, PERSON)


# --- seen and revealed --------------------------------------------------------------------------------------


def accesses() -> list[tuple[str, str]]:
    session.rollback()
    rows = session.execute(
        select(AuditEntry.action, AuditEntry.subject)
        .join(AuditChain, AuditChain.id == AuditEntry.chain_id)
        .where(AuditChain.keep == Keep.ACCESS)
        .order_by(AuditEntry.id)
    )
    return [tuple(row) for row in rows]


def read(operation, somebody, row):
    with unit_of_work(read_only=True):
        return operation(somebody, session.get(type(row), row.id))


def test_a_landlord_sees_the_names_of_adults_in_house_and_that_is_recorded(flat, guest):
    child = flat.guest(flat.owner, flat.booked, people.person(3, age=10))
    shown = {one.uid: one for one in read(shown_guests, flat.owner.actor, flat.booked)}
    assert (shown[guest.uid].name, shown[guest.uid].phone) == (PERSON.name, PERSON.phone)
    assert shown[guest.uid].number == PERSON.id_number[0] + "*" * 16 + PERSON.id_number[-1]
    assert shown[child.uid].name != people.person(3, age=10).name
    assert "*" in shown[child.uid].name
    assert accesses() == [("guest.list_clear", f"stay:{flat.booked.uid}")]


def test_one_guests_page_records_one_guest(flat, guest):
    flat.guest(flat.owner, flat.booked, people.person(2))
    shown = read(shown_guest, flat.owner.actor, guest)
    assert shown.number == f"{PERSON.id_number[:3]}{'*' * 11}{PERSON.id_number[-4:]}"
    assert accesses() == [("guest.see_clear", f"guest:{guest.uid}")]


def test_a_helper_sees_masks_and_others_see_nobody(flat, guest):
    helper = flat.helper(flat.owner.target).actor
    [shown] = read(shown_guests, helper, flat.booked)
    assert (shown.name, shown.number, shown.phone) == (PERSON.name[0] + "*" * (len(PERSON.name) - 1), "", "")
    assert accesses() == [("guest.list_masked", f"stay:{flat.booked.uid}")]
    for role in (Role.PROPERTY_MANAGER, Role.GRID_WORKER, Role.COMMUNITY_OFFICER, Role.AUDITOR):
        for operation, row in ((shown_guests, flat.booked), (shown_guest, guest)):
            with pytest.raises(Forbidden):
                read(operation, flat.user(role).actor, row)


def test_thirty_days_after_leaving_names_are_masked(flat, guest):
    later(hours=20)
    with unit_of_work():
        service.check_out(flat.owner.actor, service.get_stay(flat.owner.actor, flat.booked.uid))
    later(days=30)
    assert read(shown_guest, flat.owner.actor, guest).name == PERSON.name
    later(seconds=1)
    assert "*" in read(shown_guest, flat.owner.actor, guest).name


def test_a_reveal_needs_a_reason_and_a_fresh_step_and_is_recorded(flat, guest):
    stale = flat.owner.actor
    stale = type(stale)(**vars(stale) | {"verified_at": clock.real_now() - timedelta(minutes=6)})
    with pytest.raises(StepUpNeeded):
        act(corrections.reveal, stale, guest, "number", "客人要补发票")
    with pytest.raises(Invalid):
        act(corrections.reveal, flat.owner.actor, guest, "number", " ")
    assert accesses() == []
    assert act(corrections.reveal, flat.owner.actor, guest, "number", "客人要补发票") == PERSON.id_number
    assert accesses() == [("guest.reveal", f"guest:{guest.uid}")]


def test_nothing_is_revealed_that_the_table_hides(flat, guest):
    """Neither of a void registration nor of somebody who left more than 30 days ago (decisions 5.2)."""
    later(hours=20)
    with unit_of_work():
        service.check_out(flat.owner.actor, service.get_stay(flat.owner.actor, flat.booked.uid))
    later(days=31)
    for field in ("number", "name", "phone"):
        with pytest.raises(Forbidden):
            act(corrections.reveal, flat.owner.actor, guest, field, "想看看")
    void = flat.guest(flat.owner, flat.stay(flat.owner, flat.unit), people.person(7))
    act(corrections.void_guest, flat.owner.actor, void, "登记错了")
    with pytest.raises(Forbidden):
        act(corrections.reveal, flat.owner.actor, void, "number", "想看看")
    assert accesses() == []


def test_what_a_void_registration_shows_is_never_more_than_a_mask(flat, guest):
    act(corrections.void_guest, flat.owner.actor, guest, "登记错了")
    found = flat.find(Guest, guest.uid)
    for role in Role:
        somebody = flat.user(role).actor
        for context in Context:
            assert {cell.value for cell in cells_of(somebody, found, context).values()} <= {"masked", "hidden"}


# --- overseas guests ----------------------------------------------------------------------------------------


@pytest.fixture
def traveller(flat) -> Guest:
    flat.booked = flat.stay(flat.owner, flat.unit)
    paper = people.passport(1)
    return flat.guest(
        flat.owner,
        flat.booked,
        None,
        name=paper.name,
        document_kind="passport",
        number=paper.number,
        nationality=paper.nationality,
        birth_on=paper.birth_on.isoformat(),
    )


def report(flat, guest, **changed):
    given = {"receipt_number": "CD-1", "reported_at": clock.now(), "photo": io.BytesIO(jpeg())} | changed
    return act(overseas.record_overseas_report, flat.owner.actor, guest, **given)


def test_a_report_with_number_and_photo_completes_an_overseas_guest(flat, traveller):
    assert traveller.missing == ["overseas_report"]
    later(hours=3)
    report(flat, traveller)
    assert flat.find(Guest, traveller.uid).missing == []
    kept = session.scalars(select(OverseasReport)).one()
    assert (kept.receipt_number, kept.photo_file_id is not None) == ("CD-1", True)
    file = session.get(StoredFile, kept.photo_file_id)
    assert (file.purpose, file.retention) == ("overseas_report", "guest")
    with pytest.raises(Conflict):
        report(flat, traveller)
    corrected = correct(flat, traveller, name="MÜLLER JÖRG")
    assert corrected.missing == [], "a correction does not forget the report"


@pytest.mark.parametrize("wrong", [{"photo": None}, {"photo": io.BytesIO(b"no picture")}])
def test_a_report_without_a_photo_is_refused(flat, traveller, wrong):
    with pytest.raises(Invalid) as refused:
        report(flat, traveller, **wrong)
    assert set(refused.value.errors) == {"photo"}
    session.rollback()
    assert session.scalar(select(func.count()).select_from(OverseasReport)) == 0


def test_a_report_lies_between_arrival_and_now_and_only_of_an_overseas_guest(flat, traveller):
    for moment in (clock.now() - DAY, clock.now() + HOUR):
        with pytest.raises(Invalid) as refused:
            report(flat, traveller, reported_at=moment)
        assert set(refused.value.errors) == {"reported_at"}
    local = flat.guest(flat.owner, flat.booked, PERSON)
    with pytest.raises(Conflict):
        report(flat, local)
