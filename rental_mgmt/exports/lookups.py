"""The exact look-up: by an identity document, or by unit and date; with purpose and case, and a receipt always.

Nothing is found by a part of a number. Which stays count is the jurisdiction of the time. What a look-up shows
stands in answers.py; the second person for minors in seconds.py.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, or_, select

from ..accounts.masking import mask_number_detail
from ..audit.anchor import require_anchor
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow, require_fresh
from ..core.db import session
from ..core.errors import Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.seal import Retention, Where, fingerprint, seal, unseal_bytes, unseal_or_none
from ..places.models import Place
from ..stays.details import identity_text
from ..stays.divisions import country_code
from ..stays.document_kinds import DocumentKind, OtherDocument
from ..stays.id_number import plain
from ..stays.models import Guest, Person, Stay
from ..units.models import Unit
from .filters import GONE_AT, IS_MINOR
from .models import Lookup, LookupKind, LookupStatus
from .orders import SECOND_WITHIN, Reason, refuse_too_many
from .scope import served
from .seconds import ask_second

LOOKUPS_A_DAY = 50
MOST_FOUND = 500
# Neither 0 and O nor 1 and I: a receipt is read out over the telephone.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"


@dataclass(frozen=True)
class Asked:
    """What is looked for. The repr names nobody."""

    kind: LookupKind
    number: str | None = field(default=None, repr=False)
    document_kind: DocumentKind = DocumentKind.RESIDENT_ID
    nationality: str = "CHN"
    other_document: OtherDocument | None = None
    unit: str | None = None
    on_day: date | None = None


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def look_up(actor: Actor, asked: Asked, reason: Reason, letter: str | None = None) -> Lookup:
    """Ask once; what was found stands on the receipt, also when it is nothing.

    Raises Invalid naming the field, TooMany above the day's limit, StepUpNeeded, Unavailable without anchor.
    """
    require_fresh(actor)
    require_anchor()
    refuse_too_many(actor.user_id, Lookup.user_id, Lookup.at, LOOKUPS_A_DAY)
    unit = _unit(actor, asked) if asked.kind is LookupKind.UNIT_DATE else None
    rows = session.execute(_found(actor, asked, unit)).all()
    lookup = _receipt(actor, rows, reason)
    lookup.kind, lookup.unit_id, lookup.on_day = asked.kind, unit and unit.id, asked.on_day
    lookup.case_sealed = _sealed(lookup, "case_sealed", reason.case_number)
    lookup.letter_sealed = _sealed(lookup, "letter_sealed", letter) if letter else None
    lookup.query_sealed = _sealed(lookup, "query_sealed", _words(asked, unit))
    lookup.members_sealed = _sealed(lookup, "members_sealed", b"".join(row.uid.bytes for row in rows))
    session.add(lookup)
    session.flush()
    _say(actor, lookup)
    if lookup.status is LookupStatus.AWAITS_SECOND:
        ask_second(lookup)
    return lookup


def _say(actor: Actor, lookup: Lookup) -> None:
    said = {"kind": lookup.kind.value, "purpose": lookup.purpose.value, "urgent": lookup.is_urgent}
    counts = {"found": lookup.found, "minors": lookup.minors, "erased": lookup.erased}
    record(actor, "lookup.ask", lookup, lookup.chain, **said, **counts)


def _receipt(actor: Actor, rows: Sequence[Row], reason: Reason) -> Lookup:
    now, minors = clock.now(), sum(row.is_minor for row in rows)
    return Lookup(
        user_id=actor.user_id,
        station_id=actor.station_ids[0],
        purpose=reason.purpose,
        at=now,
        receipt=_receipt_number(clock.local_day(now)),
        found=len(rows),
        minors=minors,
        erased=sum(is_erased(row) for row in rows),
        is_urgent=reason.urgent and minors > 0,
        status=LookupStatus.AWAITS_SECOND if minors else LookupStatus.ANSWERED,
        second_until=now + SECOND_WITHIN if reason.urgent and minors else None,
    )


def _receipt_number(day: date) -> str:
    return f"CX{day:%Y%m%d}-" + "".join(secrets.choice(LETTERS) for _n in range(8))


def _sealed(lookup: Lookup, column: str, value: str | bytes) -> bytes:
    return seal(value, Where("lookup", column, lookup.uid), Retention.CASE)


def _words(asked: Asked, unit: Unit | None) -> str:
    """What was asked, for the receipt; sealed."""
    return f"{unit.name} {asked.on_day}" if unit else f"{asked.document_kind.label} {asked.number}"


# --- finding ------------------------------------------------------------------------------------------------


def guest_query() -> Select:
    """What an answer needs of each guest."""
    compound = Place.__table__.alias("compound")
    return (
        select(
            *(Guest.uid, Guest.name_sealed, Guest.number_sealed, Guest.phone_sealed, Guest.document_kind),
            *(Guest.nationality, Guest.arrived_at, GONE_AT.label("gone_at"), Guest.voided_at),
            *(Unit.uid.label("unit_uid"), Unit.name.label("unit_name"), Unit.code, Unit.community_id),
            *(compound.c.name.label("compound_name"), IS_MINOR.label("is_minor")),
        )
        .select_from(Guest)
        .join(Stay, Stay.id == Guest.stay_id)
        .join(Unit, Unit.id == Guest.unit_id)
        .join(compound, compound.c.id == Unit.compound_id)
        .order_by(Guest.arrived_at.desc(), Guest.id)
    )


def _found(actor: Actor, asked: Asked, unit: Unit | None) -> Select:
    query = guest_query().limit(MOST_FOUND)
    if unit is not None:
        flat = select(Unit.id).where(or_(Unit.id == unit.id, Unit.merged_into_id == unit.id))
        return query.where(Guest.unit_id.in_(flat), _there_on(asked.on_day))
    person = query.join(Person, Person.id == Guest.person_id).where(Person.fp == _print_of(asked))
    return person.where(served(actor.station_ids, Guest.arrived_at))


def _there_on(day: date) -> ColumnElement[bool]:
    begins, ends = clock.day_bounds(day)
    return (Guest.arrived_at < ends) & or_(GONE_AT.is_(None), begins < GONE_AT)


def _print_of(asked: Asked) -> bytes:
    """The fingerprint that registering this very document would have made."""
    country = country_code(asked.nationality)
    number = asked.number
    if asked.document_kind is not DocumentKind.OTHER:
        number = plain(number).rstrip("<")
    other = asked.other_document if asked.document_kind is DocumentKind.OTHER else None
    return fingerprint("id_number", identity_text(asked.document_kind, number, country, other))


def is_erased(row: Row) -> bool:
    """Was the key of this guest's data destroyed when its time was over?"""
    return unseal_or_none(row.name_sealed, Where("guest", "name_sealed", row.uid)) is None


