"""The exact look-up: by an identity document, or by unit and date; with purpose and case, and a receipt always.

Whom it means stands in finding.py, what it shows in answers.py, the second person for minors in seconds.py.
"""

import secrets
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Row, Select, select

from ..accounts.masking import mask_number_detail
from ..audit.anchor import require_anchor
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow, require_fresh
from ..core.db import session
from ..core.lookup import get_or_404
from ..core.seal import Retention, Where, seal, unseal_bytes, unseal_or_none
from ..stays.id_number import read_id_number
from ..units.models import Unit
from .finding import Asked, guests_meant, is_erased, unit_meant
from .models import Lookup, LookupKind, LookupStatus
from .orders import SECOND_WITHIN, Reason, refuse_too_many
from .seconds import ask_second

LOOKUPS_A_DAY = 50
# Neither 0 and O nor 1 and I: a receipt is read out over the telephone.
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
RESIDENT_DIGITS = 18


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def look_up(actor: Actor, asked: Asked, reason: Reason, letter: str | None = None) -> Lookup:
    """Ask once; what was found stands on the receipt, also when it is nothing.

    Raises Invalid naming the field, TooMany above the day's limit, StepUpNeeded, Unavailable without anchor.
    """
    require_fresh(actor)
    require_anchor()
    refuse_too_many(actor.user_id, Lookup.user_id, Lookup.at, LOOKUPS_A_DAY)
    unit = unit_meant(asked, actor.station_ids) if asked.kind is LookupKind.UNIT_DATE else None
    rows = session.execute(guests_meant(asked, unit, actor.station_ids)).all()
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
    if unit:
        return f"{unit.name} {asked.on_day}"
    return f"{(asked.other_document or asked.document_kind).label} {asked.plain_number}"


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


def doubt_about(lookup: Lookup) -> str | None:
    """Why a resident number that found nobody may be a slip of the pen; for who asked."""
    if lookup.found or lookup.kind is not LookupKind.NUMBER:
        return None
    number = (opened(lookup, "query_sealed") or "").rpartition(" ")[2]
    faults = read_id_number(number).errors if len(number) == RESIDENT_DIGITS else ()
    return faults[0] if faults else None


def members(lookup: Lookup) -> list[UUID]:
    """The guests that were found."""
    found = unseal_bytes(lookup.members_sealed, Where("lookup", "members_sealed", lookup.uid))
    return [UUID(bytes=found[at : at + 16]) for at in range(0, len(found), 16)]
