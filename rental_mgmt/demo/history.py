"""The weeks behind the demo: what the rules would have found then, answered and judged by the cast.

Nothing is made up in the tables: the engine judges the imported ledger as of past moments, and its alerts are
taken to their end by the same services that the pages call.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from random import Random

from sqlalchemy import select, update

from ..alerts import service as alerts
from ..alerts.models import Alert, AlertStatus, AnswerKind, Verdict
from ..alerts.passing import pass_turns
from ..core import clock
from ..core.access import Actor, Role
from ..core.clock import freeze_at
from ..core.db import session, unit_of_work
from ..notices.models import Notice
from ..rules.base import load_rules
from ..rules.engine import run_rule
from ..rules.tuning import Tuning
from ..stays.models import Stay
from ..workorders import approvals, reports
from ..workorders import service as orders
from ..workorders.models import WorkOrder
from ..workorders.reports import Found, Photo, Report
from .acting import actor_of, landlord_of
from .cast import Player, find_player, player
from .pictures import photo_of_door

# A stay is judged for seven days after its end: each comes up once. The last week is left to the scheduler.
EVENINGS, APART = 7, timedelta(days=8)
NOT_YET = datetime(2200, 1, 1, tzinfo=clock.UTC)
# In turn, so that every month has its share of each.
VERDICTS = (*(Verdict.TRUE,) * 3, Verdict.FALSE, *(Verdict.TRUE,) * 2, Verdict.DUPLICATE)
ANSWERS = (AnswerKind.REGISTERING_NOW, AnswerKind.DISSUADED, AnswerKind.CLEANING_OR_SELF, None)
NOTES = {
    Verdict.TRUE: "现场核实属实，已当场补登并告知。",
    Verdict.FALSE: "电话与现场核实，登记无误。",
    Verdict.DUPLICATE: "与前一条为同一情况。",
}


def live_through(today: date) -> int:
    """Judge the past months evening by evening, some days apart; returns how many alerts were closed."""
    closed = 0
    for evening in range(EVENINGS, 0, -1):
        at = clock.local_time(today - evening * APART, time(18, 30))
        with freeze_at(at):
            know_stays_until(at)
            _judge_everything(at)
        for hours, deed in ((1, _answer), (5, _pass_on), (6, _work_off)):
            with freeze_at(at + timedelta(hours=hours)):
                closed += deed() or 0
    know_stays_until(NOT_YET)
    with unit_of_work():
        session.execute(update(Notice).values(read_at=Notice.created_at))
    return closed


def know_stays_until(at: datetime) -> None:
    """The ledger was imported today: of what came after that moment nobody knew, so it counts as called off."""
    with unit_of_work():
        later = Stay.checks_in_at > at, Stay.cancelled_at.is_(None)
        session.execute(update(Stay).where(*later).values(cancelled_at=NOT_YET))
        known = Stay.checks_in_at <= at, Stay.cancelled_at == NOT_YET
        session.execute(update(Stay).where(*known).values(cancelled_at=None))


def _judge_everything(at: datetime) -> None:
    for rule in load_rules().values():
        run_rule(rule, None, at, Tuning())


def _open_alerts() -> Iterator[Alert]:
    yield from session.scalars(select(Alert).where(Alert.status == AlertStatus.OPEN).order_by(Alert.id)).all()


def _chance(alert: Alert) -> Random:
    return Random(f"{alert.rule} {alert.place_id}")


# --- what people did ----------------------------------------------------------------------------------------


def _answer() -> None:
    """Some landlords answer in their turn."""
    with unit_of_work():
        for alert in _open_alerts():
            kind = _chance(alert).choice(ANSWERS)
            if kind and alerts.minutes_of_landlord(alert) is not None:
                alerts.answer(landlord_of(alert.party_id), alert, kind)


def _pass_on() -> None:
    with unit_of_work():
        while pass_turns(clock.now()):
            session.flush()


def _work_off() -> int:
    """Whoever's turn it is takes each alert, reports, and a second person approves."""
    with unit_of_work():
        done = [_close(alert) for alert in _open_alerts()]
    return sum(done)


def _close(alert: Alert) -> bool:
    handler = next((one for one in _hands() if alerts.may_handle(alert, actor_of(one))), None)
    if handler is None:
        return False
    verdict, actor = VERDICTS[alert.id % len(VERDICTS)], actor_of(handler)
    order = orders.claim(actor, alert)
    session.flush()
    reports.report(actor, order, _report(order, verdict))
    session.flush()
    if order.needs_approval:
        approvals.approve(_second(order), order)
        session.flush()
    return True


def _report(order: WorkOrder, verdict: Verdict) -> Report:
    found = Found.PROBLEM if verdict is Verdict.TRUE else Found.OK
    answers = {item["item"]: found for item in order.checklist}
    photos = [Photo(item["item"], photo_of_door()) for item in order.checklist if item.get("photo")]
    return Report(result=verdict, answers=answers, note=NOTES[verdict], photos=photos)


def _hands() -> tuple[Player, ...]:
    return (
        player(Role.GRID_WORKER),
        player(Role.PROPERTY_MANAGER),
        player(Role.POLICE_LIAISON),
        player(Role.COMMUNITY_OFFICER),
        player(Role.STATION_LEAD),
    )


def _second(order: WorkOrder) -> Actor:
    others = (find_player("wuye.lin"), player(Role.STATION_LEAD), player(Role.POLICE_LIAISON))
    return next(actor for actor in map(actor_of, others) if approvals.may_approve(order, actor))
