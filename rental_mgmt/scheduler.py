"""The scheduler process: APScheduler says when, the lease says who, and what was missed is caught up.

Schedules live in code and in memory; several schedulers may run and exactly one works. Whoever takes over
reads from `job_run` which slots nobody ran.
"""

import logging
import os
import signal
import socket
import threading
import uuid
from datetime import datetime, time, timedelta

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from .core import clock
from .core.db import session, unit_of_work
from .core.jobs import JOBS, TTL, Job, last_slot, run_job, take_lease

log = logging.getLogger(__name__)

# Longer than the longest expected outage of a PC that is switched off for holidays.
CATCH_UP = timedelta(days=70)


class Scheduler:
    """One scheduler process; `stop()` from a signal or a test ends it after the running job."""

    def __init__(self, ttl: timedelta = TTL):
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.ttl, self.fence = ttl, None
        self.stopping = threading.Event()
        self.clockwork = BackgroundScheduler(timezone=clock.LOCAL)

    def run(self) -> None:
        """Work until stopped: renew the lease every third of its life, run what is due while holding it."""
        for job in JOBS.values():
            self.clockwork.add_job(self._tick, _trigger(job), args=[job], id=job.name, coalesce=True)
        self.clockwork.start()
        while not self.stopping.wait(self.ttl.total_seconds() / 3):
            self.renew()
        self.clockwork.shutdown(wait=True)

    def renew(self) -> None:
        """Take or keep the lease; a new holder first catches up what nobody ran."""
        before = self.fence
        try:
            self.fence = take_lease(self.owner, ttl=self.ttl)
        except Exception:
            # The database is away: nobody may work on a lease that cannot be renewed.
            self.fence = None
            log.warning("lease not renewed", exc_info=True)
        finally:
            session.remove()
        if self.fence is not None and before is None:
            log.info("lease taken", extra={"fence": self.fence})
            threading.Thread(target=self._catch_up, daemon=True).start()

    def _catch_up(self) -> None:
        for job in JOBS.values():
            for slot in missed_slots(job, clock.real_now()):
                self._run(job, slot)

    def _tick(self, job: Job) -> None:
        self._run(job, slot_before(job, clock.real_now()))

    def _run(self, job: Job, slot: datetime) -> None:
        if self.fence is None:
            return
        try:
            run_job(job.name, slot, self.owner, self.fence)
        except Exception:
            log.exception("job could not be started", extra={"job": job.name})
        finally:
            session.remove()

    def stop(self, *_signal) -> None:
        self.stopping.set()


def _trigger(job: Job):
    if job.seconds:
        return IntervalTrigger(seconds=job.seconds, timezone=clock.LOCAL)
    hour, minute = map(int, job.at.split(":"))
    return CronTrigger(hour=hour, minute=minute, day=job.day or "*", timezone=clock.LOCAL)


def slot_before(job: Job, at: datetime) -> datetime:
    """The latest moment, not after `at`, for which a job is scheduled: its slot on every machine."""
    if job.seconds:
        stamp = int(at.timestamp())
        return datetime.fromtimestamp(stamp - stamp % job.seconds, clock.UTC)
    day = clock.local_day(at)
    slot = clock.local_time(day, time.fromisoformat(job.at))
    while slot > at or (job.day and day.day != job.day):
        day -= timedelta(days=1)
        slot = clock.local_time(day, time.fromisoformat(job.at))
    return slot


def missed_slots(job: Job, at: datetime) -> list[datetime]:
    """The daily and monthly slots nobody took since the last one, oldest first; all, or only the latest."""
    if job.seconds:
        return []
    with unit_of_work(read_only=True):
        last = last_slot(job.name)
    slot, slots = slot_before(job, at), []
    earliest = max(last, at - CATCH_UP) if last else slot - timedelta(seconds=1)
    while slot > earliest:
        slots.append(slot)
        slot = slot_before(job, slot - timedelta(seconds=1))
    return slots[::-1] if job.catch_up else slots[:1]


def run_forever() -> None:
    """The `scheduler` command."""
    scheduler = Scheduler()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, scheduler.stop)
    scheduler.run()
