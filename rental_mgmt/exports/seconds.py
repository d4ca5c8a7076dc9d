"""The second person of a look-up that met a minor: another of the same police room says yes or no."""

from uuid import UUID

from sqlalchemy import Select, select

from ..audit.anchor import require_anchor
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow, require_fresh
from ..core.errors import Conflict, Forbidden
from ..core.i18n import _, lazy
from ..core.lookup import get_or_404
from ..notices.service import notify
from .models import Lookup, LookupStatus
from .orders import second_persons


def ask_second(lookup: Lookup) -> None:
    """Tell the others of the police room that one of them is needed."""
    urgent = lookup.is_urgent
    title = lazy("一次紧急查询涉及未成年人，待您事后审核") if urgent else lazy("一次查询涉及未成年人，待您审核")
    readers = second_persons(lookup.station_id, but=lookup.user_id)
    notify(readers, "lookup", title, "", f"/lookups/{lookup.uid}")


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def list_lookups_awaiting(actor: Actor) -> Select:
    """The look-ups this person may decide on, oldest first when paged by uid."""
    return select(Lookup).where(
        Lookup.station_id.in_(actor.station_ids),
        Lookup.status == LookupStatus.AWAITS_SECOND,
        Lookup.user_id != actor.user_id,
    )


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def decide_lookup(actor: Actor, uid: UUID, is_approved: bool) -> Lookup:
    """Let the asker see the minors of a look-up, or not. Never one's own; once."""
    require_fresh(actor)
    require_anchor()
    ours = select(Lookup).where(Lookup.station_id.in_(actor.station_ids)).with_for_update()
    lookup = get_or_404(ours, uid)
    if lookup.user_id == actor.user_id:
        raise Forbidden(_("查询人不能审核自己的查询，请由本所另一位民警或所长审核"))
    if lookup.status is not LookupStatus.AWAITS_SECOND:
        raise Conflict(_("这次查询不需要审核，或已有人审核过"))
    lookup.status = LookupStatus.APPROVED if is_approved else LookupStatus.REFUSED
    lookup.second_by_id, lookup.second_at = actor.user_id, clock.now()
    action = "lookup.approve" if is_approved else "lookup.refuse"
    record(actor, action, lookup, lookup.chain, minors=lookup.minors, afterwards=lookup.is_urgent)
    title = lazy("您的查询已由第二人审核同意") if is_approved else lazy("您的查询未获第二人同意")
    notify([lookup.user_id], "lookup", title, "", f"/lookups/{uid}")
    return lookup
