"""P14, P15: seeded odd requests at every door: no 5xx, nothing slow or large, nobody's data out of place."""

import logging
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from urllib.parse import unquote_plus, urlencode

from flask import Flask
from sqlalchemy import select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.log import JsonLine
from rental_mgmt.core.outbox import Outbox
from rental_mgmt.notices.models import Notice
from tests.support.world import World

from . import odd
from .asking import Asker, in_browser, with_key
from .both_sides import both_sides
from .doors import Door, doors_of, given

SLOWEST = 5.0
LARGEST = 256 << 20
PAGE = 4096
MARKED = re.compile(odd.MARKED)
# Whoever does this is somebody else afterwards: they are asked too, but not by all and not all the time.
LEAVES = {
    "accounts.sign_out",
    "accounts.end_session",
    "accounts.end_other_sessions",
    "accounts_api.end_session",
}


class Lines(logging.Handler):
    """Every log line as it would be printed."""

    def __init__(self):
        super().__init__()
        self.setFormatter(JsonLine())
        self.marked: list[str] = []

    def emit(self, record) -> None:
        line = self.format(record)
        if MARKED.search(line):
            self.marked.append(line[:400])


@dataclass
class Found:
    """What came of it."""

    requests: int = 0
    statuses: Counter = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")
    largest: tuple[int, str] = (0, "")
    grown: int = 0

    def __str__(self) -> str:
        kinds = ", ".join(f"{n} × {status}" for status, n in sorted(self.statuses.items()))
        return (
            f"{self.requests} requests ({kinds}); slowest {self.slowest[0]:.2f} s at {self.slowest[1]}; "
            f"grown by {self.grown >> 20} MB, at most {self.largest[0] >> 20} MB by one ({self.largest[1]}); "
            f"{len(self.faults)} faults"
        )


