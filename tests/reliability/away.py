"""P7: while the database is away every request is told so quickly, and all is well soon after it is back."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import requests
from sqlalchemy import func, select

from rental_mgmt.core.db import engine, session
from rental_mgmt.stays.models import Guest
from tests.support import people
from tests.support.processes import Server
from tests.support.world import World

QUICK, HEALTHY_WITHIN = 2, 10


@dataclass
class Asked:
    """One answer: to what, how, and after how long."""

    what: str
    status: int
    retry_after: str | None
    seconds: float


@dataclass
class Evening:
    """A landlord's program that goes on asking."""

    world: World
    server: Server
    answers: list[Asked] = field(default_factory=list)
    guests: int = 0

    def __post_init__(self):
        owner = self.world.landlord()
        self.unit = self.world.flat(owner.target)
        self.stay = self.world.stay(owner, self.unit)
        self.headers, self.cookies = self.world.key(owner), {"session": self.world.session(owner)}
        session.remove()
        engine().dispose()

    def register(self) -> Asked:
        """The next guest, or the same again until it is acknowledged."""
        person = people.person(self.guests)
        body = json.dumps({"name": person.name, "number": person.id_number, "explanation": "加床"})
        headers = {"Content-Type": "application/json", "Idempotency-Key": f"guest-{self.guests}"}
        path = f"/api/v1/stays/{self.stay.uid}/guests"
        asked = self._ask("register", "POST", path, data=body, headers=self.headers | headers)
        self.guests += asked.status == 201
        return asked

    def read(self) -> Asked:
        return self._ask("read", "GET", f"/api/v1/stays/{self.stay.uid}", headers=self.headers)

    def open_page(self) -> Asked:
        """A page without names: one that shows them writes down who saw them, and is a write."""
        return self._ask("page", "GET", f"/stays/units/{self.unit.uid}/plan", cookies=self.cookies)

    def _ask(self, what: str, method: str, path: str, **sent) -> Asked:
        begun = time.monotonic()
        answer = requests.request(method, self.server.address + path, timeout=30, allow_redirects=False, **sent)
        seconds = time.monotonic() - begun
        asked = Asked(what, answer.status_code, answer.headers.get("Retry-After"), seconds)
        self.answers.append(asked)
        return asked

    def is_stored(self) -> bool:
        """Exactly what was acknowledged is there."""
        return session.scalar(select(func.count()).select_from(Guest)) == self.guests


def outage(evening: Evening, seconds: float, go: Callable, come_back: Callable, reads_go_on: bool) -> None:
    """Take the database away for so long and bring it back; asserts what P7 promises."""
    assert [ask().status for ask in (evening.register, evening.read, evening.open_page)] == [201, 200, 200]
    process = evening.server.process
    go()
    evening.answers.clear()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        evening.register(), evening.read(), evening.open_page()
    _check_answers(evening.answers, reads_go_on)
    come_back()
    _wait_until_healthy(evening)
    assert evening.server.process is process
    assert process.poll() is None, "it had to be started again"
    assert evening.is_stored()


def _check_answers(answers: list[Asked], reads_go_on: bool) -> None:
    assert {asked.what for asked in answers} == {"register", "read", "page"}
    for asked in answers:
        if asked.what != "register" and reads_go_on:
            assert asked.status == 200, asked
        else:
            assert asked.status == 503, asked
            assert asked.retry_after, asked
        assert asked.seconds <= QUICK, asked


def _wait_until_healthy(evening: Evening) -> None:
    """Three rounds without a fault, begun within ten seconds."""
    deadline, good = time.monotonic() + HEALTHY_WITHIN, 0
    while good < 3:
        assert time.monotonic() < deadline + 2, evening.answers[-6:]
        asked = [evening.register(), evening.read(), evening.open_page()]
        assert all(one.status in (200, 201, 503) for one in asked), asked
        good = good + 1 if all(one.status in (200, 201) for one in asked) else 0
