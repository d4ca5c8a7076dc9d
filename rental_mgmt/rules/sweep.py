"""The nightly sweep: every rule over everything, compared with the live alerts, then applied.

The ticks should have left nothing to do. A difference is written down, and `doctor` calls it an error.
"""

import logging
import time
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from ..core.clock import freeze_at
from ..core.db import session, unit_of_work
from .base import RULES, Rule, load_rules
from .engine import judge, tick
from .models import SweepRun
from .tuning import Tuning
from .work import read_work

log = logging.getLogger(__name__)


def sweep(at: datetime) -> list[SweepRun]:
    """Compare and apply every rule's whole answer at a moment; one row a rule says what differed."""
    tick(at)
    return [_sweep_rule(rule, at) for rule in load_rules().values()]


def _sweep_rule(rule: Rule, at: datetime) -> SweepRun:
    begun = time.monotonic()
    with unit_of_work():
        taken = judge(rule, None, at, Tuning())
        # What was touched meanwhile is no difference: its tick was still to come.
        late = read_work(at, RULES.values()).subjects(rule) or set()
        run = SweepRun(
            at=at,
            rule=rule.code,
            missed=len({*taken.opened, *taken.risen} - late),
            stale=len({*taken.cleaned} - late),
            seconds=round(time.monotonic() - begun, 3),
        )
        session.add(run)
    if run.missed or run.stale:
        log.error("sweep differs", extra={"rule": rule.code, "missed": run.missed, "stale": run.stale})
    return run


def run_at(at: datetime) -> list[SweepRun]:
    """`rules run --at`: judge everything as of that moment, which may lie in the past."""
    with freeze_at(at):
        return sweep(at)


def last_differences() -> Sequence[SweepRun]:
    """The rules in which the last sweep found a difference; for `doctor`."""
    last = select(func.max(SweepRun.at)).scalar_subquery()
    differs = (SweepRun.missed > 0) | (SweepRun.stale > 0)
    return session.scalars(select(SweepRun).where(SweepRun.at == last, differs).order_by(SweepRun.rule)).all()


def last_sweep_at() -> datetime | None:
    return session.scalar(select(func.max(SweepRun.at)))
