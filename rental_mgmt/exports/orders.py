"""Orders of an export: asked with purpose and case, approved by a second person of the same station."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, func, select

from ..accounts.models import Membership, User, UserStatus
from ..audit.anchor import require_anchor
from ..audit.service import record
from ..core import clock
from ..core.access import POLICE_ROLES, Actor, Role, allow, require_fresh
from ..core.db import session
from ..core.errors import Conflict, Forbidden, TooMany
from ..core.i18n import _, lazy
from ..core.lookup import get_or_404
from ..core.seal import Retention, Where, seal, unseal_or_none
from ..notices.service import notify
from ..places.models import Place, PlaceKind
from .filters import GuestFilter, check_days, get_place
from .models import Export, ExportStatus, FileFormat, Profile, Purpose
from .scope import station_of

SECOND_WITHIN = timedelta(hours=24)
ORDERS_A_DAY = 20


@dataclass(frozen=True)
class Reason:
    """Why something is asked. `urgent`: one person may now, the second decides within 24 hours."""

    purpose: Purpose
    case_number: str
    urgent: bool = False


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def order_export(
    actor: Actor, chosen: GuestFilter, reason: Reason, profile: Profile, file_format: FileFormat
) -> Export:
    """Ask for a file of the guests a filter holds; it is built once another of the station has approved.

    Raises Invalid naming the field, TooMany above the day's limit, StepUpNeeded, Unavailable without anchor.
    """
    require_fresh(actor)
    require_anchor()
    check_days(chosen)
    place = get_place(actor, chosen.place)
    refuse_too_many(actor.user_id, Export.requested_by_id, Export.requested_at, ORDERS_A_DAY)
    export = Export(
        requested_by_id=actor.user_id,
        station_id=station_of(actor.station_ids, place),
        community_id=_community_of(place),
        place_id=place.id,
        from_day=chosen.from_day,
        to_day=chosen.to_day,
        filters=chosen.stored(),
        profile=profile,
        file_format=file_format,
        **_why(reason),
    )
    export.case_sealed = seal(reason.case_number, _case(export), Retention.CASE)
    session.add(export)
    session.flush()
    _say(actor, "export.order", export, purpose=reason.purpose.value, urgent=reason.urgent)
    _ask_second(export)
    return export


def _ask_second(export: Export) -> None:
    title = lazy("一份紧急导出待您事后审核") if export.is_urgent else lazy("一份导出待您审批")
    readers = second_persons(export.station_id, but=export.requested_by_id)
    notify(readers, "export", title, "", f"/exports/{export.uid}")


def _why(reason: Reason) -> dict:
    now = clock.now()
    return {
        "purpose": reason.purpose,
        "is_urgent": reason.urgent,
        "status": ExportStatus.APPROVED if reason.urgent else ExportStatus.REQUESTED,
        "requested_at": now,
        "approve_by": now + SECOND_WITHIN if reason.urgent else None,
    }


def _community_of(place: Place) -> int:
    """The community a place lies in, or is."""
    above = [int(key) for key in place.path.split("/") if key]
    return session.scalar(select(Place.id).where(Place.id.in_(above), Place.kind == PlaceKind.COMMUNITY))


def refuse_too_many(user_id: int, who, when, most: int) -> None:
    """Refuse above so many a local day; the person's own row is locked, so that two at once are counted."""
    session.execute(select(User.id).where(User.id == user_id).with_for_update())
    begins, ends = clock.day_bounds(clock.local_day(clock.now()))
    count = session.scalar(select(func.count()).where(who == user_id, when >= begins))
    if count >= most:
        left = ends - clock.now()
        words = _("您今天已达 %(n)s 次的上限，请明天再试或请同事办理", n=most)
        raise TooMany(words, retry_after=int(left.total_seconds()) + 1)


