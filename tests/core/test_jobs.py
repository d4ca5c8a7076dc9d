"""Jobs: one runner at a time, each slot once, missed ones caught up; who was overtaken stores nothing."""

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select, update

from rental_mgmt.core import clock, jobs
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.housekeeping import keep_house
from rental_mgmt.core.jobs import JOBS, Job, JobRun, Lease, release_lease, run_job, take_lease
from rental_mgmt.core.settings import get_setting, put_setting
from rental_mgmt.scheduler import Scheduler, missed_slots, slot_before

pytestmark = pytest.mark.usefixtures("house")
SLOT = datetime(2026, 6, 10, 4, tzinfo=UTC)


def ran() -> int:
    with unit_of_work(read_only=True):
        return get_setting("ran", 0)


def work(_slot) -> None:
    with unit_of_work():
        put_setting("ran", get_setting("ran", 0) + 1)


@pytest.fixture
def declare():
    """declare(run=…, seconds=… | at=…, …): a job that exists for this test alone."""
    products = dict(JOBS)
    JOBS.clear()

    def declared(name="test", run=work, seconds=None, at=None, day=None, catch_up=False) -> Job:
        JOBS[name] = Job(name, run, seconds, at, day, catch_up)
        return JOBS[name]

    yield declared
    JOBS.clear()
    JOBS.update(products)


def expire(name: str = "scheduler") -> None:
    with unit_of_work():
        session.execute(update(Lease).where(Lease.name == name).values(until=clock.real_now() - timedelta(1)))


# --- the lease ----------------------------------------------------------------------------------------------


def test_one_holder_at_a_time_and_the_fence_grows_with_each_change():
    first = take_lease("a")
    assert take_lease("b") is None
    assert take_lease("a") == first
    expire()
    second = take_lease("b")
    assert second > first
    assert take_lease("a") is None


def test_a_lease_given_back_is_free_at_once():
    first = take_lease("a")
    release_lease("b")
    assert take_lease("b") is None
    release_lease("a")
    assert take_lease("b") > first


def test_of_many_that_ask_at_once_one_gets_it():
    got = []

    def ask(n):
        got.append(take_lease(f"owner {n}"))
        session.remove()

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(fence is None for fence in got) == [False] + [True] * 5


# --- slots --------------------------------------------------------------------------------------------------


def test_a_slot_is_run_once(declare):
    declare(seconds=10)
    fence = take_lease("a")
    assert run_job("test", SLOT, "a", fence)
    assert not run_job("test", SLOT, "a", fence)
    assert run_job("test", SLOT + timedelta(seconds=10), "a", fence)
    assert ran() == 2


def test_a_failure_is_written_down_by_its_kind_and_does_not_spread(declare, capsys):
    def fail(_slot):
        raise ValueError("11010519491231002X")

    declare(run=fail, seconds=10)
    assert not run_job("test", SLOT)
    run = session.scalars(select(JobRun)).one()
    assert (run.error, run.ended_at is not None) == ("ValueError", True)
    assert "11010519491231002X" not in capsys.readouterr().out


def test_without_the_lease_no_slot_is_taken(declare):
    declare(seconds=10)
    old = take_lease("a")
    expire()
    take_lease("b")
    assert not run_job("test", SLOT, "a", old)
    session.rollback()
    assert session.scalar(select(func.count()).select_from(JobRun)) == 0
    assert ran() == 0


def test_who_is_overtaken_in_the_middle_stores_nothing_more(declare):
    """A holder is paused between two transactions; another takes over; the first wakes up."""
    fence = take_lease("a")

    def pausing(_slot):
        work(_slot)
        held = jobs._fence.set(None)
        expire()
        take_lease("b")
        jobs._fence.reset(held)
        work(_slot)

    declare(run=pausing, seconds=10)
    assert not run_job("test", SLOT, "a", fence)
    assert ran() == 1
    assert session.scalars(select(JobRun.ended_at)).one() is None


def test_what_the_new_holder_wrote_down_stays(declare):
    fence = take_lease("a")

    def pausing(_slot):
        held = jobs._fence.set(None)
        expire()
        newer = take_lease("b")
        JOBS["test"] = declare(at="03:10")
        assert run_job("test", SLOT, "b", newer, again=True)
        jobs._fence.reset(held)

    declare(run=pausing, at="03:10")
    assert not run_job("test", SLOT, "a", fence)
    run = session.scalars(select(JobRun)).one()
    assert (run.fence > fence, run.error) == (True, None)
    assert ran() == 1


# --- catching up --------------------------------------------------------------------------------------------


def taken(job: Job, slot: datetime, fence: int = 1, ended: bool = True, error: str | None = None) -> None:
    row = {"job": job.name, "scheduled_for": slot, "fence": fence, "started_at": slot, "error": error}
    with unit_of_work():
        session.execute(insert(JobRun), [row | {"ended_at": slot if ended else None}])


def local(day: int, hour: int, minute: int = 0, month: int = 6) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=clock.LOCAL).astimezone(UTC)


