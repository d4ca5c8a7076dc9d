"""Whose turn it is with an alert and until when: pure arithmetic over turns, duty hours and waits.

A clock runs only while somebody whose turn it is is on duty: a night does not make a grid worker late.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, time, timedelta
from itertools import pairwise
from typing import NamedTuple

from ..core.access import PARTY_ROLES, POLICE_ROLES, Role
from ..core.clock import UTC, local_day, local_time
from .models import ROLE_BITS, Severity

DAY = 24 * 60
ALWAYS = ((0, DAY),)
OFFICE_HOURS = (8, 20)
ALWAYS_ON_DUTY = PARTY_ROLES | POLICE_ROLES
SIGN_WITHIN = {
    Severity.P0: timedelta(minutes=3),
    Severity.P1: timedelta(minutes=10),
    Severity.P2: timedelta(hours=1),
    Severity.P3: timedelta(hours=8),
    Severity.P4: timedelta(days=2),
}

# Minutes of the local day, sorted and apart: ((480, 1200),) is 08:00 to 20:00.
Spans = tuple[tuple[int, int], ...]
# From and to hour of the local day by role, where a compound set its own.
DutyTable = Mapping[Role, tuple[int, int]]
Duty = Callable[[Collection[Role]], Spans]


class Turn(NamedTuple):
    """From so long after the beginning on, these roles may act together."""

    after: timedelta
    roles: Collection[Role]


# --- duty hours ---------------------------------------------------------------------------------------------


def duty_of(severity: Severity, table: DutyTable) -> Duty:
    """When some of these roles are on duty: landlord and police always, property always for P0 and P1."""
    return lambda roles: _merged(span for role in roles for span in _spans_of(role, severity, table))


def _spans_of(role: Role, severity: Severity, table: DutyTable) -> Spans:
    if role in ALWAYS_ON_DUTY or (role is Role.PROPERTY_MANAGER and severity <= Severity.P1):
        return ALWAYS
    begins, ends = (hour * 60 for hour in table.get(role, OFFICE_HOURS))
    if begins == ends:
        return ALWAYS
    # 20 to 8 is a night shift: two spans of the day.
    return ((begins, ends),) if begins < ends else ((0, ends), (begins, DAY))


def _merged(spans: Iterable[tuple[int, int]]) -> Spans:
    found: list[tuple[int, int]] = []
    for begins, ends in sorted(spans):
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(ends, found[-1][1]))
        else:
            found.append((begins, ends))
    return tuple(found) or ALWAYS


def after_duty(start: datetime, span: timedelta, spans: Spans) -> datetime:
    """The moment at which so much duty time has passed since `start`."""
    if spans == ALWAYS:
        return start + span
    for begins, ends in _stretches(start, spans):
        if begins + span <= ends:
            return begins + span
        span -= ends - begins
    raise AssertionError("duty hours never end")


def duty_between(start: datetime, end: datetime, spans: Spans) -> timedelta:
    """How much duty time lies between two moments; none when the end is the earlier one."""
    passed = timedelta(0)
    for begins, ends in _stretches(start, spans):
        if begins >= end:
            break
        passed += min(ends, end) - begins
    return passed


def _stretches(start: datetime, spans: Spans) -> Iterable[tuple[datetime, datetime]]:
    """The stretches of duty from a moment on, without end."""
    day = local_day(start)
    while True:
        midnight = local_time(day, time(0))
        for begins, ends in spans:
            ends_at = midnight + timedelta(minutes=ends)
            if ends_at > start:
                yield max(start, midnight + timedelta(minutes=begins)), ends_at
        day += timedelta(days=1)


# --- the plan of one alert ----------------------------------------------------------------------------------


def plan(turns: Iterable[tuple[timedelta, Collection[Role]]], t0: datetime, duty: Duty) -> list[dict]:
    """The turns with their moments, as an alert stores them: [{"at": iso, "roles": [...]}, …]."""
    ordered = sorted(turns, key=lambda turn: turn[0])
    at, planned = t0 + ordered[0][0], []
    for n, (after, roles) in enumerate(ordered):
        if n:
            at = after_duty(at, after - ordered[n - 1][0], duty(ordered[n - 1][1]))
        planned.append({"at": at.astimezone(UTC).isoformat(), "roles": sorted(roles)})
    return planned


def at_of(turn: dict) -> datetime:
    return datetime.fromisoformat(turn["at"])


def roles_of(turn: dict) -> frozenset[Role]:
    return frozenset(map(Role, turn["roles"]))


def begun(turns: list[dict], step: int, at: datetime, duty: Duty) -> list[dict]:
    """The same turns when this one begins at another moment: those after it keep their spans of duty time."""
    moved = list(turns)
    moved[step] = turns[step] | {"at": at.isoformat()}
    for (before, old), n in zip(pairwise(turns[step:]), range(step + 1, len(turns)), strict=True):
        spans = duty(roles_of(before))
        at = after_duty(at, duty_between(at_of(before), at_of(old), spans), spans)
        moved[n] = old | {"at": at.isoformat()}
    return moved


def postponed(turns: list[dict], step: int, stopped: datetime, until: datetime, duty: Duty) -> list[dict]:
    """The turns after a clock that stood still from `stopped` to `until`: what was left is left still."""
    if step + 1 >= len(turns):
        return turns
    spans = duty(roles_of(turns[step]))
    left = duty_between(stopped, at_of(turns[step + 1]), spans)
    return begun(turns, step + 1, after_duty(until, left, spans), duty)


def later(moment: datetime, stopped: datetime, until: datetime, spans: Spans) -> datetime:
    """A limit after a clock that stood still; one that had passed already stays passed."""
    left = duty_between(stopped, moment, spans)
    return after_duty(until, left, spans) if left else moment


def limit(turns: list[dict], span: timedelta, duty: Duty) -> datetime:
    """When a span from the first turn on is over; in each turn only the duty time of its roles counts."""
    for turn, following in pairwise(turns):
        spans = duty(roles_of(turn))
        passes = duty_between(at_of(turn), at_of(following), spans)
        if span <= passes:
            return after_duty(at_of(turn), span, spans)
        span -= passes
    return after_duty(at_of(turns[-1]), span, duty(roles_of(turns[-1])))


def sign_by(severity: Severity, turns: list[dict], step: int, duty: Duty) -> datetime:
    """Until when somebody whose turn it is should have taken it."""
    return after_duty(at_of(turns[step]), SIGN_WITHIN[severity], duty(roles_of(turns[step])))


# --- who may --------------------------------------------------------------------------------------------------


def came(turns: list[dict], step: int) -> frozenset[Role]:
    """The roles whose turn has come by now."""
    return frozenset(role for turn in turns[: step + 1] for role in roles_of(turn))


def readers(turns: list[dict], step: int, is_identity: bool) -> int:
    """The bits of the roles that may read.

    Those whose turn has come; what is about nobody's identity also a helper with the landlord, and the property
    manager from the beginning.
    """
    roles = came(turns, step)
    if not is_identity:
        roles |= set() if is_note(turns) else {Role.PROPERTY_MANAGER}
        roles |= {Role.HELPER} if Role.LANDLORD in roles else set()
    return bits(roles)


def is_note(turns: list[dict]) -> bool:
    """Is it for the landlord alone, now and later?"""
    return all(roles_of(turn) <= PARTY_ROLES for turn in turns)


def bits(roles: Iterable[Role]) -> int:
    return sum(ROLE_BITS[role] for role in set(roles))


def may_act(role: Role, turns: list[dict], step: int, is_identity: bool) -> bool:
    """Is it, or was it, this role's turn? The property manager may also act once the landlord's is over."""
    roles = came(turns, step)
    if role is Role.PROPERTY_MANAGER and not is_identity:
        return role in roles or (Role.LANDLORD in roles and Role.LANDLORD not in roles_of(turns[step]))
    return role in roles


def last_resort(is_identity: bool) -> Role:
    """To whom an alert falls that nobody else has."""
    return Role.STATION_LEAD if is_identity else Role.COMMUNITY_OFFICER


def ends_with_last_resort(turns: list[dict], step: int, is_identity: bool) -> bool:
    return last_resort(is_identity) in roles_of(turns[step])
