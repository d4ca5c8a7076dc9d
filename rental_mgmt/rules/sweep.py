"""The nightly sweep: every rule over everything, compared with the live alerts, then applied.

The ticks should have left nothing to do. A difference is written down, and `doctor` calls it an error.
"""

import logging
import time
from datetime import datetime

from ..core.db import session, unit_of_work
from .base import RULES, Rule, load_rules
from .engine import judge, tick
from .models import SweepRun
from .tuning import Tuning
from .work import read_work

log = logging.getLogger(__name__)


def sweep(at: datetime) -> list[SweepRun]:
    """Compare and apply every rule's whole answer at a moment; one row a rule says what differed.

    A rule that fails holds up no other; then the sweep as a whole has failed, and says so by raising.
    """
    tick(at)
    runs, failed = [], []
    for rule in load_rules().values():
        try:
            runs.append(_sweep_rule(rule, at))
        except Exception:
            log.exception("sweep failed", extra={"rule": rule.code})
            failed.append(rule.code)
    if failed:
        raise SweepFailed(", ".join(failed))
    return runs


class SweepFailed(RuntimeError):
    """Some rules could not be compared; their codes."""


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