def _unit(actor: Actor, asked: Asked) -> Unit:
    """The one unit meant by a code, or by the end of its name such as 1203; a foreign one is not there."""
    if asked.on_day > clock.local_day(clock.now()):
        raise Invalid(errors={"on_day": [_("日期不能晚于今天")]})
    ours = select(Unit).where(served(actor.station_ids, clock.day_bounds(asked.on_day)[1]))
    # Listings that were merged into another are asked for together with it.
    named = ours.where(Unit.merged_into_id.is_(None))
    text = " ".join(asked.unit.split())
    found = session.scalars(ours.where(Unit.code == text.upper())).all()
    found = found or session.scalars(named.where(Unit.name.endswith(text, autoescape=True)).limit(6)).all()
    if not found:
        raise Invalid(errors={"unit": [_("辖区内没有这个房源，请核对编码或门号")]})
    if len(found) > 1:
        names = _("、").join(f"{unit.name}（{unit.code or '—'}）" for unit in found[:5])
        raise Invalid(errors={"unit": [_("有多个房源符合：%(names)s；请填写编码或写全楼栋门号", names=names)]})
    return found[0]


# --- reading ------------------------------------------------------------------------------------------------


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def list_lookups(actor: Actor) -> Select:
    """The receipts of the actor's stations, newest first when paged by uid descending; no answers."""
    return select(Lookup).where(Lookup.station_id.in_(actor.station_ids))


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def get_lookup(actor: Actor, uid: UUID) -> Lookup:
    """One receipt of the actor's stations; 404 also for one of another station."""
    return get_or_404(list_lookups(actor), uid)


def opened(lookup: Lookup, column: str) -> str | None:
    """The case, letter or query of a look-up in clear: for who asked, and the case for who decides."""
    return unseal_or_none(getattr(lookup, column), Where("lookup", column, lookup.uid))


def query_words(lookup: Lookup) -> str:
    """What was asked, as the receipt says it for good: a number only by its ends."""
    words = opened(lookup, "query_sealed") or ""
    if lookup.kind is LookupKind.UNIT_DATE:
        return words
    kind, _space, number = words.partition(" ")
    return f"{kind} {mask_number_detail(number)}"


def members(lookup: Lookup) -> list[UUID]:
    """The guests that were found."""
    found = unseal_bytes(lookup.members_sealed, Where("lookup", "members_sealed", lookup.uid))
    return [UUID(bytes=found[at : at + 16]) for at in range(0, len(found), 16)]
