"""The stays of one unit as its landlord looks at them: how each of them stands, and which goes on now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select

from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.i18n import lazy
from ..core.paging import Page, page_of
from ..units.models import Unit
from .models import Guest, Stay
from .service import list_stays

# Whoever comes so long before the plan belongs to it all the same.
SOON = timedelta(hours=12)
# More open stays than any flat has; what is beyond waits on the next look.
AT_ONCE = 50


class Standing(StrEnum):
    """How a stay stands at a moment."""

    PLANNED = "planned"
    UNREGISTERED = "unregistered"
    IN_HOUSE = "in_house"
    OVERDUE = "overdue"
    ENDED = "ended"
    CANCELLED = "cancelled"

    @property
    def label(self):
        return STANDING_LABELS[self]


STANDING_LABELS = {
    Standing.PLANNED: lazy("还没到"),
    Standing.UNREGISTERED: lazy("有客未登记"),
    Standing.IN_HOUSE: lazy("在住"),
    Standing.OVERDUE: lazy("已过预计离店"),
    Standing.ENDED: lazy("已退房"),
    Standing.CANCELLED: lazy("已取消"),
}


@dataclass(frozen=True)
class StandingStay:
    """A stay, how it stands, and how many guests are registered in it and how many of those incompletely."""

    stay: Stay
    standing: Standing
    registered: int
    incomplete: int


@allow(Role.LANDLORD, Role.HELPER)
def open_stays(actor: Actor, unit: Unit) -> list[StandingStay]:
    """What goes on in a unit and what is planned, the earliest first."""
    query = list_stays(actor, unit, open_only=True).order_by(Stay.checks_in_at, Stay.id).limit(AT_ONCE)
    return _standing(session.scalars(query).all())


@allow(Role.LANDLORD, Role.HELPER)
def past_stays(actor: Actor, unit: Unit, cursor: str | None = None) -> tuple[list[StandingStay], Page]:
    """What has ended or was called off, the newest first, with the page it stands on."""
    query = list_stays(actor, unit).where(Stay.ended_at.is_not(None) | Stay.cancelled_at.is_not(None))
    page = page_of(query, (Stay.checks_in_at.desc(), Stay.uid), cursor)
    return _standing(page.items), page


@allow(Role.LANDLORD, Role.HELPER)
def going_on(actor: Actor, unit: Unit) -> list[Stay]:
    """The open stays that somebody who comes now would belong to: begun or about to, and not overdue."""
    now = clock.now()
    soon = Stay.checks_in_at <= now + SOON, Stay.checks_out_at > now
    return list(session.scalars(list_stays(actor, unit, open_only=True).where(*soon).limit(AT_ONCE)))


def _standing(stays: Collection[Stay]) -> list[StandingStay]:
    registered, now = _registered([stay.id for stay in stays]), clock.now()
    found = [(stay, *registered.get(stay.id, (0, 0))) for stay in stays]
    return [StandingStay(stay, standing_of(stay, there, now), there, short) for stay, there, short in found]


def _registered(stay_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """Stay → how many guests are registered in it, and how many of them incompletely; the void ones aside."""
    is_short = func.json_array_length(Guest.missing) > 0
    query = (
        select(Guest.stay_id, func.count(), func.count().filter(is_short))
        .where(Guest.stay_id.in_(stay_ids), Guest.voided_at.is_(None))
        .group_by(Guest.stay_id)
    )
    return {stay_id: (there, short) for stay_id, there, short in session.execute(query)}


def standing_of(stay: Stay, registered: int, at: datetime) -> Standing:
    """How a stay with so many registered guests stands at a moment."""
    if stay.cancelled_at:
        return Standing.CANCELLED
    if stay.ended_at:
        return Standing.ENDED
    if stay.checks_out_at < at:
        return Standing.OVERDUE
    if registered:
        return Standing.IN_HOUSE
    return Standing.UNREGISTERED if stay.checks_in_at <= at else Standing.PLANNED
