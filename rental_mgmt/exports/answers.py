"""What a look-up shows to who asked, for a day: names at once, numbers singly, minors after a second yes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row

from ..accounts.masking import Context, Field, Shown, show, what_may
from ..audit.anchor import require_anchor
from ..audit.service import record_access
from ..core import clock
from ..core.access import Actor, Role, allow, require_fresh
from ..core.db import session
from ..core.errors import Forbidden, NotFound
from ..core.i18n import _
from ..core.seal import Where, unseal_or_none
from ..stays.document_kinds import DocumentKind
from ..stays.models import Guest
from .finding import guest_query
from .lookups import get_lookup, members
from .models import Lookup, LookupStatus

SHOWN_FOR = timedelta(hours=24)
COLUMNS = {Field.NAME: "name_sealed", Field.NUMBER: "number_sealed", Field.PHONE: "phone_sealed"}


@dataclass(frozen=True)
class Answered:
    """One guest of an answer. Of a minor without a second person nothing is said but that they are there."""

    is_minor: bool = False
    is_erased: bool = False
    is_hidden: bool = False
    is_voided: bool = False
    uid: UUID | None = None
    name: str | None = None
    number: str | None = None
    phone: str | None = None
    document_kind: DocumentKind | None = None
    nationality: str | None = None
    compound: str | None = None
    unit: str | None = None
    unit_code: str | None = None
    arrived_at: datetime | None = None
    gone_at: datetime | None = None


def may_see(lookup: Lookup, user_id: int) -> bool:
    """Only who asked sees the answer, for 24 hours after asking or after the second person's word."""
    since = max(filter(None, (lookup.at, lookup.second_at)))
    return user_id == lookup.user_id and clock.now() < since + SHOWN_FOR


def shows_minors(lookup: Lookup) -> bool:
    """After the second person's yes; urgent ones until that word is due."""
    if lookup.status is LookupStatus.AWAITS_SECOND and lookup.second_until:
        return clock.now() < lookup.second_until
    return lookup.status is LookupStatus.APPROVED


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def get_answer(actor: Actor, uid: UUID) -> list[Answered]:
    """The guests of a look-up as they were found; every name in clear is recorded as seen.

    Raises NotFound, Forbidden for anyone but who asked or after 24 hours, StepUpNeeded.
    """
    require_fresh(actor)
    lookup = _own(actor, uid)
    answers = []
    for row in session.execute(guest_query().where(Guest.uid.in_(members(lookup)))):
        answered = _answered(actor, row, shows_minors(lookup))
        answers.append(answered)
        if answered.name:
            _say_seen(actor, lookup, row, Field.NAME)
    return answers


def _own(actor: Actor, uid: UUID) -> Lookup:
    lookup = get_lookup(actor, uid)
    if not may_see(lookup, actor.user_id):
        raise Forbidden(_("查询结果只向查询人显示 24 小时；如仍需要请重新查询"))
    return lookup


def _answered(actor: Actor, row: Row, minors_too: bool) -> Answered:
    if row.is_minor and not minors_too:
        return Answered(is_minor=True, is_hidden=True)
    name = _shown(actor, row, Field.NAME)
    return Answered(
        is_minor=row.is_minor,
        is_erased=name is None,
        is_voided=row.voided_at is not None,
        uid=row.uid,
        name=name,
        number=_shown(actor, row, Field.NUMBER),
        phone=_shown(actor, row, Field.PHONE),
        document_kind=row.document_kind,
        nationality=row.nationality,
        compound=row.compound_name,
        unit=row.unit_name,
        unit_code=row.code,
        arrived_at=row.arrived_at,
        gone_at=row.gone_at,
    )


def _shown(actor: Actor, row: Row, field: Field) -> str | None:
    """By the one masking table; minors were let through above, so they are asked for as anybody."""
    column = COLUMNS[field]
    value = unseal_or_none(getattr(row, column), Where("guest", column, row.uid))
    return show(field, value, what_may(actor.role, field, Context.LOOKUP), Context.LOOKUP)


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def reveal(actor: Actor, uid: UUID, guest_uid: UUID, field: Field) -> str:
    """One value of one guest of an answer in clear; recorded with the receipt."""
    require_fresh(actor)
    require_anchor()
    lookup = _own(actor, uid)
    row = session.execute(guest_query().where(Guest.uid == guest_uid)).one_or_none()
    if row is None or guest_uid not in members(lookup) or (row.is_minor and not shows_minors(lookup)):
        raise NotFound
    if what_may(actor.role, field, Context.LOOKUP) not in (Shown.CLEAR, Shown.REVEAL):
        raise Forbidden(_("您的角色无权查看这一项"))
    column = COLUMNS[field]
    value = unseal_or_none(getattr(row, column), Where("guest", column, guest_uid))
    if value is None:
        raise NotFound
    _say_seen(actor, lookup, row, field, revealed=True)
    return value


def _say_seen(actor: Actor, lookup: Lookup, row: Row, field: Field, revealed: bool = False) -> None:
    action, chain = "guest.reveal" if revealed else "guest.look_up", f"place:{row.community_id}"
    record_access(actor, action, f"guest:{row.uid}", chain, receipt=lookup.receipt, field=field.value)
