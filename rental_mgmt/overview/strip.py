"""The last thirty days of a unit on one time axis: plans, registered stays, door events, alerts."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from ..alerts.models import Alert
from ..alerts.service import is_read_by
from ..core import clock
from ..core.access import Actor
from ..core.db import session
from ..core.i18n import _, locale
from ..devices.models import KeyPurpose, LockAction, LockEvent
from ..stays.models import Guest, Stay
from ..units.models import Unit

DAYS = 30
MOST_EVENTS = 400


def last_days(actor: Actor, unit: Unit) -> dict:
    """What the strip macro draws; four statements."""
    today = clock.local_day(clock.now())
    first = today - timedelta(days=DAYS - 1)
    start, end = clock.day_bounds(first)[0], clock.day_bounds(today)[1]
    plans, stays = _stays(unit, start, end)
    return {
        "title": _("最近 30 天"),
        "days": [first + timedelta(days=n) for n in range(DAYS)],
        "start": start,
        "end": end,
        "rows": [
            {"label": _("计划"), "kind": "plan", "marks": plans},
            {"label": _("已登记"), "kind": "stay", "marks": stays},
            {"label": _("门锁"), "kind": "door", "marks": _door_events(unit, start)},
            {"label": _("预警"), "kind": "alert", "marks": _alerts(actor, unit, start)},
        ],
    }


def _stays(unit: Unit, start: datetime, end: datetime) -> tuple[list[dict], list[dict]]:
    guests = (
        select(Guest.stay_id, func.count().label("guests"), func.min(Guest.arrived_at).label("arrived_at"))
        .where(Guest.unit_id == unit.id, Guest.voided_at.is_(None))
        .group_by(Guest.stay_id)
        .subquery()
    )
    query = (
        select(Stay, guests.c.guests, guests.c.arrived_at)
        .outerjoin(guests, guests.c.stay_id == Stay.id)
        .where(
            Stay.unit_id == unit.id,
            Stay.cancelled_at.is_(None),
            Stay.checks_in_at < end,
            (Stay.ended_at > start) | ((Stay.ended_at.is_(None)) & (Stay.checks_out_at > start)),
        )
        .order_by(Stay.checks_in_at)
    )
    plans, stays = [], []
    for stay, count, arrived_at in session.execute(query):
        word = _("计划 %(n)s 人", n=stay.planned_guests or "?")
        plans.append({"start": max(stay.checks_in_at, start), "end": stay.checks_out_at, "word": word})
        if count:
            gone = stay.ended_at or max(clock.now(), arrived_at)
            word = _("登记 %(n)s 人", n=count)
            stays.append({"start": max(arrived_at, start), "end": gone, "word": word})
    return plans, stays


def _door_events(unit: Unit, start: datetime) -> list[dict]:
    query = (
        select(LockEvent.occurred_at, LockEvent.key_purpose)
        .where(
            LockEvent.unit_id == unit.id,
            LockEvent.occurred_at >= start,
            LockEvent.action == LockAction.UNLOCK,
        )
        .order_by(LockEvent.occurred_at.desc())
        .limit(MOST_EVENTS)
    )
    aside = (KeyPurpose.CLEANER, KeyPurpose.OWNER)
    return [
        {"start": at, "word": str(purpose.label), "tone": "quiet" if purpose in aside else ""}
        for at, purpose in reversed(session.execute(query).all())
    ]


def _alerts(actor: Actor, unit: Unit, start: datetime) -> list[dict]:
    """Only what the actor's role reads."""
    query = select(Alert).where(Alert.unit_id == unit.id, Alert.first_seen_at >= start, is_read_by(actor.role))
    return [
        {
            "start": alert.first_seen_at,
            "word": alert.title_en if locale() == "en" else alert.title,
            "tone": f"p{int(alert.severity)}",
        }
        for alert in session.scalars(query.order_by(Alert.first_seen_at))
    ]
