"""When the rules run: every ten seconds over what changed, every night over everything."""

from datetime import datetime

from ..core import clock
from ..core.jobs import job
from . import engine, sweep, work
from .base import load_rules

# Pages of alerts and work orders speak of rules: every process knows them from its start.
load_rules()


@job("run_rules", seconds=10)
def run_rules(_scheduled_for: datetime | None = None) -> None:
    """Ticks until nothing is left that was touched before the first."""
    while engine.tick(clock.now()).touches >= work.MOST:
        pass


@job("sweep_rules", at="03:10")
def sweep_rules(_scheduled_for: datetime | None = None) -> None:
    sweep.sweep(clock.now())
