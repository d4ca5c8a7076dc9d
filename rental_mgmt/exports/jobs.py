"""Exports are built within seconds of their approval; files that are over are removed within a minute."""

from datetime import datetime

from ..core.jobs import job
from . import building, retiring


@job("build_exports", seconds=5)
def build_exports(_scheduled_for: datetime) -> None:
    """Build one after the other until none waits."""
    while building.build_next():
        pass


@job("retire_exports", seconds=60)
def retire_exports(_scheduled_for: datetime) -> None:
    """Close what nobody fetched in time, and remove every file that is over."""
    retiring.expire()
    retiring.shred_finished()
