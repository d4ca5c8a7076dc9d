"""On the first of a month the one before is frozen, and with it every earlier one that nobody froze."""

from datetime import datetime

from ..core import clock
from ..core.db import unit_of_work
from ..core.jobs import job
from .service import freeze_month, months_to_freeze


@job("freeze_month", at="00:30", day=1, catch_up=True)
def freeze(scheduled_for: datetime) -> None:
    """One transaction a month: a ledger of past years may have come in since."""
    with unit_of_work(read_only=True):
        months = months_to_freeze(clock.local_day(scheduled_for))
    for month in months:
        with unit_of_work():
            freeze_month(month)
