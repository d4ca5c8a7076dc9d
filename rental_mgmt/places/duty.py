"""When a role is on duty in a compound: as the community set it, else by the defaults (decisions.md 6.3)."""

from datetime import datetime, time, timedelta

from sqlalchemy import select

from ..audit.service import record
from ..core.access import PARTY_ROLES, POLICE_ROLES, Actor, Role, allow
from ..core.clock import LOCAL, local_day, local_time
from ..core.db import dialect_insert, session
from ..core.errors import Invalid
from ..core.i18n import _
from .models import DutyHours, Place
from .tree import chain_of

ALWAYS_ON_DUTY = PARTY_ROLES | POLICE_ROLES
OFFICE_HOURS = (8, 20)
# The roles whose hours a compound may set.
SET_FOR = (Role.PROPERTY_MANAGER, Role.GRID_WORKER, Role.COMMUNITY_OFFICER)


def hours_of(compound_id: int, role: Role) -> tuple[int, int] | None:
    """From and to local hour of a role in a compound (20 to 8 is a night shift); None is always."""
    if role in ALWAYS_ON_DUTY:
        return None
    row = session.execute(
        select(DutyHours.from_hour, DutyHours.to_hour).where(
            DutyHours.compound_id == compound_id, DutyHours.role == role
        )
    ).one_or_none()
    begins, ends = row or OFFICE_HOURS
    return None if begins == ends else (begins, ends)


def on_duty(compound_id: int, role: Role, at: datetime, urgent: bool = False) -> bool:
    """Is the role on duty at a moment? Property always is for P0 and P1 (`urgent`)."""
    return duty_end(compound_id, role, at, urgent) != at


def duty_end(compound_id: int, role: Role, at: datetime, urgent: bool = False) -> datetime | None:
    """When the duty that runs at a moment ends; None: never; the moment itself: nobody is on duty then."""
    hours = hours_of(compound_id, role)
    if hours is None or (urgent and role is Role.PROPERTY_MANAGER):
        return None
    begins, ends = hours
    hour = at.astimezone(LOCAL).hour
    is_on = begins <= hour < ends if begins < ends else hour >= begins or hour < ends
    if not is_on:
        return at
    day = local_day(at) + timedelta(days=begins > ends and hour >= begins)
    return local_time(day, time(0)) + timedelta(hours=ends)


@allow(Role.COMMUNITY_OFFICER, Role.SYSTEM_ADMIN)
def set_duty_hours(actor: Actor, compound: Place, role: Role, from_hour: int, to_hour: int) -> None:
    """Set when a role is on duty in a compound; equal hours are around the clock. Raises Invalid."""
    if role not in SET_FOR:
        raise Invalid(errors={"role": [_("房东和民警全天在岗，不设时段")]})
    store_hours(compound, role, from_hour, to_hour)
    record(actor, "duty.set", compound, chain_of(compound), role=role, hours=[from_hour, to_hour])


def store_hours(compound: Place, role: Role, from_hour: int, to_hour: int) -> None:
    hours = {"from_hour": from_hour, "to_hour": to_hour}
    insert = dialect_insert(DutyHours).values(compound_id=compound.id, role=role, **hours)
    session.execute(insert.on_conflict_do_update(index_elements=["compound_id", "role"], set_=hours))


def table_of(compound: Place) -> dict[Role, tuple[int, int] | None]:
    """The hours of every role whose hours may be set, for the page."""
    return {role: hours_of(compound.id, role) for role in SET_FOR}
