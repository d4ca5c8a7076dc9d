"""The heads leave every minute; on the first of a month the month before is sealed."""

from datetime import datetime

from ..core import clock
from ..core.db import unit_of_work
from ..core.jobs import job
from .anchor import send_heads
from .segments import seal_month


@job("anchor_audit", seconds=60)
def anchor(_scheduled_for: datetime) -> None:
    send_heads(clock.real_now())


@job("seal_audit_month", at="00:20", day=1, catch_up=True)
def seal(scheduled_for: datetime) -> None:
    with unit_of_work():
        seal_month(scheduled_for)
