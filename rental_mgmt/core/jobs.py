"""Jobs: a function, how often it runs, one runner at a time, and one row that says how each run went.

A lease row elects the runner; its fence number grows with every change of holder, so that a paused old
holder cannot finish a slot that another one has taken. A slot (job, scheduled_for) is run at most once.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import UniqueConstraint, func, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .db import Model, dialect_insert, on_postgresql, session, unit_of_work

log = logging.getLogger(__name__)

TTL = timedelta(seconds=15)


class Lease(Model):
    """Who may run the jobs, and until when."""

    __tablename__ = "lease"

    name: Mapped[str] = mapped_column(unique=True)
    owner: Mapped[str]
    until: Mapped[datetime]
    fence: Mapped[int]


class JobRun(Model):
    """One slot of one job: when it was meant to run, and how it went."""

    __tablename__ = "job_run"
    __table_args__ = (UniqueConstraint("job", "scheduled_for"),)

    job: Mapped[str]
    scheduled_for: Mapped[datetime]
    fence: Mapped[int]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    error: Mapped[str | None]


@dataclass(frozen=True)
class Job:
    """A declared job. Every `seconds`, or at `at` ("03:10" local time) each day or on `day` of each month.

    `run(scheduled_for)` cuts its own units of work; `catch_up`: run every missed slot, not only the last.
    """

    name: str
    run: Callable[[datetime], object]
    seconds: int | None
    at: str | None
    day: int | None
    catch_up: bool


JOBS: dict[str, Job] = {}


def job(
    name: str,
    *,
    seconds: int | None = None,
    at: str | None = None,
    day: int | None = None,
    catch_up: bool = False,
):
    """Declare a job: @job("run_rules", seconds=15), @job("freeze_month", at="00:30", day=1, catch_up=True)."""

    def register(function):
        JOBS[name] = Job(name, function, seconds, at, day, catch_up)
        return function

    return register


# --- the lease ----------------------------------------------------------------------------------------------


def database_now() -> datetime:
    """The database's clock where several machines share one; else ours."""
    if on_postgresql():
        return session.scalar(select(text("now() at time zone 'utc'"))).replace(tzinfo=clock.UTC)
    return clock.real_now()


def take_lease(owner: str, name: str = "scheduler", ttl: timedelta = TTL) -> int | None:
    """Take or renew the lease; returns the fence number, or None while another holds it."""
    with unit_of_work():
        at = database_now()
        session.execute(
            dialect_insert(Lease)
            .values(name=name, owner="", until=at - ttl, fence=0)
            .on_conflict_do_nothing(index_elements=["name"])
        )
        lease = session.scalars(select(Lease).where(Lease.name == name).with_for_update()).one()
        is_live = lease.until > at
        if is_live and lease.owner != owner:
            return None
        if not is_live or lease.owner != owner:
            lease.fence += 1
        lease.owner, lease.until = owner, at + ttl
        return lease.fence


def holds_lease(owner: str, fence: int, name: str = "scheduler") -> bool:
    """Is this fence still the present one? Locks the row, so that it stays so until the commit."""
    query = select(Lease.id).where(
        Lease.name == name, Lease.owner == owner, Lease.fence == fence, Lease.until > database_now()
    )
    return session.scalar(query.with_for_update()) is not None


# --- running ------------------------------------------------------------------------------------------------


def run_job(name: str, scheduled_for: datetime, owner: str | None = None, fence: int = 0) -> bool:
    """Run one slot of a job unless it was taken already; a failure is written down and does not spread.

    With an owner the lease is checked in the transaction that takes the slot.
    """
    taken = _take_slot(name, scheduled_for, owner, fence)
    if taken is None:
        return False
    begun, error = time.monotonic(), None
    try:
        JOBS[name].run(scheduled_for)
    except Exception as problem:
        session.rollback()
        error = f"{type(problem).__name__}"
        log.exception("job failed", extra={"job": name})
    finally:
        session.remove()
    with unit_of_work():
        session.execute(update(JobRun).where(JobRun.id == taken).values(ended_at=clock.real_now(), error=error))
    log.info("job done", extra={"job": name, "seconds": round(time.monotonic() - begun, 3), "error": error})
    return error is None


def _take_slot(name: str, scheduled_for: datetime, owner: str | None, fence: int) -> int | None:
    with unit_of_work():
        if owner is not None and not holds_lease(owner, fence):
            return None
        return session.scalar(
            dialect_insert(JobRun)
            .values(job=name, scheduled_for=scheduled_for, fence=fence, started_at=clock.real_now())
            .on_conflict_do_nothing(index_elements=["job", "scheduled_for"])
            .returning(JobRun.id)
        )


def last_slot(name: str) -> datetime | None:
    """The latest slot of a job that was taken."""
    return session.scalar(select(func.max(JobRun.scheduled_for)).where(JobRun.job == name))
