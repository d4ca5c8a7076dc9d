"""P6: several schedulers at once, killed and paused; each slot has one effect, a dead leader is replaced."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

from sqlalchemy import func, insert, select

from rental_mgmt.core import clock
from rental_mgmt.core.db import engine, session, unit_of_work
from rental_mgmt.core.jobs import JobRun, Lease
from tests.support.processes import ROOT, environment

from .scheduler_process import TTL, effects, metadata

# Promised is a minute; a lease of three seconds is over long before, also on a busy machine.
REPLACED_WITHIN = 30
NIGHTS = 12
# Twelve nights of 0.3 s take four seconds; on a machine that does much else, and after faults, more.
CAUGHT_UP_WITHIN = 120


@dataclass
class Schedulers:
    """So many scheduler processes over one database."""

    settings: dict
    folder: Path
    running: dict[int, subprocess.Popen] = field(default_factory=dict)
    paused: set[int] = field(default_factory=set)

    def start_one(self) -> None:
        with (self.folder / "schedulers.log").open("a") as said:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.reliability.scheduler_process"],
                env=environment(self.settings),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )
        self.running[process.pid] = process

    def kill(self, number: int) -> None:
        process = self.running.pop(number)
        process.kill()
        process.wait(30)
        self.paused.discard(number)

    def pause(self, number: int) -> None:
        os.kill(number, signal.SIGSTOP)
        self.paused.add(number)

    def go_on(self, number: int) -> None:
        os.kill(number, signal.SIGCONT)
        self.paused.discard(number)

    def end(self) -> None:
        for number in list(self.paused):
            self.go_on(number)
        processes = list(self.running.values())
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(30)


def prepare() -> None:
    """The table of effects, and a first night long ago, so that the nights since are to be caught up."""
    metadata.create_all(engine())
    slot = clock.day_bounds(clock.local_day(clock.real_now()) - timedelta(days=NIGHTS))[0]
    done = {"fence": 0, "started_at": slot, "ended_at": slot}
    with unit_of_work():
        session.execute(insert(JobRun), [{"job": "every_night", "scheduled_for": slot} | done])


def leader() -> int | None:
    """The process number of whoever holds the lease now."""
    with unit_of_work(read_only=True):
        lease = session.execute(select(Lease.owner, Lease.until)).first()
    if lease is None or not lease.owner or lease.until < clock.real_now():
        return None
    return int(lease.owner.split(":")[1])


def last_effect() -> tuple[int, datetime] | None:
    """The fence and moment of the latest effect of the job that runs each second."""
    newest = effects.c.job == "every_second"
    with unit_of_work(read_only=True):
        found = session.execute(
            select(effects.c.fence, effects.c.at).where(newest).order_by(effects.c.id.desc()).limit(1)
        ).first()
    return found and (found.fence, found.at.replace(tzinfo=clock.UTC))


def wait_for_work(after_fence: int = 0) -> int:
    """Until a leader with a higher fence has had an effect; that fence."""
    deadline = time.monotonic() + REPLACED_WITHIN
    while time.monotonic() < deadline:
        found = last_effect()
        if found and found[0] > after_fence:
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"nobody worked within {REPLACED_WITHIN} s after fence {after_fence}")


def wait_until_caught_up() -> None:
    deadline = time.monotonic() + CAUGHT_UP_WITHIN
    nights = select(func.count(effects.c.slot.distinct())).where(effects.c.job == "every_night")
    while time.monotonic() < deadline:
        with unit_of_work(read_only=True):
            if session.scalar(nights) == NIGHTS:
                return
        time.sleep(0.2)


def check(largest_gap: float) -> None:
    """Each slot had one effect, none came from a holder that was overtaken, nobody was idle for long."""
    with unit_of_work(read_only=True):
        rows = session.execute(select(effects).order_by(effects.c.id)).all()
        ran = session.execute(
            select(JobRun.job, JobRun.scheduled_for).where(JobRun.ended_at.is_not(None), JobRun.fence > 0)
        ).all()
    times = Counter((row.job, row.slot.replace(tzinfo=clock.UTC)) for row in rows)
    seconds = {slot: n for (name, slot), n in times.items() if name == "every_second"}
    assert [slot for slot, n in seconds.items() if n > 1] == [], "two effects of one slot"
    assert {slot for name, slot in ran if name == "every_second"} - set(seconds) == set(), "run without effect"
    nights = {slot for name, slot in times if name == "every_night"}
    assert len(nights) == NIGHTS, "a night was not caught up"
    fences = [row.fence for row in rows]
    assert fences == sorted(fences), "somebody who was overtaken stored something"
    moments = sorted(row.at for row in rows if row.job == "every_second")
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    assert max(gaps) <= largest_gap, "nobody worked for too long"


def kill_leader(schedulers: Schedulers) -> int:
    """Kill whoever leads while it works, put a new process in its place; the fence before."""
    number = _wait_for_leader(schedulers)
    before = last_effect()
    schedulers.kill(number)
    schedulers.start_one()
    return before[0] if before else 0


def pause_leader(schedulers: Schedulers, seconds: float) -> None:
    """Stop whoever leads for longer than its lease lives, then let it go on."""
    number = _wait_for_leader(schedulers)
    schedulers.pause(number)
    time.sleep(seconds)
    schedulers.go_on(number)


def _wait_for_leader(schedulers: Schedulers) -> int:
    deadline = time.monotonic() + REPLACED_WITHIN
    while time.monotonic() < deadline:
        number = leader()
        if number in schedulers.running and number not in schedulers.paused:
            return number
        time.sleep(0.1)
    raise AssertionError(f"nobody led for {REPLACED_WITHIN} s")


def disturb(schedulers: Schedulers, seconds: float, most: int, seed: int) -> None:
    """Kill, pause, add and let go on at random for so long, with two to `most` processes."""
    chance, until = random.Random(seed), time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(chance.uniform(0.5, TTL.total_seconds() * 2))
        number = chance.choice(list(schedulers.running))
        match chance.choice(("kill", "pause", "go on", "add")):
            case "kill":
                schedulers.kill(number)
            case "pause" if len(schedulers.paused) < len(schedulers.running) - 1:
                schedulers.pause(number)
            case "go on" if schedulers.paused:
                schedulers.go_on(chance.choice(list(schedulers.paused)))
        while len(schedulers.running) < 2 or (len(schedulers.running) < most and chance.random() < 0.3):
            schedulers.start_one()
