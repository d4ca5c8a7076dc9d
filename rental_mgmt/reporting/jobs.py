"""On the first of a month the one before is frozen; months that were missed are frozen one by one."""

from datetime import datetime, timedelta

from ..core import clock
from ..core.db import unit_of_work
from ..core.jobs import job
from .service import freeze_month, month_name


@job("freeze_month", at="00:30", day=1, catch_up=True)
def freeze(scheduled_for: datetime) -> None:
    last_day = clock.local_day(scheduled_for).replace(day=1) - timedelta(days=1)
    with unit_of_work():
        freeze_month(month_name(last_day))
