"""The nightly broom: sign-in attempts and sessions that nobody needs any more."""

from ..core.db import unit_of_work
from ..core.jobs import job
from . import attempts, sessions


@job("forget_old_sign_ins", at="03:40")
def forget_old_sign_ins(_scheduled_for) -> None:
    """Attempts count for an hour and sessions end within 30 days; both are deleted a month later."""
    with unit_of_work():
        attempts.forget_old()
    with unit_of_work():
        sessions.forget_old()
