"""Alerts begin, pass from turn to turn, stand still and go on; whoever's turn it becomes is told."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from ..audit.service import record
from ..core import clock
from ..core.access import SYSTEM, Role
from ..core.db import on_postgresql, session
from ..core.i18n import lazy
from ..notices.service import Message, tell
from .history import note_down
from .models import Alert, AlertEvent, AlertStatus
from .recipients import People, compound_of, duty_tables
from .spots import spots_of
from .turns import (
    Duty,
    at_of,
    begun,
    came,
    duty_between,
    duty_of,
    ends_with_last_resort,
    is_note,
    last_resort,
    later,
    limit,
    plan,
    postponed,
    readers,
    roles_of,
    sign_by,
)

SLICE = 200
PROMPT = timedelta(minutes=1)
# What was reopened after its limit had passed has at least this long.
AT_LEAST = timedelta(hours=1)
YOUR_TURN = lazy("轮到您：%(where)s %(title)s")
WHAT_IT_SAYS = lazy("%(text)s")
# Helpers of a landlord are told with the landlord, except about somebody's identity.
TOLD_WITH = {Role.LANDLORD: Role.HELPER}


class Course:
    """What passing on has to know of some alerts, found in a few statements for all of them."""

    def __init__(self, alerts: Collection[Alert]):
        self.people = People(alerts)
        self._tables = duty_tables(alerts)

    def duty(self, alert: Alert) -> Duty:
        return duty_of(alert.severity, self._tables[compound_of(alert)])

    def has_somebody(self, alert: Alert, roles: Iterable[Role]) -> bool:
        return bool(self.people.of(alert, roles))


def open_alerts(
    alerts: Sequence[Alert], turns: Iterable[tuple[timedelta, Collection[Role]]], resolve_within: timedelta
) -> None:
    """Begin the turns of new alerts of one rule, store them, write their first line and tell whose turn it is.

    The caller has filled everything but turns, readers and clocks; `first_seen_at` is the moment t0.
    """
    turns, course = tuple(turns), Course(alerts)
    for alert in alerts:
        duty = course.duty(alert)
        alert.turns = plan(turns, alert.first_seen_at, duty)
        alert.resolve_by = limit(alert.turns, resolve_within, duty)
        alert.status, alert.live_key, alert.readers = AlertStatus.OPEN, alert.key, 0
        _enter(alert, 0, alert.first_seen_at, course)
    session.add_all(alerts)
    session.flush()
    for alert in alerts:
        note_down(alert, AlertEvent.OPENED, rule=alert.rule, severity=int(alert.severity))
        record(SYSTEM, "alert.open", alert, alert.chain, rule=alert.rule, severity=int(alert.severity))
    tell_whose_turn(alerts, course)


def _enter(alert: Alert, step: int, at: datetime, course: Course) -> None:
    """Let a turn begin, or the next one that has somebody in scope, or the last resort's."""
    duty, turns = course.duty(alert), list(alert.turns)
    while step < len(turns) and not (is_note(turns) or course.has_somebody(alert, roles_of(turns[step]))):
        step += 1
        if step < len(turns):
            turns = begun(turns, step, at, duty)
    if step == len(turns):
        turns.append({"at": at.isoformat(), "roles": [last_resort(alert.is_identity)]})
    alert.turns, alert.step = turns, step
    alert.readers |= readers(turns, step, alert.is_identity)
    alert.sign_by = sign_by(alert.severity, turns, step, duty)
    alert.next_turn_at = next_turn_at(alert)


def next_turn_at(alert: Alert) -> datetime | None:
    """When the turn passes on if nobody closes the alert: the next turn's moment, after the last one the limit.

    What somebody has claimed passes on only when its limit has passed.
    """
    if alert.step + 1 < len(alert.turns):
        planned = at_of(alert.turns[alert.step + 1])
    elif is_note(alert.turns) or ends_with_last_resort(alert.turns, alert.step, alert.is_identity):
        return None
    else:
        planned = max(alert.resolve_by, alert.sign_by)
    return max(planned, alert.resolve_by) if alert.status is AlertStatus.CLAIMED else planned


