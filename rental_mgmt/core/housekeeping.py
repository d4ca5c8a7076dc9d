"""Forgets what has served: keys of repeated requests after a week, frequent runs of jobs after three days."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select

from . import clock
from .db import Model, session, unit_of_work
from .idempotency import IdempotencyKey
from .jobs import JOBS, JobRun, job

KEYS_LIVE = timedelta(days=7)
RUNS_LIVE = timedelta(days=3)
# So many rows go in one transaction: a bound on how long others wait.
SLICE = 5_000


@job("keep_house", at="04:10")
def keep_house(_scheduled_for: datetime) -> None:
    """Daily and monthly jobs keep their runs, which say what was missed; frequent ones leave 17,000 a day."""
    at = clock.real_now()
    frequent = [name for name, job in JOBS.items() if job.seconds]
    forget(IdempotencyKey, IdempotencyKey.created_at < at - KEYS_LIVE)
    forget(JobRun, JobRun.job.in_(frequent) & (JobRun.started_at < at - RUNS_LIVE))


def forget(model: type[Model], condition: ColumnElement[bool]) -> int:
    """Delete the rows in slices, each a transaction of its own; returns how many."""
    gone, found = 0, SLICE
    while found == SLICE:
        with unit_of_work():
            ids = select(model.id).where(condition).limit(SLICE)
            found = session.execute(delete(model).where(model.id.in_(ids))).rowcount
        gone += found
    return gone
