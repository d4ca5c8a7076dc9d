"""Guests after registration: corrected with the version before kept sealed, completed, voided, revealed."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from ..accounts.masking import Context, Field, Shown
from ..audit.anchor import require_anchor
from ..audit.service import record, record_access
from ..core import clock
from ..core.access import Actor, Role, allow, require_fresh
from ..core.db import dialect_insert, session
from ..core.errors import Conflict, Forbidden, Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.outbox import enqueue
from ..core.seal import Retention, Where, fingerprints, seal
from ..core.touch import Kind, touch
from ..units.scope import visible
from .details import judge, missing_of
from .identity import DocumentKind, OtherDocument
from .models import Guest, Person
from .overseas import report_of
from .registration import OUTSIDE, SEALED, is_within
from .shown import cells_of, secret
from .versions import keep_version


def get_guest(actor: Actor, guest_uid: UUID) -> Guest:
    """One guest in scope."""
    return get_or_404(visible(actor, Guest), guest_uid)


def present_details(guest: Guest) -> dict:
    """What a correction form starts from: clear columns only, so that nothing sealed is shown by opening it."""
    names = ("document_kind", "nationality", "relation", "issuing_place", "arrived_at")
    return {name: getattr(guest, name) for name in names} | {"other_document": guest.document_name}


@allow(Role.LANDLORD)
def correct_guest(actor: Actor, guest: Guest, details: dict) -> Guest:
    """Change a guest's details; what they were stays as a sealed version with who, when and why.

    What is not given anew stays as it is, so that adding a guardian's phone needs no number typed again.
    """
    if guest.voided_at:
        raise Conflict(_("该登记已作废，不能更正"))
    details = _completed(guest, details)
    judged = judge(details, clock.local_day(details["arrived_at"] or guest.arrived_at))
    keep_version(actor, guest, details["reason"])
    before = guest.person_id
    has_report = report_of(guest) is not None
    for name, value in (judged.clear | {"missing": missing_of(judged.clear, has_report)}).items():
        setattr(guest, name, value)
    _reseal(guest, judged)
    guest.person_id = _person_of(judged.identity)
    if details["arrived_at"]:
        _move_arrival(guest, details["arrived_at"])
    _flush_unless_twice()
    touched = [(Kind.PERSON, person) for person in {before, guest.person_id} if person]
    touch((Kind.UNIT, guest.unit_id), *touched)
    enqueue("guest.corrected", {"guest": str(guest.uid)}, ordered_by=f"stay:{guest.stay_id}")
    record(actor, "guest.correct", guest, chain=guest.stay.unit.chain, missing=guest.missing)
    return guest


def _completed(guest: Guest, details: dict) -> dict:
    """The details given, with what is there in place of what was left empty."""
    guardian, phone = _guardian(guest)
    why = "none_reason" if guest.document_kind is DocumentKind.NONE else "explanation"
    kept = {
        "name": secret(guest, "name"),
        "phone": secret(guest, "phone"),
        "guardian_name": guardian,
        "guardian_phone": phone,
        why: secret(guest, "explanation"),
        "document_kind": guest.document_kind,
        "nationality": guest.nationality,
        "relation": guest.relation,
    }
    if (details["document_kind"] or guest.document_kind) is guest.document_kind:
        kept |= _same_kind(guest) | ({} if details["number"] else _same_paper(guest))
    return details | {name: value for name, value in kept.items() if not details[name]}


def _guardian(guest: Guest) -> tuple[str | None, str | None]:
    """The guardian's name and phone, which are sealed together."""
    sealed = secret(guest, "guardian")
    if not sealed or not guest.guardian_contact_given:
        return sealed, None
    name, _space, phone = sealed.rpartition(" ")
    return name or None, phone


def _same_kind(guest: Guest) -> dict:
    other = guest.document_name if guest.document_name in set(OtherDocument) else None
    return {"other_document": other and OtherDocument(other), "issuing_place": guest.issuing_place}


