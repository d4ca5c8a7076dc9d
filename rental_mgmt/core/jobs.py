"""Jobs: a function, how often it runs, one runner at a time, and one row that says how each run went.

A lease row elects the runner; its fence number grows with every change of holder. Every transaction of a job
checks it just before the commit, so that a holder that was paused and overtaken can store nothing any more.
A slot (job, scheduled_for) is taken once; one that died or failed is offered again by the catching up.
"""

import logging
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import UniqueConstraint, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .db import Model, before_commit, dialect_insert, on_postgresql, session, unit_of_work

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

    `run(scheduled_for)` cuts its own units of work; `catch_up`: run every missed slot, not only the last. A
    daily or monthly job bears being run again for the same slot: after a crash nobody knows how far it came.
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


def release_lease(owner: str, name: str = "scheduler") -> None:
    """Let the next one in at once; one that died is waited for until its time is over."""
    with unit_of_work():
        ours = update(Lease).where(Lease.name == name, Lease.owner == owner)
        session.execute(ours.values(until=database_now()))


def holds_lease(owner: str, fence: int, name: str = "scheduler") -> bool:
    """Has nobody overtaken this fence? Locks the row, so that it stays so until the commit."""
    query = select(Lease.id).where(Lease.name == name, Lease.owner == owner, Lease.fence == fence)
    return session.scalar(query.with_for_update()) is not None


class LeaseLost(Exception):
    """Another runner has taken over: what this one was about to store is not stored."""


_fence: ContextVar[tuple[str, int] | None] = ContextVar("fence", default=None)


def _check_fence() -> None:
    held = _fence.get()
    if held is not None and not holds_lease(*held):
        raise LeaseLost


before_commit.append(_check_fence)


# --- running ------------------------------------------------------------------------------------------------


def run_job(
    name: str, scheduled_for: datetime, owner: str | None = None, fence: int = 0, again: bool = False
) -> bool:
    """Run one slot of a job unless it was taken already; a failure is written down and does not spread.

    With an owner every transaction of the job holds only while the lease does. `again` also takes a slot whose
    run failed, or whose holder died.
    """
    held = _fence.set((owner, fence) if owner is not None else None)
    try:
        taken = _take_slot(name, scheduled_for, fence, again)
        if taken is None:
            return False
        begun = time.monotonic()
        error = _run(name, scheduled_for)
        with unit_of_work():
            ours = update(JobRun).where(JobRun.id == taken, JobRun.fence == fence)
            session.execute(ours.values(ended_at=clock.real_now(), error=error))
    except LeaseLost:
        log.warning("overtaken", extra={"job": name, "fence": fence})
        return False
    finally:
        _fence.reset(held)
    log.info("job done", extra={"job": name, "seconds": round(time.monotonic() - begun, 3), "error": error})
    return error is None


def _run(name: str, scheduled_for: datetime) -> str | None:
    """What went wrong, or None."""
    try:
        JOBS[name].run(scheduled_for)
    except LeaseLost:
        raise
    except Exception as problem:
        session.rollback()
        log.exception("job failed", extra={"job": name})
        return type(problem).__name__
    finally:
        session.remove()
    return None


def _take_slot(name: str, scheduled_for: datetime, fence: int, again: bool) -> int | None:
    row = {"job": name, "scheduled_for": scheduled_for, "fence": fence, "started_at": clock.real_now()}
    taking, slot = dialect_insert(JobRun).values(row), ["job", "scheduled_for"]
    if again:
        died = JobRun.ended_at.is_(None) & (JobRun.fence < fence)
        anew = {"fence": fence, "started_at": row["started_at"], "ended_at": None, "error": None}
        taking = taking.on_conflict_do_update(
            index_elements=slot, set_=anew, where=died | JobRun.error.is_not(None)
        )
    else:
        taking = taking.on_conflict_do_nothing(index_elements=slot)
    with unit_of_work():
        return session.scalar(taking.returning(JobRun.id))


def slots_run(name: str, since: datetime) -> tuple[datetime | None, set[datetime]]:
    """The first slot of a job known since a moment, and those whose run came to a good end."""
    rows = session.execute(
        select(JobRun.scheduled_for, JobRun.ended_at.is_not(None) & JobRun.error.is_(None)).where(
            JobRun.job == name, JobRun.scheduled_for >= since
        )
    ).all()
    return min((slot for slot, _done in rows), default=None), {slot for slot, done in rows if done}