class Fuzz:
    """One run over one app; the same seed asks the same."""

    def __init__(self, app: Flask, seed: int):
        self.app, self.chance, self.found = app, Random(seed), Found()
        self.markers, self.doors, self.lines = odd.Markers(self.chance), doors_of(app), Lines()
        self.doors = [door for door in self.doors if door.endpoint not in LEAVES]
        self.askers = self._askers()

    def _askers(self) -> list[Asker]:
        mine, other = both_sides()
        world, made = World(), []
        for role, who in mine.people.items():
            things = mine.of(role), other.of(role)
            made.append(in_browser(self.app, world.session(who), *things))
            if role in (Role.LANDLORD, Role.PROPERTY_MANAGER, Role.POLICE_LIAISON, Role.SYSTEM_ADMIN):
                made.append(with_key(self.app, world.key(who), *things))
        return [*made, in_browser(self.app, None, *things)]

    def run(self, requests: int) -> Found:
        """Ask so many times; every door is knocked at in turn."""
        logging.getLogger().addHandler(self.lines)
        begun = 0
        try:
            for number in range(requests):
                self.ask(self.doors[number % len(self.doors)])
                # What is loaded at the first knock at a door stays.
                begun = resident() if number == min(len(self.doors), requests // 2) else begun
        finally:
            logging.getLogger().removeHandler(self.lines)
        self.found.grown = resident() - begun
        self.found.faults += [f"in the log: {line}" for line in self.lines.marked] + stored_faults()
        if self.found.grown > LARGEST:
            self.found.faults.append(f"grown by {self.found.grown >> 20} MB")
        return self.found

    def ask(self, door: Door) -> None:
        """One odd request, and what is wrong with its answer."""
        who = self.chance.choice(self.askers)
        method = door.method if self.chance.random() < 0.93 else self.chance.choice(odd.METHODS)
        address, how = self._address(door, who), self._how(door, who)
        before, since = resident(), time.monotonic()
        answer = who.client.open(address, method=method, buffered=True, **how)
        seconds, grown = time.monotonic() - since, resident() - before
        self._judge(f"{method} {door.endpoint}", answer, how, seconds, grown)

    # --- the question ---------------------------------------------------------------------------------------

    def _address(self, door: Door, who: Asker) -> str:
        things = who.things
        match self.chance.random():
            case lot if lot < 0.2:
                things = things | who.foreign
            case lot if lot < 0.3:
                things = things | who.missing
        path = door.address(self.app, things)
        if self.chance.random() < 0.1:
            uids = re.findall(r"[0-9a-f-]{36}", path)
            path = (
                path.replace(self.chance.choice(uids), self.chance.choice(odd.UIDS)())
                if uids
                else path + "/%00"
            )
        if self.chance.random() < 0.25:
            path += "?" + self.chance.choice(odd.QUERIES)
        return path

    def _how(self, door: Door, who: Asker) -> dict:
        headers = dict(who.headers)
        if self.chance.random() < 0.85:
            headers["X-CSRF-Token"] = who.csrf
        if self.chance.random() < 0.12:
            headers |= self.chance.choice(odd.HEADERS)
        return {"headers": headers} | ({} if door.method == "GET" else self._body(door, who))

    def _body(self, door: Door, who: Asker) -> dict:
        if self.chance.random() < 0.12:
            return {"data": self.chance.choice(odd.RAW), "content_type": self.chance.choice(odd.TYPES)}
        values = self._values(given(door, who.things), personal=not door.endpoint.startswith("places"))
        if door.is_api and self.chance.random() < 0.8:
            return {"data": odd.as_json(values), "content_type": "application/json"}
        return self._form(values, who)

    def _values(self, usual: dict, personal: bool) -> dict:
        """The usual ones with somebody's data; some left out, some odd, some that nobody asked for.

        The name of a place is nobody's.
        """
        keep = self.chance.choice((0.15, 0.5, 1.0))
        values = {name: value for name, value in usual.items() if self.chance.random() < keep}
        for name, mark in odd.PERSONAL.items():
            if personal and self.chance.random() < keep:
                values[name] = mark(self.markers)
        for name in self.chance.sample(sorted(values), min(len(values), self.chance.choice((0, 1, 1, 3)))):
            values[name] = self.chance.choice(odd.VALUES)
        if self.chance.random() < 0.1:
            values[self.chance.choice(("role", "id", "uid", "__proto__", "状态"))] = self.chance.choice(
                odd.VALUES
            )
        return values

    def _form(self, values: dict, who: Asker) -> dict:
        typed = {name: _typed(value) for name, value in values.items()} | {"here": "/"}
        if self.chance.random() < 0.9:
            typed["csrf"] = who.csrf
        if self.chance.random() < 0.3:
            typed["form_key"] = self.markers.secret()
        if self.chance.random() < 0.3:
            files = self.chance.sample(("file", "photo", "photo_0", "photo_1"), 2)
            # Werkzeug's own client cannot send what UTF-8 cannot say.
            typed = {name: value for name, value in typed.items() if "\ud800" not in value}
            typed |= {n: odd.part(self.chance.choice(odd.FILES), self.chance.choice(odd.NAMES)) for n in files}
            return {"data": typed, "content_type": "multipart/form-data"}
        body = urlencode(typed, doseq=True, errors="surrogatepass")
        return {"data": body, "content_type": "application/x-www-form-urlencoded"}

    # --- the answer -----------------------------------------------------------------------------------------

    def _judge(self, what: str, answer, how: dict, seconds: float, grown: int) -> None:
        found = self.found
        found.requests += 1
        found.statuses[answer.status_code] += 1
        found.slowest, found.largest = max(found.slowest, (seconds, what)), max(found.largest, (grown, what))
        asked = f"{what} (request {found.requests})"
        if answer.status_code >= 500:
            found.faults.append(f"{answer.status_code}: {asked}")
        if seconds > SLOWEST:
            found.faults.append(f"{seconds:.1f} s: {asked}")
        if grown > LARGEST:
            found.faults.append(f"{grown >> 20} MB: {asked}")
        if told := MARKED.search(answer.headers.get("Location", "")):
            found.faults.append(f"in an address: {told.group()[:2]}…: {asked}")
        # A form that is shown again stands on its page, with what the page shows to whoever may see it.
        if answer.status_code >= 400 and (answer.is_json or 'name="form_key"' not in answer.text):
            sent = str(how.get("data")) + odd.as_json(how.get("data")).decode()
            sent = unquote_plus(sent)
            others = {one for one in MARKED.findall(answer.text) if one not in sent}
            found.faults += [f"somebody else's in an error: {asked}"] if others else []


def _typed(value) -> str | list:
    return [str(one) for one in value][:50] if isinstance(value, list) else "" if value is None else str(value)


def resident() -> int:
    """The bytes of memory this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


def stored_faults() -> list[str]:
    """Somebody's data in what leaves the house, in the audit's details or in a notice."""
    places = {
        "outbox": Outbox.payload,
        "audit": AuditEntry.details,
        "notice": Notice.values,
        "error": Outbox.last_error,
    }
    faults = []
    with unit_of_work(read_only=True):
        for place, column in places.items():
            marked = [value for value in session.scalars(select(column)) if MARKED.search(str(value))]
            faults += [f"in {place}: {str(value)[:200]}" for value in marked[:5]]
    return faults
