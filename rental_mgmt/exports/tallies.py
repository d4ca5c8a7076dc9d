"""How often the police looked up and took out, per station and month: counts that anybody may read."""

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import Row, Subquery, and_, func, literal, select, union_all

from ..core import clock
from ..core.db import session
from ..core.portable import moment
from ..places.models import PoliceStation
from .models import Export, ExportStatus, Lookup, LookupStatus

MONTHS = 6


def recent_months(count: int = MONTHS) -> list[date]:
    """The first days of the last months, this one first."""
    first, found = clock.local_day(clock.now()).replace(day=1), []
    for _n in range(count):
        found.append(first)
        first = (first - timedelta(days=1)).replace(day=1)
    return found


def public_lookups(months: Sequence[date]) -> Sequence[Row]:
    """Look-ups by station and month, newest first: asked, found nothing, met minors, urgent, second in time."""
    spans, now = _spans(months), clock.now()
    decided = Lookup.status.in_((LookupStatus.APPROVED, LookupStatus.REFUSED))
    urgent = Lookup.is_urgent.is_(True)
    query = (
        select(
            spans.c.month,
            PoliceStation.name,
            func.count().label("asked"),
            func.count().filter(Lookup.found == 0).label("in_vain"),
            func.count().filter(Lookup.minors > 0).label("minors"),
            func.count().filter(urgent).label("urgent"),
            func.count().filter(urgent, decided, Lookup.second_at <= Lookup.second_until).label("in_time"),
            func.count().filter(urgent, ~decided, Lookup.second_until < now).label("overdue"),
        )
        .select_from(Lookup)
        .join(spans, and_(Lookup.at >= spans.c.begins, Lookup.at < spans.c.ends))
        .join(PoliceStation, PoliceStation.id == Lookup.station_id)
    )
    return _by_station(query, spans)


def public_exports(months: Sequence[date]) -> Sequence[Row]:
    """Exports by station and month, newest first: asked, refused, taken, urgent, second in time."""
    spans, now = _spans(months), clock.now()
    urgent, open_ = Export.is_urgent.is_(True), Export.approved_at.is_(None) & Export.refused_at.is_(None)
    decided_at = func.coalesce(Export.approved_at, Export.refused_at)
    query = (
        select(
            spans.c.month,
            PoliceStation.name,
            func.count().label("asked"),
            func.count().filter(Export.refused_at.is_not(None)).label("refused"),
            func.count().filter(Export.status == ExportStatus.DOWNLOADED).label("taken"),
            func.count().filter(urgent).label("urgent"),
            func.count().filter(urgent, decided_at <= Export.approve_by).label("in_time"),
            func.count().filter(urgent, open_, Export.approve_by < now).label("overdue"),
        )
        .select_from(Export)
        .join(spans, and_(Export.requested_at >= spans.c.begins, Export.requested_at < spans.c.ends))
        .join(PoliceStation, PoliceStation.id == Export.station_id)
    )
    return _by_station(query, spans)


def _by_station(query, spans: Subquery) -> Sequence[Row]:
    grouped = query.group_by(spans.c.month, PoliceStation.id, PoliceStation.name)
    return session.execute(grouped.order_by(spans.c.month.desc(), PoliceStation.name)).all()


def _spans(months: Sequence[date]) -> Subquery:
    """The months as rows, so that every month is counted in one statement."""
    return union_all(*(_span(month) for month in months)).subquery()


def _span(month: date):
    begins, ends = clock.month_bounds(month.year, month.month)
    return select(
        literal(f"{month:%Y-%m}").label("month"), moment(begins).label("begins"), moment(ends).label("ends")
    )