def second_persons(station_id: int, but: int) -> list[int]:
    """The users of a station's police room other than one."""
    now = clock.now()
    query = (
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.station_id == station_id,
            Membership.role.in_(POLICE_ROLES),
            Membership.valid_from <= now,
            Membership.valid_to.is_(None) | (Membership.valid_to > now),
            Membership.awaits_confirmation.is_(False),
            User.status == UserStatus.ACTIVE,
            User.id != but,
        )
    )
    return list(session.scalars(query.distinct()))


# --- reading ------------------------------------------------------------------------------------------------


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def list_exports(actor: Actor) -> Select:
    """The exports of the actor's stations, newest first when paged by uid descending."""
    return select(Export).where(Export.station_id.in_(actor.station_ids))


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def get_export(actor: Actor, uid: UUID) -> Export:
    """One export of the actor's stations; 404 also for one of another station."""
    return get_or_404(list_exports(actor), uid)


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def get_manifest(actor: Actor, uid: UUID) -> dict:
    """The signed manifest of an export that was built; it stays when the file is gone."""
    export = get_export(actor, uid)
    if export.manifest is None:
        raise Conflict(_("文件还没有生成，生成后才有清单"))
    return export.manifest


def case_number(export: Export) -> str | None:
    """The case an export was asked for, in clear: for those who decide and those who check."""
    return unseal_or_none(export.case_sealed, _case(export))


def _case(export: Export) -> Where:
    return Where("export", "case_sealed", export.uid)


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def list_awaiting(actor: Actor) -> Select:
    """The exports that this person may approve or refuse, oldest first when paged by uid."""
    undecided = Export.approved_by_id.is_(None) & Export.refused_at.is_(None)
    return list_exports(actor).where(undecided, Export.requested_by_id != actor.user_id)


# --- the second person --------------------------------------------------------------------------------------


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def approve_export(actor: Actor, uid: UUID) -> Export:
    """Let an export be built, or say afterwards that an urgent one was right. Never one's own."""
    export = _lock_for_second(actor, uid)
    if export.status is ExportStatus.REQUESTED:
        export.move_to(ExportStatus.APPROVED)
    export.approved_by_id, export.approved_at = actor.user_id, clock.now()
    _say(actor, "export.approve", export, afterwards=export.is_urgent)
    notify([export.requested_by_id], "export", lazy("您申请的导出已获批准"), "", f"/exports/{uid}")
    return export


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def refuse_export(actor: Actor, uid: UUID, reason: str) -> Export:
    """Refuse an export; an urgent one that is not taken yet is taken back."""
    export = _lock_for_second(actor, uid)
    if export.status in (ExportStatus.REQUESTED, ExportStatus.APPROVED):
        export.status = ExportStatus.REFUSED
    elif export.status is ExportStatus.READY:
        export.move_to(ExportStatus.EXPIRED)
    export.refused_by_id, export.refused_at = actor.user_id, clock.now()
    export.refusal_reason = reason
    _say(actor, "export.refuse", export, afterwards=export.is_urgent)
    notify([export.requested_by_id], "export", lazy("您申请的导出未获批准"), "", f"/exports/{uid}")
    return export


def _lock_for_second(actor: Actor, uid: UUID) -> Export:
    require_fresh(actor)
    require_anchor()
    export = get_or_404(list_exports(actor).with_for_update(), uid)
    if export.requested_by_id == actor.user_id:
        raise Forbidden(_("申请人不能审批自己的导出，请由本所另一位民警或所长审批"))
    if not export.awaits_second:
        raise Conflict(_("这份导出已有人审批过"))
    return export


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def retry_export(actor: Actor, uid: UUID) -> Export:
    """Let a failed export be built once more."""
    export = get_or_404(list_exports(actor).with_for_update(), uid)
    export.move_to(ExportStatus.APPROVED)
    export.tries, export.error = 0, None
    _say(actor, "export.retry", export)
    return export


def _say(actor: Actor, action: str, export: Export, **details) -> None:
    record(actor, action, export, export.chain, profile=export.profile.value, **details)
