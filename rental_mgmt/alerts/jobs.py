"""What alerts do by time alone: the turn of what nobody moved passes on."""

from datetime import datetime

from ..core import clock
from ..core.db import unit_of_work
from ..core.jobs import job
from . import passing


@job("pass_turns", seconds=10)
def pass_turns(_scheduled_for: datetime | None = None) -> int:
    """Pass on every turn that is over, in short transactions; returns how many passed."""
    passed = 0
    while True:
        with unit_of_work():
            found = passing.pass_turns(clock.now())
        passed += found
        if found < passing.SLICE:
            return passed