def tell_whose_turn(alerts: Collection[Alert], course: Course) -> None:
    """A notice to everybody whose turn it is now, about stored alerts."""
    words = words_of(alerts)
    tell(_message(alert, course, words[alert.uid]) for alert in alerts)


def _message(alert: Alert, course: Course, words: dict[str, str]) -> Message:
    roles = roles_of(alert.turns[alert.step])
    told = roles | ({TOLD_WITH[role] for role in roles & TOLD_WITH.keys()} if not alert.is_identity else set())
    people = course.people.of(alert, told)
    return Message(people, "alert.turn", YOUR_TURN, WHAT_IT_SAYS, link_to(alert), words)


def words_of(alerts: Collection[Alert]) -> dict[UUID, dict[str, str]]:
    """Where stored alerts are and what they say, as values of notices in both languages, by uid."""
    spots = spots_of(alerts)
    said = ("title", "title_en", "text", "text_en")
    return {a.uid: {"where": spots[a.id].name} | {name: getattr(a, name) for name in said} for a in alerts}


def link_to(alert: Alert) -> str:
    return f"/alerts/{alert.uid}"


# --- passing on ---------------------------------------------------------------------------------------------


def pass_turns(at: datetime) -> int:
    """Pass on a slice of the alerts whose turn is over; returns how many there were (0: none is left)."""
    due = (
        select(Alert)
        .where(Alert.live_key.is_not(None), Alert.next_turn_at <= at)
        .order_by(Alert.next_turn_at, Alert.id)
        .limit(SLICE)
    )
    # What somebody is claiming at this moment is looked at again in ten seconds.
    alerts = session.scalars(due.with_for_update(skip_locked=True) if on_postgresql() else due).all()
    pass_on(alerts, at)
    return len(alerts)


def pass_on(alerts: Sequence[Alert], at: datetime) -> None:
    """The turn of these alerts is over: the next one begins now."""
    if not alerts:
        return
    course = Course(alerts)
    for alert in alerts:
        following = alert.step + 1
        if following < len(alert.turns) and not _is_prompt(at_of(alert.turns[following]), at):
            alert.turns = begun(alert.turns, following, at, course.duty(alert))
        _enter(alert, following, at, course)
        roles = sorted(roles_of(alert.turns[alert.step]))
        note_down(alert, AlertEvent.TURN_PASSED, step=alert.step, roles=roles)
        record(SYSTEM, "alert.pass_turn", alert, alert.chain, step=alert.step, roles=roles)
    tell_whose_turn(alerts, course)


def _is_prompt(planned: datetime, at: datetime) -> bool:
    """Does a turn begin when it was planned? Else those who have it get their whole time from now."""
    return timedelta(0) <= at - planned <= PROMPT


# --- standing still and going on ---------------------------------------------------------------------------


def stand_still(alert: Alert, until: datetime) -> None:
    """Stop the clocks until a moment: turns and limits keep the duty time they had left."""
    stopped, duty = max(clock.now(), alert.waits_until or clock.now()), Course([alert]).duty(alert)
    spans = duty(roles_of(alert.turns[alert.step]))
    alert.turns = postponed(alert.turns, alert.step, stopped, until, duty)
    alert.resolve_by = later(alert.resolve_by, stopped, until, spans)
    alert.waits_until = until
    alert.next_turn_at = next_turn_at(alert)


def start_anew(alert: Alert, at: datetime) -> None:
    """A reopened alert: the turn it had begins again, with as much time as the rule gave at first."""
    duty = Course([alert]).duty(alert)
    spans = duty(came(alert.turns, alert.step))
    given = max(duty_between(at_of(alert.turns[0]), alert.resolve_by, spans), AT_LEAST)
    alert.turns = begun(alert.turns, alert.step, at, duty)
    alert.resolve_by = limit(alert.turns[alert.step :], given, duty)
    alert.sign_by = sign_by(alert.severity, alert.turns, alert.step, duty)
    alert.waits_until, alert.next_turn_at = None, next_turn_at(alert)
