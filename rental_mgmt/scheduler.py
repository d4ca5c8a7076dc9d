"""The scheduler process: APScheduler says when, the lease says who, and what was missed is caught up.

Schedules live in code and in memory; several schedulers may run and exactly one works. Whoever takes over, and
every ten minutes whoever works, reads from `job_run` which daily and monthly slots nobody ran to a good end.
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
from .core.jobs import JOBS, TTL, Job, release_lease, run_job, slots_run, take_lease

log = logging.getLogger(__name__)

# Longer than the longest outage of a PC that is switched off for a season.
CATCH_UP = timedelta(days=400)
LOOK_AGAIN = timedelta(minutes=10)


class Scheduler:
    """One scheduler process; `stop()` from a signal or a test ends it after the running job."""

    def __init__(self, ttl: timedelta = TTL, look_again: timedelta = LOOK_AGAIN):
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self.ttl, self.look_again, self.fence = ttl, look_again, None
        self.stopping = threading.Event()
        # A tick that comes late is still run: a busy machine must not skip a night's work.
        usual = {"coalesce": True, "misfire_grace_time": None}
        self.clockwork = BackgroundScheduler(timezone=clock.LOCAL, job_defaults=usual)

    def run(self) -> None:
        """Work until stopped: renew the lease every third of its life, run what is due while holding it."""
        for job in JOBS.values():
            self.clockwork.add_job(self._tick, _trigger(job), args=[job], id=job.name)
        self.clockwork.add_job(self.catch_up, IntervalTrigger(seconds=int(self.look_again.total_seconds())))
        self.clockwork.start()
        self.renew()
        while not self.stopping.wait(self.ttl.total_seconds() / 3):
            self.renew()
        self.clockwork.shutdown(wait=True)
        if self.fence is not None:
            self._release()

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
            threading.Thread(target=self.catch_up, daemon=True).start()

    def _release(self) -> None:
        try:
            release_lease(self.owner)
        except Exception:
            log.warning("lease not released; it runs out by itself", exc_info=True)

    def catch_up(self) -> None:
        """Run the daily and monthly slots that nobody ran, or that failed or died."""
        for job in JOBS.values() if self.fence is not None else ():
            try:
                slots = missed_slots(job, clock.real_now())
            except Exception:
                log.exception("missed slots not read", extra={"job": job.name})
                slots = []
            finally:
                session.remove()
            for slot in slots:
                self._run(job, slot, again=True)

    def _tick(self, job: Job) -> None:
        self._run(job, slot_before(job, clock.real_now()))

    def _run(self, job: Job, slot: datetime, again: bool = False) -> None:
        fence = self.fence
        if fence is None:
            return
        try:
            run_job(job.name, slot, self.owner, fence, again)
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
    """The daily and monthly slots that nobody ran to a good end, oldest first; all, or only the latest."""
    if job.seconds:
        return []
    with unit_of_work(read_only=True):
        first, done = slots_run(job.name, at - CATCH_UP)
    slots = [slot_before(job, at)]
    while job.catch_up and first is not None and slots[-1] > first:
        slots.append(slot_before(job, slots[-1] - timedelta(seconds=1)))
    return [slot for slot in reversed(slots) if slot not in done]


def run_forever() -> None:
    """The `scheduler` command."""
    scheduler = Scheduler()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, scheduler.stop)
    scheduler.run()
