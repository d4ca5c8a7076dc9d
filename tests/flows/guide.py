"""The running demo, and its people at browsers of their own: what a reader of README's tour has in hand."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyotp
from playwright.sync_api import Locator, Page

from ..support import browser as browsers
from ..support.browser import DESK, PHONE, TABLET

ROOT = Path(__file__).parents[2]
FLASK = (sys.executable, "-m", "flask", "--app", "wsgi")
# Generous for a machine that runs every other test at the same time; measured alone it is far below a minute.
STARTS_WITHIN, STOPS_WITHIN = 240, 30
ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]+")


@dataclass
class Person:
    """A row of the printed table of sign-ins."""

    role: str
    name: str
    signs_in_as: str
    password: str
    pin: str
    totp_secret: str
    used_codes: set[str] = field(default_factory=set)

    def next_code(self) -> str:
        """A time code works once: who signs in twice in half a minute waits for the next one."""
        while (code := pyotp.TOTP(self.totp_secret).now()) in self.used_codes:
            time.sleep(0.5)
        self.used_codes.add(code)
        return code


@dataclass
class Demo:
    """A demo that is running: where, in which folder, and who can sign in."""

    address: str
    folder: Path
    people: dict[str, Person]
    seconds: float

    def flask(self, *command: str, **settings: str) -> subprocess.CompletedProcess:
        """A command of the product over the demo's own data."""
        env = environment(self.folder, **settings)
        about = {"cwd": ROOT, "env": env, "capture_output": True, "text": True, "timeout": 120}
        return subprocess.run([*FLASK, *command], **about)


def environment(folder: Path, **settings: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK", "PYTEST"))}
    dropped = ("MODE", "DATABASE_URL", "KEYS_DIR", "MASTER_KEY", "SECRET_KEY", "MOVED_CLOCK_SECONDS")
    clean = {name: value for name, value in kept.items() if name not in dropped}
    return clean | {"DATA_DIR": str(folder), "PORT": "0", "PYTHONUNBUFFERED": "1"} | settings


@contextmanager
def started(folder: Path, **settings: str) -> Iterator[Demo]:
    """`flask demo start` in a process of its own, stopped at the end as a service manager stops it."""
    began = time.monotonic()
    process = subprocess.Popen(
        [*FLASK, "demo", "start"],
        cwd=ROOT,
        env=environment(folder, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        address, lines = _until_it_answers(process, began + STARTS_WITHIN)
        yield Demo(address, folder, _people(lines), time.monotonic() - began)
    finally:
        process.terminate()
        try:
            process.wait(STOPS_WITHIN)
        finally:
            process.kill()
            process.stdout.close()


def _until_it_answers(process: subprocess.Popen, deadline: float) -> tuple[str, list[str]]:
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if found := ADDRESS.search(line):
            return found[0], lines
        assert time.monotonic() < deadline, "\n".join(lines)
    raise AssertionError(f"the demo ended: {process.wait()}\n" + "\n".join(lines))


def _people(lines: list[str]) -> dict[str, Person]:
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines]
    people = [Person(*row) for row in rows if len(row) == 6 and row[0] != "角色"]
    return {person.name: person for person in people}


# --- at a browser -------------------------------------------------------------------------------------------


@dataclass
class Visitor:
    """Somebody at a browser; `look` is what they and everybody else must be able to do with each page."""

    page: Page
    shots: Path | None
    role: str = ""

    def go(self, path: str) -> None:
        answer = self.page.goto(path)
        assert answer.status < 400, f"{path} → {answer.status}"

    def press(self, words: str) -> None:
        """Press the button or follow the link that says so, and wait for the page that follows."""
        self.find(words).click()
        self.page.wait_for_load_state()

    def find(self, words: str) -> Locator:
        """What says just that, on the page itself before its frame; else what says it among other words."""
        main, everywhere = self.page.locator("main"), self.page.locator("body")
        for where, exactly in ((main, True), (everywhere, True), (main, False)):
            button = where.get_by_role("button", name=words, exact=exactly)
            found = button.or_(where.get_by_role("link", name=words, exact=exactly)).locator("visible=true")
            if found.count():
                return found.first
        raise AssertionError(
            f"nothing to press says {words} at {self.page.url}:\n{self.page.inner_text('body')}"
        )

    def sees(self, words: str) -> bool:
        return words in self.page.inner_text("body")

    def look(self, name: str) -> None:
        """No fault for axe, nothing wider than the screen, on a phone, a tablet and a desk."""
        before = self.page.viewport_size
        assert browsers.accessibility_faults(self.page) == [], self.page.url
        for width, height in (PHONE, TABLET, DESK):
            self.page.set_viewport_size({"width": width, "height": height})
            if self.shots:
                browsers.screenshot(self.page, self.shots / f"{name}-{width}.png")
            assert not browsers.is_wider_than_screen(self.page), f"{self.page.url} at {width}"
        self.page.set_viewport_size(before)

    def sign_in(self, person: Person) -> None:
        self.go("/sign-in")
        self.page.fill("[name=name]", person.signs_in_as)
        self.page.fill("[name=password]", person.password)
        self.press("登录")
        if person.totp_secret != "—":
            self.page.fill("[name=code]", person.next_code())
            self.press("登录")
        assert "/sign-in" not in self.page.url, self.page.inner_text("main")
        assert self.page.locator("header .who", has_text=person.name).count()
        self.role = person.role
