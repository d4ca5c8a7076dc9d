"""Run the rules over what was touched and whose time has come: a tick costs what changed, not what exists.

Each rule has short transactions of its own; the touches go in the last one, by the ids that were read. Whatever
happens in between, nothing is lost: what was read is looked at again, and looking twice changes nothing.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Delete, Insert, delete, func, insert, literal, select, text
from sqlalchemy.exc import IntegrityError

from ..alerts.facts import Finding, Taken
from ..alerts.intake import HELD_AGAIN_AFTER, take_findings
from ..core.db import Words, on_postgresql, run, session, unit_of_work
from ..core.portable import among
from ..core.prepared import prepare
from ..core.touch import Due, Kind, Touch
from ..units.models import Unit
from .base import Ids, Rule, load_rules
from .findings import find
from .tuning import Plan, Tuning
from .work import Work, read_work

log = logging.getLogger(__name__)

TICK = timedelta(seconds=10)
# So many subjects in one transaction.
SLICE = 2000
FEW_SUBJECTS = text(
    "SELECT set_config('jit', 'off', true), set_config('random_page_cost', '1.1', true), "
    "set_config('max_parallel_workers_per_gather', '0', true), "
    # A plan for any array at all takes a thousand subjects for ten.
    "set_config('plan_cache_mode', 'force_custom_plan', true)"
)
# A rule that failed is tried again.
RETRY = timedelta(minutes=1)


@dataclass
class Ticked:
    """What a tick did."""

    touches: int = 0
    dues: int = 0
    opened: int = 0
    risen: int = 0
    closed: int = 0
    held: int = 0
    failed: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, taken: Taken) -> None:
        self.opened += len(taken.opened)
        self.risen += len(taken.risen)
        self.closed += len(taken.closed)
        self.held += taken.held


def tick(at: datetime) -> Ticked:
    """Look at everything touched or due by a moment; a rule that fails holds up no other."""
    begun, ticked = time.monotonic(), Ticked()
    rules = load_rules()
    with unit_of_work(read_only=True):
        work = read_work(at, rules.values())
        tuning = Tuning() if work.touches or work.dues else None
    ticked.touches, ticked.dues = len(work.touches), work.dues
    for rule in rules.values():
        ids = work.subjects(rule)
        if ids is not None and not ids:
            continue
        try:
            for part in _slices(ids):
                ticked.add(run_rule(rule, part, at, tuning))
        except Exception:
            log.exception("rule failed", extra={"rule": rule.code})
            ticked.failed.append(rule.code)
            session.rollback()
    _finish(work, [rules[code] for code in ticked.failed], at)
    ticked.seconds = round(time.monotonic() - begun, 3)
    return ticked


def _slices(ids: Ids) -> Iterator[Ids]:
    if ids is None:
        yield None
    else:
        ordered = sorted(ids)
        yield from (ordered[n : n + SLICE] for n in range(0, len(ordered), SLICE))


def run_rule(rule: Rule, ids: Ids, at: datetime, tuning: Tuning) -> Taken:
    """Judge these subjects (None: all) by one rule and store what follows, in one transaction.

    Two engines may open the same alert at once; the one that comes second begins again and finds it there.
    """
    try:
        with unit_of_work():
            return judge(rule, ids, at, tuning)
    except IntegrityError:
        with unit_of_work():
            return judge(rule, ids, at, tuning)


def judge(rule: Rule, ids: Ids, at: datetime, tuning: Tuning) -> Taken:
    """Find, bring the alerts in line, and note when to look again."""
    if on_postgresql() and ids is not None:
        # A few subjects among a long history: compiling took 280 of 370 ms, parallel scans the rest.
        session.execute(FEW_SUBJECTS)
    plans = tuning.plans(rule, ids)
    on = [plan for plan in plans if plan.is_on]
    found = [finding for plan in on for finding in _found(rule, plan, at)]
    taken = take_findings(rule.facts(), found, _looked_at(on, plans), at)
    _replace_dues(rule, ids, on, taken, at)
    return taken


def _found(rule: Rule, plan: Plan, at: datetime) -> list[Finding]:
    findings = find(rule, at, plan.ids, plan.settings)
    return [replace(f, version=plan.version) for f in findings if f.subject_key not in plan.besides]


def _looked_at(on: Sequence[Plan], plans: Sequence[Plan]) -> Ids:
    """Whose alerts the findings speak about: where a rule is switched off, its alerts stay as they are."""
    if len(on) == len(plans) and any(plan.ids is None for plan in plans):
        return None
    return {key for plan in on for key in _all_of(plan)}


def _all_of(plan: Plan) -> Ids:
    if plan.ids is not None:
        return plan.ids
    return set(session.scalars(select(Unit.id))) - set(plan.besides)


# --- when to look again -------------------------------------------------------------------------------------


def _replace_dues(rule: Rule, ids: Ids, on: Sequence[Plan], taken: Taken, at: datetime) -> None:
    """The next moments at which time alone may change the answer, instead of those noted before."""
    run(*prepare(("dues", rule.code), lambda _at, ids: _dues(rule, ids), at, ids))
    for plan in on:
        _note_dues(rule, plan, at)
    rows = [_due(rule, key, at + TICK) for key in taken.cleaned]
    rows += [_due(rule, key, moment) for key, moment in taken.again]
    if taken.held:
        rows.append(_due(rule, rule.facts().number, at + HELD_AGAIN_AFTER, Kind.RULE))
    if rows:
        session.execute(insert(Due.__table__), rows)


def _dues(rule: Rule, ids: Ids) -> Delete:
    old = delete(Due.__table__).where(Due.rule == rule.code, among(Due.key, ids))
    return old if ids is None else old.where(Due.kind == rule.kind)


def _note_dues(rule: Rule, plan: Plan, at: datetime) -> None:
    if type(rule).due is Rule.due:
        return
    if plan.besides:
        run(_following(rule, plan, at, plan.ids))
        return
    name = ("due", rule.due, tuple(plan.settings.items()))
    run(*prepare(name, lambda at, ids: _following(rule, plan, at, ids), at, plan.ids))


def _following(rule: Rule, plan: Plan, at: datetime, ids: Ids) -> Insert:
    moments = rule.due(ids, at, **plan.settings).subquery()
    key = moments.c.key
    following = select(literal(rule.code), literal(rule.kind, Words(Kind)), key, func.min(moments.c.at))
    following = following.where(moments.c.at > at).group_by(key)
    if plan.besides:
        following = following.where(~among(key, plan.besides))
    # The table, not the class: nobody holds such rows as objects.
    return insert(Due.__table__).from_select(["rule", "kind", "key", "at"], following)


def _due(rule: Rule, key: int, at: datetime, kind: Kind | None = None) -> dict:
    return {"rule": rule.code, "kind": kind or rule.kind, "key": key, "at": at}


def _finish(work: Work, failed: Sequence[Rule], at: datetime) -> None:
    """Take away the touches that were read; a rule that failed keeps its subjects as due."""
    if not work.touches and not failed:
        return
    with unit_of_work():
        for rule in failed:
            ids = work.subjects(rule)
            session.execute(delete(Due.__table__).where(Due.rule == rule.code, among(Due.key, ids)))
            everything = [_due(rule, rule.facts().number, at + RETRY, Kind.RULE)]
            rows = everything if ids is None else [_due(rule, key, at + RETRY) for key in ids]
            session.execute(insert(Due.__table__), rows)
        session.execute(delete(Touch.__table__).where(among(Touch.id, work.touches)))
