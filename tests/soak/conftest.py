"""What the long promises share: the house at real time, numbers from the environment, figures at the end."""

import os

import pytest

from rental_mgmt.core import clock

FIGURES: list[str] = []


@pytest.fixture
def running_house(house) -> dict:
    """Connected as every process is, while the clock runs."""
    clock.freeze(None)
    return house


@pytest.fixture
def size():
    """size("KILLS", 200): how often, or how long; the environment may ask for less, or more."""
    return lambda name, usual: int(os.environ.get(name, usual))


@pytest.fixture
def figure(database):
    """figure("P9", "…"): a line of the table at the end of the run."""

    def note(promise: str, words: str, where: str = database.name) -> None:
        FIGURES.append(f"{promise:4} {where:10} {words}")

    return note


def pytest_terminal_summary(terminalreporter) -> None:
    if FIGURES:
        terminalreporter.section("figures")
        for line in FIGURES:
            terminalreporter.write_line(line)
