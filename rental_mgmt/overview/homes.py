"""What each role's home answers: the next thing to do, in counts and a short list; no names."""

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from ..alerts import showing
from ..alerts.queue import AlertFilter, Which, get_page
from ..core import clock
from ..core.access import Actor, Role
from ..core.db import session
from ..exports.models import Export, ExportStatus, Lookup, LookupStatus
from ..stays import nights
from ..stays.models import Guest, OverseasReport, Stay
from ..stays.presence import is_present
from ..units.models import Filing, FilingStatus, Unit, UnitStatus
from ..units.scope import visible
from ..workorders.service import list_my_orders
from ..workorders.showing import orders_in_words

SHORT, MOST_CLOCKS = 6, 30
OVERSEAS_HOURS = 24


@dataclass
class Home:
    """One role's home: what it counts and lists."""

    alerts: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)
    tiles: list = field(default_factory=list)
    filings: list = field(default_factory=list)
    overseas: list = field(default_factory=list)
    orders: list = field(default_factory=list)


def home_of(actor: Actor) -> Home:
    """Everything the home of the actor's role shows."""
    make = {
        Role.LANDLORD: _landlord,
        Role.HELPER: _landlord,
        Role.GRID_WORKER: _field,
        Role.PROPERTY_MANAGER: _field,
        Role.COMMUNITY_OFFICER: _officer,
        Role.POLICE_LIAISON: _police,
        Role.STATION_LEAD: _police,
    }.get(actor.role)
    return make(actor) if make else Home()


def _landlord(actor: Actor) -> Home:
    tiles = nights.tiles(actor, nights.tonight())
    counts = {tile.value: sum(night.tile is tile for night in tiles) for tile in nights.Tile}
    return Home(alerts=_alerts(actor), counts=counts, tiles=tiles, filings=_own_filings(actor))


def _own_filings(actor: Actor) -> list:
    """Filings of one's own that wait for oneself: returned, or not yet submitted."""
    waiting = (FilingStatus.RETURNED, FilingStatus.DRAFT)
    query = visible(actor, Filing).where(Filing.status.in_(waiting)).options(joinedload(Filing.unit))
    return session.scalars(query.order_by(Filing.uid.desc()).limit(SHORT)).all()


def _field(actor: Actor) -> Home:
    """Orders in hand, then the alerts; to a grid worker those that nobody has yet."""
    in_hand = session.scalars(list_my_orders(actor).limit(SHORT)).all()
    which = Which.OPEN if actor.role is Role.GRID_WORKER else Which.LIVE
    return Home(alerts=_alerts(actor, which), counts=_tonight(actor), orders=orders_in_words(in_hand, actor))


def _officer(actor: Actor) -> Home:
    counts = _tonight(actor) | _units(actor) | {"urgent": _urgent_looks()}
    return Home(alerts=_alerts(actor), counts=counts)


def _police(actor: Actor) -> Home:
    stations = actor.station_ids
    waiting = select(func.count()).where(
        Export.station_id.in_(stations),
        Export.status == ExportStatus.REQUESTED,
        Export.requested_by_id != actor.user_id,
    )
    second = select(func.count()).where(
        Lookup.station_id.in_(stations),
        Lookup.status == LookupStatus.AWAITS_SECOND,
        Lookup.user_id != actor.user_id,
    )
    counts = {
        "exports": session.scalar(waiting),
        "looks": session.scalar(second),
        "filings": session.scalar(
            select(func.count()).select_from(
                visible(actor, Filing).where(Filing.status == FilingStatus.CHECKED).subquery()
            )
        ),
    }
    return Home(alerts=_alerts(actor), counts=counts, overseas=_overseas(actor))


def _overseas(actor: Actor) -> list[dict]:
    """Overseas guests present and not yet reported, the least time left first: unit and clock, no name."""
    query = (
        visible(actor, Guest)
        .with_only_columns(Guest.arrived_at, Unit.name, Unit.uid)
        .join(Stay, Stay.id == Guest.stay_id)
        .outerjoin(OverseasReport, OverseasReport.guest_id == Guest.id)
        .where(Guest.is_overseas.is_(True), is_present(clock.now()), OverseasReport.id.is_(None))
        .order_by(Guest.arrived_at, Guest.id)
        .limit(MOST_CLOCKS)
    )
    left = timedelta(hours=OVERSEAS_HOURS)
    return [
        {"unit": name, "unit_uid": uid, "until": arrived_at + left}
        for arrived_at, name, uid in session.execute(query)
    ]


def _alerts(actor: Actor, which: Which = Which.LIVE) -> list[dict]:
    rows = get_page(actor, AlertFilter(which), size=SHORT).items
    return [
        {"row": row, "where": row.unit_name or row.place_name, "until": showing.until(row, actor)}
        for row in rows
    ]


def _tonight(actor: Actor) -> dict:
    """How many are in house, and for how many stays of tonight nobody has come yet: counts only."""
    begins, ends = nights.night_bounds(nights.tonight())
    in_house = (
        visible(actor, Guest)
        .with_only_columns(func.count())
        .join(Stay, Stay.id == Guest.stay_id)
        .where(is_present(clock.now()))
    )
    came = select(Guest.id).where(Guest.stay_id == Stay.id, Guest.voided_at.is_(None))
    expected = (
        visible(actor, Stay)
        .with_only_columns(func.count())
        .where(Stay.cancelled_at.is_(None), Stay.ended_at.is_(None))
        .where(Stay.checks_in_at >= begins, Stay.checks_in_at < ends, ~came.exists())
    )
    return {"in_house": session.scalar(in_house), "expected": session.scalar(expected)}


def _units(actor: Actor) -> dict:
    query = visible(actor, Unit).with_only_columns(Unit.status, func.count()).group_by(Unit.status)
    found = dict(session.execute(query).all())
    return {f"units_{status.value}": found.get(status, 0) for status in UnitStatus}


def _urgent_looks() -> int:
    """Urgent look-ups and exports of this month whose second person came afterwards: counted in public."""
    since = clock.day_bounds(clock.local_day(clock.now()).replace(day=1))[0]
    looks = select(func.count()).where(Lookup.is_urgent.is_(True), Lookup.at >= since)
    exports = select(func.count()).where(Export.is_urgent.is_(True), Export.requested_at >= since)
    return session.scalar(looks) + session.scalar(exports)