def _same_paper(guest: Guest) -> dict:
    """What was read from the paper that the guest showed."""
    birth = secret(guest, "birth")
    return {
        "number": secret(guest, "number"),
        "birth_on": birth and date.fromisoformat(birth),
        "sex": guest.sex,
        "valid_until": guest.document_valid_until,
    }


def _flush_unless_twice() -> None:
    try:
        session.flush()
    except IntegrityError:
        raise Conflict(_("这位住客已登记在这次入住中，无需重复登记；多余的一条请作废")) from None


def _reseal(guest: Guest, judged) -> None:
    retention = Retention.MINOR if judged.is_sensitive else Retention.GUEST
    guest.retention = retention.value
    for name in SEALED:
        column, value = f"{name}_sealed", judged.secret[name]
        where = Where("guest", column, guest.uid)
        setattr(guest, column, seal(value, where, retention, guest.recorded_at) if value else None)
    for name in ("name", "phone"):
        value = judged.secret[name]
        found = fingerprints(name, value) if value else (None, None)
        setattr(guest, f"{name}_fp", found[0])
        setattr(guest, f"{name}_fp_next", found[1])


def _person_of(identity: str | None) -> int | None:
    if identity is None:
        return None
    fp, fp_next = fingerprints("id_number", identity)
    made = dialect_insert(Person).values(fp=fp, fp_next=fp_next, created_at=clock.now())
    made = made.on_conflict_do_update(index_elements=["fp"], set_={"fp_next": made.excluded.fp_next})
    return session.scalar(made.returning(Person.id))


def _move_arrival(guest: Guest, arrived_at: datetime) -> None:
    if arrived_at == guest.arrived_at.replace(second=0, microsecond=0):
        # A form says minutes: sent back as it was shown, it changes nothing.
        return
    gone_at = guest.left_at or guest.stay.ended_at
    if gone_at and arrived_at >= gone_at:
        raise Invalid(errors={"arrived_at": [_("到达时间应早于离店时间，请核对")]})
    if not is_within(guest.stay, arrived_at, clock.now()):
        raise Invalid(errors={"arrived_at": [OUTSIDE]})
    guest.arrived_at, guest.arrived_on = arrived_at, clock.local_day(arrived_at)


@allow(Role.LANDLORD)
def void_guest(actor: Actor, guest: Guest, reason: str) -> Guest:
    """Declare a registration void, with the reason kept sealed; it no longer counts anywhere."""
    if guest.voided_at:
        raise Conflict(_("该登记已作废"))
    guest.voided_at = clock.now()
    where = Where("guest", "void_reason_sealed", guest.uid)
    guest.void_reason_sealed = seal(reason, where, Retention(guest.retention), guest.recorded_at)
    touch((Kind.UNIT, guest.unit_id), *([(Kind.PERSON, guest.person_id)] if guest.person_id else []))
    enqueue("guest.voided", {"guest": str(guest.uid)}, ordered_by=f"stay:{guest.stay_id}")
    record(actor, "guest.void", guest, chain=guest.stay.unit.chain)
    return guest


@allow(Role.LANDLORD)
def reveal(actor: Actor, guest: Guest, field: str, reason: str) -> str | None:
    """Show one detail of one guest in clear: with a reason, a fresh sign-in, and an entry of who saw what.

    Only what the masking table lets this role see at all: not of a void registration, and of nobody who left
    more than 30 days ago.
    """
    require_fresh(actor)
    require_anchor()
    if cells_of(actor, guest, Context.DETAIL)[Field(field)] not in (Shown.CLEAR, Shown.REVEAL):
        raise Forbidden(_("该住客已离店超过 30 天或登记已作废，完整信息不再显示"))
    if len(reason.strip()) < 2:
        raise Invalid(errors={"reason": [_("请填写查看原因")]})
    record_access(actor, "guest.reveal", guest, chain=guest.stay.unit.chain, field=field, minor=guest.is_minor)
    return secret(guest, field)
