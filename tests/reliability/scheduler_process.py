"""A scheduler process with two jobs whose effects can be counted, to be run with `python -m`.

Everything but the two jobs is the product's. A leader's time is short, so that a test need not wait for it.
"""

import signal
import sys
import time
from datetime import datetime, timedelta

from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, insert

import config
import rental_mgmt
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.jobs import JOBS, job
from rental_mgmt.scheduler import Scheduler

TTL = timedelta(seconds=3)
# A night that failed once, because the database was busy, is looked for again this soon and not in ten minutes.
LOOK_AGAIN = timedelta(seconds=3)
NIGHT_TAKES = 0.3

metadata = MetaData()
# Nothing here is unique: what happens twice is seen twice.
effects = Table(
    "effect",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("job", String, nullable=False),
    Column("slot", DateTime, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("at", DateTime, nullable=False),
)


def _note(name: str, slot: datetime, fence: int) -> None:
    with unit_of_work():
        at = clock.real_now().replace(tzinfo=None)
        row = {"job": name, "slot": slot.replace(tzinfo=None), "fence": fence, "at": at}
        session.execute(insert(effects), row)


def _declare(scheduler: Scheduler) -> None:
    JOBS.clear()

    @job("every_second", seconds=1)
    def every_second(slot: datetime) -> None:
        _note("every_second", slot, scheduler.fence)

    @job("every_night", at="00:00", catch_up=True)
    def every_night(slot: datetime) -> None:
        fence = scheduler.fence
        time.sleep(NIGHT_TAKES)
        _note("every_night", slot, fence)


def main() -> None:
    settings = config.from_environment()
    rental_mgmt.prepare(settings)
    scheduler = Scheduler(ttl=TTL, look_again=LOOK_AGAIN)
    _declare(scheduler)
    signal.signal(signal.SIGTERM, scheduler.stop)
    scheduler.run()


if __name__ == "__main__":
    sys.exit(main())
