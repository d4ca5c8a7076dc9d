"""Stays: planned, extended, ended, called off; and which of them an actor may see."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, func, select

from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.outbox import enqueue
from ..core.touch import Kind, touch
from ..units.models import Unit
from ..units.scope import visible
from .models import Guest, Shown, Stay, is_minor
from .presence import is_present
from .registration import Registered, register_guest

LONGEST = timedelta(days=180)
OLDEST = timedelta(days=60)
# So long a slip may be taken back; after that what was said is history.
UNDONE_WITHIN = timedelta(hours=24)


def get_stay(actor: Actor, stay_uid: UUID) -> Stay:
    """One stay in scope; 404 also for one that exists elsewhere."""
    return get_or_404(visible(actor, Stay), stay_uid)


def list_stays(actor: Actor, unit: Unit | None = None, open_only: bool = False) -> Select:
    """The stays in scope, newest plan first when paged by (checks_in_at desc, uid)."""
    query = visible(actor, Stay)
    if unit is not None:
        query = query.where(Stay.unit_id == unit.id)
    if open_only:
        query = query.where(Stay.ended_at.is_(None), Stay.cancelled_at.is_(None))
    return query


@allow(Role.LANDLORD, Role.HELPER)
def plan_stay(
    actor: Actor,
    unit: Unit,
    checks_in_at: datetime,
    checks_out_at: datetime,
    planned_guests: int | None = None,
    note: str | None = None,
) -> Stay:
    """Plan a stay before its guests are known. Plans may overlap: a flat may be let by the room."""
    if not unit.takes_guests:
        raise Conflict(_("该房源已注销或尚未认领，不能办理入住"))
    _check_times(checks_in_at, checks_out_at)
    stay = Stay(
        unit_id=unit.id,
        checks_in_at=checks_in_at,
        checks_out_at=checks_out_at,
        planned_guests=planned_guests,
        note=note,
        recorded_at=clock.now(),
        recorded_by_id=actor.user_id,
    )
    session.add(stay)
    touch((Kind.UNIT, unit.id))
    record(actor, "stay.plan", stay, chain=unit.chain, guests=planned_guests)
    return stay


def _check_times(checks_in_at: datetime, checks_out_at: datetime) -> None:
    now, errors = clock.now(), {}
    if checks_in_at < now - OLDEST:
        errors["checks_in_at"] = [_("入住时间太早；超过 60 天的历史请用台账导入")]
    if checks_in_at > now + LONGEST * 2:
        errors["checks_in_at"] = [_("入住时间太远，请核对年份")]
    if checks_out_at <= checks_in_at:
        errors["checks_out_at"] = [_("离店时间应晚于入住时间")]
    elif checks_out_at - checks_in_at > LONGEST:
        errors["checks_out_at"] = [_("一次入住最长 180 天；长租请按出租房屋登记")]
    if errors:
        raise Invalid(errors=errors)


@allow(Role.LANDLORD, Role.HELPER)
def check_in(actor: Actor, unit: Unit, checks_out_at: datetime, details: dict) -> tuple[Stay, Registered]:
    """Register the first guest and make the stay in the same breath: both are kept or neither.

    Raises what planning and registering raise; a time too early is an error of the guest's arrival.
    """
    try:
        stay = plan_stay(actor, unit, details["arrived_at"] or clock.now(), checks_out_at, planned_guests=1)
    except Invalid as refused:
        moved = {"arrived_at" if name == "checks_in_at" else name: e for name, e in refused.errors.items()}
        raise Invalid(errors=moved) from None
    session.flush()
    return stay, register_guest(actor, stay.uid, details)


@allow(Role.LANDLORD, Role.HELPER)
def extend_stay(actor: Actor, stay: Stay, checks_out_at: datetime) -> Stay:
    """Change the planned check-out of an open stay, later or earlier but still to come."""
    _lock_open(stay)
    if checks_out_at <= clock.now():
        raise Invalid(errors={"checks_out_at": [_("新的离店时间应晚于现在；住客已离店请办理退房")]})
    _check_times(max(stay.checks_in_at, clock.now() - OLDEST), checks_out_at)
    stay.checks_out_at = checks_out_at
    _changed(actor, stay, "stay.extend")
    return stay


@allow(Role.LANDLORD, Role.HELPER)
def check_out(actor: Actor, stay: Stay, at: datetime | None = None) -> Stay:
    """End a stay for everyone in it; `at` (now) may lie in the past, never before someone came or left."""
    _lock_open(stay)
    ended_at = at or clock.now()
    if ended_at > clock.now():
        raise Invalid(errors={"at": [_("退房时间不能晚于现在；以后离店请改预计离店时间")]})
    if ended_at < _last_movement(stay):
        raise Invalid(errors={"at": [_("退房时间不能早于住客到达或离店的时间；未到店的入住请用“取消”")]})
    stay.ended_at = ended_at
    enqueue("stay.ended", {"stay": str(stay.uid)}, ordered_by=f"stay:{stay.id}")
    _changed(actor, stay, "stay.check_out")
    return stay


def _last_movement(stay: Stay) -> datetime:
    """When the last of its guests came or left; of a stay nobody is registered in, when it was to begin."""
    moved = select(func.max(Guest.arrived_at), func.max(Guest.left_at)).where(
        Guest.stay_id == stay.id, Guest.voided_at.is_(None)
    )
    return max(filter(None, session.execute(moved).one()), default=stay.checks_in_at)


def may_be_resumed(stay: Stay) -> bool:
    """Did it end so lately that its end may still be taken back?"""
    return stay.ended_at is not None and stay.ended_at >= clock.now() - UNDONE_WITHIN


@allow(Role.LANDLORD, Role.HELPER)
def resume_stay(actor: Actor, stay: Stay) -> Stay:
    """Take back a check-out that was a slip, within a day: who was there until it is there again."""
    session.refresh(stay.unit, with_for_update={"key_share": True})
    session.refresh(stay, with_for_update={"key_share": True})
    if stay.ended_at is None:
        raise Conflict(_("该入住没有退房，不用恢复"))
    if not stay.unit.takes_guests:
        raise Conflict(_("该房源已注销或尚未认领，不能办理入住"))
    if not may_be_resumed(stay):
        raise Conflict(_("退房已超过 24 小时，不能恢复；住客又来请新建入住"))
    stay.ended_at = None
    enqueue("stay.resumed", {"stay": str(stay.uid)}, ordered_by=f"stay:{stay.id}")
    _changed(actor, stay, "stay.resume")
    return stay


@allow(Role.LANDLORD, Role.HELPER)
def cancel_stay(actor: Actor, stay: Stay) -> Stay:
    """Call off a plan nobody came for; a stay with guests is checked out instead."""
    _lock_open(stay)
    if session.scalar(select(Guest.id).where(Guest.stay_id == stay.id, Guest.voided_at.is_(None)).limit(1)):
        raise Conflict(_("已有住客登记，不能取消；请办理退房，登记错误的住客请作废"))
    stay.cancelled_at = clock.now()
    _changed(actor, stay, "stay.cancel")
    return stay


@allow(Role.LANDLORD, Role.HELPER)
def guest_left(actor: Actor, guest: Guest, at: datetime | None = None) -> Guest:
    """One guest left earlier than the rest."""
    left_at = at or clock.now()
    _lock_open(guest.stay)
    if guest.voided_at or guest.left_at:
        raise Conflict(_("该住客已离店或已作废"))
    if not guest.arrived_at <= left_at <= clock.now():
        raise Invalid(errors={"at": [_("离店时间应在到达之后、现在之前")]})
    guest.left_at = left_at
    _changed(actor, guest.stay, "guest.leave", guest)
    return guest


def may_stay_on(guest: Guest) -> bool:
    """Did this guest leave so lately that it may still be taken back?"""
    return guest.left_at is not None and guest.left_at >= clock.now() - UNDONE_WITHIN


@allow(Role.LANDLORD, Role.HELPER)
def guest_stays_on(actor: Actor, guest: Guest) -> Guest:
    """Take back that a guest left, within a day, as long as the stay goes on."""
    _lock_open(guest.stay)
    if guest.voided_at or not guest.left_at:
        raise Conflict(_("该住客没有离店，不用恢复"))
    if not may_stay_on(guest):
        raise Conflict(_("离店已超过 24 小时，不能恢复；住客又来请再登记一次"))
    guest.left_at = None
    _changed(actor, guest.stay, "guest.stay_on", guest)
    return guest


def _lock_open(stay: Stay) -> None:
    """Hold the stay as it is now, so that nobody is registered in it while it ends."""
    session.refresh(stay, with_for_update={"key_share": True})
    if stay.cancelled_at:
        raise Conflict(_("该入住已取消"))
    if stay.ended_at:
        raise Conflict(_("该入住已退房"))


def _changed(actor: Actor, stay: Stay, action: str, guest: Guest | None = None) -> None:
    """What every change of a stay leaves behind: the touch the rules look at, and the audit entry."""
    touched = [(Kind.UNIT, stay.unit_id)]
    people = select(Guest.person_id).where(Guest.stay_id == stay.id, Guest.person_id.is_not(None))
    touched += [(Kind.PERSON, person) for person in session.scalars(people)]
    touch(*touched)
    record(actor, action, guest or stay, chain=stay.unit.chain)


# --- at the door --------------------------------------------------------------------------------------------


@allow(Role.LANDLORD, Role.HELPER)
def registered_now(actor: Actor, unit: Unit) -> dict:
    """How many guests of a unit are registered as present, since when, how many incomplete: counts only."""
    at = clock.now()
    rows = session.execute(
        visible(actor, Guest)
        .with_only_columns(Guest.arrived_at, Guest.missing, Guest.age_at_check_in)
        .join(Stay, Stay.id == Guest.stay_id)
        .where(Guest.unit_id == unit.id, is_present(at))
    ).all()
    return {
        "at": at,
        "registered": len(rows),
        "since": min((row.arrived_at for row in rows), default=None),
        "incomplete": sum(bool(row.missing) for row in rows),
        "minors": sum(is_minor(row.age_at_check_in) for row in rows),
        "capacity": unit.capacity,
    }


@allow(Role.LANDLORD, Role.HELPER)
def show_at_door(actor: Actor, unit: Unit) -> dict:
    """The same counts, shown to an officer at the door in one tap; that they were shown is kept."""
    counts = registered_now(actor, unit)
    session.add(
        Shown(
            unit_id=unit.id,
            shown_at=counts["at"],
            shown_by_id=actor.user_id,
            registered=counts["registered"],
        )
    )
    record(actor, "unit.show_at_door", unit, chain=unit.chain, registered=counts["registered"])
    return counts