@pytest.mark.parametrize(
    ("fields", "slot"),
    [
        ({"seconds": 15}, local(10, 12, 7)),
        ({"at": "03:10"}, local(10, 3, 10)),
        ({"at": "12:07"}, local(10, 12, 7)),
        ({"at": "12:08"}, local(9, 12, 8)),
        ({"at": "00:30", "day": 1}, local(1, 0, 30)),
        ({"at": "00:30", "day": 11}, local(11, 0, 30, month=5)),
        ({"at": "00:30", "day": 31}, local(31, 0, 30, month=5)),
    ],
)
def test_the_slot_of_a_moment_is_the_same_on_every_machine(declare, fields, slot):
    assert slot_before(declare(**fields), local(10, 12, 7)) == slot


def test_a_new_installation_begins_with_the_latest_slot(declare):
    assert missed_slots(declare(at="03:10", catch_up=True), local(10, 12)) == [local(10, 3, 10)]


def test_every_missed_slot_is_caught_up_in_order_or_only_the_latest(declare):
    every, latest = declare("every", at="03:10", catch_up=True), declare("latest", at="03:10")
    for job in (every, latest):
        taken(job, local(6, 3, 10))
    assert missed_slots(every, local(10, 12)) == [local(day, 3, 10) for day in (7, 8, 9, 10)]
    assert missed_slots(latest, local(10, 12)) == [local(10, 3, 10)]


def test_months_are_caught_up_by_month(declare):
    job = declare(at="00:30", day=1, catch_up=True)
    taken(job, local(1, 0, 30, month=4))
    assert missed_slots(job, local(10, 12)) == [local(1, 0, 30, month=5), local(1, 0, 30)]


def test_frequent_jobs_catch_nothing_up(declare):
    job = declare(seconds=10)
    taken(job, local(9, 12))
    assert missed_slots(job, local(10, 12)) == []


@pytest.mark.parametrize(("ended", "error"), [(False, None), (True, "OperationalError")])
def test_a_slot_that_died_or_failed_is_run_again(declare, ended, error):
    job = declare(at="03:10", catch_up=True)
    taken(job, local(9, 3, 10), ended=ended, error=error)
    taken(job, local(10, 3, 10))
    [slot] = missed_slots(job, local(10, 12))
    assert slot == local(9, 3, 10)
    take_lease("before")
    expire()
    fence = take_lease("a")
    assert not run_job("test", slot, "a", fence), "a tick takes a slot once"
    assert run_job("test", slot, "a", fence, again=True)
    assert not run_job("test", slot, "a", fence, again=True)
    assert ran() == 1
    assert missed_slots(job, local(10, 12)) == []


def test_a_slot_that_is_being_run_is_left_alone(declare):
    job, fence = declare(at="03:10"), take_lease("a")
    taken(job, local(10, 3, 10), fence=fence, ended=False)
    assert missed_slots(job, local(10, 12)) == [local(10, 3, 10)]
    assert not run_job("test", local(10, 3, 10), "a", fence, again=True)
    assert ran() == 0


# --- the process --------------------------------------------------------------------------------------------


def test_two_schedulers_and_one_works_until_it_stops(declare):
    declare(seconds=1)
    first, second = Scheduler(ttl=timedelta(seconds=1.5)), Scheduler(ttl=timedelta(seconds=1.5))
    with running(first), running(second):
        wait_until(lambda: ran() >= 2)
        assert sorted(scheduler.fence is None for scheduler in (first, second)) == [False, True]
        working, waiting = (first, second) if first.fence else (second, first)
        before = working.fence
        working.stop()
        wait_until(lambda: waiting.fence is not None)
        assert waiting.fence > before
        reached = ran()
        wait_until(lambda: ran() > reached)
    with unit_of_work(read_only=True):
        assert session.scalar(select(func.count()).where(JobRun.ended_at.is_not(None))) == ran()


@contextmanager
def running(scheduler: Scheduler):
    thread = threading.Thread(target=scheduler.run)
    thread.start()
    try:
        yield
    finally:
        scheduler.stop()
        thread.join(20)


def wait_until(holds, seconds: float = 20) -> None:
    done = threading.Event()
    for _ in range(int(seconds * 10)):
        if holds():
            return
        done.wait(0.1)
    raise AssertionError("waited in vain")


def test_a_scheduler_without_a_database_holds_nothing(declare, monkeypatch):
    job, scheduler = declare(seconds=10), Scheduler()
    scheduler.renew()
    assert scheduler.fence is not None
    monkeypatch.setattr("rental_mgmt.scheduler.take_lease", away)
    scheduler.renew()
    assert scheduler.fence is None
    scheduler._tick(job)
    assert ran() == 0


def away(*_args, **_more):
    raise TimeoutError("database is busy")


def test_runs_of_frequent_jobs_are_forgotten_and_others_kept(declare):
    frequent, daily = declare("frequent", seconds=10), declare("daily", at="03:10")
    for job in (frequent, daily):
        taken(job, clock.real_now() - timedelta(days=4))
        taken(job, clock.real_now() - timedelta(days=1))
    keep_house(SLOT)
    session.rollback()
    left = session.execute(select(JobRun.job, func.count()).group_by(JobRun.job)).all()
    assert dict(map(tuple, left)) == {"frequent": 1, "daily": 2}
