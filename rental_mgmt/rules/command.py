"""`rules run`: every rule at once, now or as of a moment; lines for a person at a terminal."""

from collections.abc import Iterator
from datetime import datetime

from ..core import clock
from ..core.db import unit_of_work
from ..core.i18n import _
from .base import load_rules
from .findings import find
from .sweep import sweep
from .tuning import Tuning


def run_now() -> Iterator[str]:
    """Judge everything now and bring the alerts in line; what differed from the ticks, rule by rule."""
    for run in sweep(clock.now()):
        rule = load_rules()[run.rule]
        words = _("补开 %(missed)s 条，原因已消除 %(stale)s 条", missed=run.missed, stale=run.stale)
        yield f"{rule.code}\t{rule.title}\t{words}\t{run.seconds:.2f} s"


def would_find(at: datetime) -> Iterator[str]:
    """What every rule would say about everything as of a moment; nothing is opened or changed."""
    with unit_of_work(read_only=True):
        tuning = Tuning()
        for rule in load_rules().values():
            plans = [plan for plan in tuning.plans(rule, None) if plan.is_on]
            found = sum(len(find(rule, at, plan.ids, plan.settings)) for plan in plans)
            yield f"{rule.code}\t{rule.title}\t{_('%(found)s 处', found=found)}"
