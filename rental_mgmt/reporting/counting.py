"""What the figures are counted with: set-based SELECTs over all places of a kind at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from ..alerts.models import Alert
from ..core.portable import later_by, seconds_between
from ..stays.models import MINOR, Guest, OverseasReport, Stay
from ..units.models import Unit

REPORT_WITHIN = timedelta(hours=24)


@dataclass(frozen=True)
class Span:
    """A month: its first moment, the first of the next, the column of the place; perhaps one place only."""

    begins: datetime
    ends: datetime
    place: str
    only: int | None = None

    @property
    def of_unit(self) -> ColumnElement[int]:
        """The place a unit counts for: its compound or its community."""
        return getattr(Unit, self.place)

    @property
    def here(self) -> ColumnElement[bool]:
        """All places at once for a month to freeze; one place for the month that runs."""
        return true() if self.only is None else self.of_unit == self.only


# --- guests and stays ---------------------------------------------------------------------------------------


def guests(*conditions: ColumnElement[bool]) -> Callable[[Span], Select]:
    def count(span: Span) -> Select:
        return (
            select(span.of_unit, func.count())
            .select_from(Guest)
            .join(Unit, Unit.id == Guest.unit_id)
            .where(_arrived(span), span.here, *conditions)
            .group_by(span.of_unit)
        )

    return count


def _arrived(span: Span) -> ColumnElement[bool]:
    return and_(Guest.arrived_at >= span.begins, Guest.arrived_at < span.ends, Guest.voided_at.is_(None))


# Rows of a ledger say nothing about how quickly somebody registered.
AT_THE_DOOR = Guest.import_batch_id.is_(None)
IS_MINOR = Guest.age_at_check_in < MINOR


def stays(span: Span) -> Select:
    return (
        select(span.of_unit, func.count(Guest.stay_id.distinct()))
        .select_from(Guest)
        .join(Unit, Unit.id == Guest.unit_id)
        .where(_arrived(span), span.here)
        .group_by(span.of_unit)
    )


def nobody_registered(span: Span) -> Select:
    guests = select(Guest.id).where(Guest.stay_id == Stay.id, Guest.voided_at.is_(None)).exists()
    return (
        select(span.of_unit, func.count())
        .select_from(Stay)
        .join(Unit, Unit.id == Stay.unit_id)
        .where(Stay.checks_in_at >= span.begins, Stay.checks_in_at < span.ends)
        .where(Stay.cancelled_at.is_(None), ~guests, span.here)
        .group_by(span.of_unit)
    )


def median_minutes(span: Span) -> Select:
    """The middle one (the mean of the middle two) of the minutes between arrival and registration."""
    minutes = seconds_between(Guest.arrived_at, Guest.recorded_at) / 60
    place = span.of_unit.label("place")
    ranked = (
        select(
            place,
            minutes.label("minutes"),
            func.row_number().over(partition_by=place, order_by=minutes).label("rank"),
            func.count().over(partition_by=place).label("all"),
        )
        .select_from(Guest)
        .join(Unit, Unit.id == Guest.unit_id)
        .where(_arrived(span), AT_THE_DOOR, Guest.recorded_at >= Guest.arrived_at, span.here)
        .subquery()
    )
    middle = (ranked.c.rank * 2 >= ranked.c.all) & (ranked.c.rank * 2 <= ranked.c.all + 2)
    return select(ranked.c.place, func.avg(ranked.c.minutes)).where(middle).group_by(ranked.c.place)


def reported_in_time(span: Span) -> Select:
    in_time = OverseasReport.reported_at <= later_by(Guest.arrived_at, REPORT_WITHIN)
    return guests(Guest.is_overseas.is_(True), in_time)(span).join(
        OverseasReport, OverseasReport.guest_id == Guest.id
    )


# --- alerts and units ---------------------------------------------------------------------------------------


def alerts(at: str, *conditions: ColumnElement[bool]) -> Callable[[Span], Select]:
    """Alerts by the place of their unit, by the moment in a column."""

    def count(span: Span) -> Select:
        moment = getattr(Alert, at)
        return (
            select(span.of_unit, func.count())
            .select_from(Alert)
            .join(Unit, Unit.id == Alert.unit_id)
            .where(moment >= span.begins, moment < span.ends, span.here, *conditions)
            .group_by(span.of_unit)
        )

    return count


def units(span: Span) -> Select:
    """Units in operation at the end of the month."""
    return (
        select(span.of_unit, func.count())
        .where(
            Unit.activated_at < span.ends,
            or_(Unit.closed_at.is_(None), Unit.closed_at >= span.ends),
            Unit.merged_into_id.is_(None),
            span.here,
        )
        .group_by(span.of_unit)
    )


def known_units(span: Span) -> Select:
    """All that are known, claimed or not."""
    return (
        select(span.of_unit, func.count())
        .where(
            Unit.created_at < span.ends,
            or_(Unit.closed_at.is_(None), Unit.closed_at >= span.ends),
            Unit.merged_into_id.is_(None),
            span.here,
        )
        .group_by(span.of_unit)
    )
