"""Nights at a door: how many are known to have been occupied, and in how many of them somebody was registered.

A night is that of its evening, and what counts is who was there at its midnight. A night of which nobody said
anything is not known, and counted neither as occupied nor as vacant.
"""

from collections.abc import Callable
from datetime import date, timedelta

from sqlalchemy import CompoundSelect, Select, and_, func, literal, or_, select, union, union_all
from sqlalchemy.types import Date

from ..core import clock
from ..stays.models import Guest, NightMark, NightState, Stay
from ..units.models import Unit


def nights(known: Callable[..., Select | CompoundSelect]) -> Callable:
    """The count of a figure over the nights of a month: (unit, night) pairs, each once."""

    def count(span) -> Select:
        pairs = known(span, _nights_of(span)).subquery()
        return (
            select(span.of_unit, func.count())
            .select_from(pairs)
            .join(Unit, Unit.id == pairs.c.unit_id)
            .group_by(span.of_unit)
        )

    return count


def _nights_of(span):
    """The nights of the month whose midnight has passed, each with that moment."""
    first, last = clock.local_day(span.begins), clock.local_day(span.ends - timedelta(seconds=1))
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return union_all(*(_night(day) for day in days)).subquery("night")


def _night(day: date) -> Select:
    midnight = clock.day_bounds(day)[1]
    return select(
        literal(day, Date).label("night_on"), literal(midnight, Guest.arrived_at.type).label("midnight")
    )


def registered(span, night) -> Select:
    """Somebody who is registered was there at midnight."""
    gone_at = func.coalesce(Guest.left_at, Stay.ended_at)
    there = and_(Guest.arrived_at <= night.c.midnight, or_(gone_at.is_(None), gone_at > night.c.midnight))
    return (
        select(Guest.unit_id, night.c.night_on)
        .select_from(Guest)
        .join(Stay, Stay.id == Guest.stay_id)
        .join(Unit, Unit.id == Guest.unit_id)
        .join(night, there)
        .where(Guest.voided_at.is_(None), span.here, night.c.midnight <= clock.now())
        .where(Guest.arrived_at < span.ends, or_(gone_at.is_(None), gone_at > span.begins))
        .distinct()
    )


def occupied(span, night) -> CompoundSelect:
    """Somebody was registered, or a stay that nobody called off covered it, or the landlord said so."""
    return union(registered(span, night), _planned(span, night), _said(span, night))


def _planned(span, night) -> Select:
    ends_at = func.coalesce(Stay.ended_at, Stay.checks_out_at)
    covers = and_(Stay.checks_in_at <= night.c.midnight, ends_at > night.c.midnight)
    return (
        select(Stay.unit_id, night.c.night_on)
        .select_from(Stay)
        .join(Unit, Unit.id == Stay.unit_id)
        .join(night, covers)
        .where(Stay.cancelled_at.is_(None), span.here, night.c.midnight <= clock.now())
        .where(Stay.checks_in_at < span.ends, ends_at > span.begins)
    )


def _said(span, night) -> Select:
    return (
        select(NightMark.unit_id, night.c.night_on)
        .select_from(NightMark)
        .join(Unit, Unit.id == NightMark.unit_id)
        .join(night, night.c.night_on == NightMark.night_on)
        .where(NightMark.state == NightState.OCCUPIED, span.here, night.c.midnight <= clock.now())
    )
