"""One running demo for all flows of a worker, and people who open browsers at it."""

import os
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..support import browser as browsers
from ..support.browser import DESK
from .guide import Demo, Visitor, started


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """From nothing, on SQLite, with its own scheduler."""
    with started(tmp_path_factory.mktemp("demo") / "data") as running:
        yield running


@pytest.fixture(scope="session")
def shots() -> Path | None:
    """FLOW_SHOTS names a folder where every page is kept as it looked, for people to look at."""
    named = os.environ.get("FLOW_SHOTS")
    if named:
        Path(named).mkdir(parents=True, exist_ok=True)
    return Path(named) if named else None


@pytest.fixture
def at_browser(demo: Demo, browser, shots: Path | None):
    """with at_browser("史庆栋", size=PHONE) as visitor: … — somebody of the cast, signed in."""

    @contextmanager
    def opened(name: str = "", size=DESK):
        with browsers.opened(browser, demo.address, size) as page:
            visitor = Visitor(page, shots)
            if name:
                visitor.sign_in(demo.people[name])
            yield visitor

    return opened
