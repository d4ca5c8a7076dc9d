"""Sends what waits in the outbox: at least once, in order per subject, with growing pauses, never dropped."""

import logging
import random
from datetime import datetime, timedelta

from . import clock
from .db import session, unit_of_work
from .jobs import job
from .outbox import GIVE_UP_AFTER, LONGEST_WAIT, SENDERS, Delivery, Outbox, waiting

log = logging.getLogger(__name__)

SLICE = 100


@job("send_outbox", seconds=5)
def send_outbox(_scheduled_for: datetime) -> int:
    """Send slices until nothing is due; returns how many were delivered."""
    delivered = 0
    while (sent := send_slice()) is not None:
        delivered += sent
    return delivered


def send_slice() -> int | None:
    """One transaction: hold some messages, send them, write down how it went. None: nothing was due."""
    with unit_of_work():
        at = clock.real_now()
        messages = session.scalars(waiting(at, SLICE)).all()
        if not messages:
            return None
        for message in messages:
            _send(message, at)
        return sum(message.state is Delivery.DELIVERED for message in messages)


def _send(message: Outbox, at: datetime) -> None:
    message.tries += 1
    try:
        with session.begin_nested():
            SENDERS[message.topic](message.topic, message.uid, message.payload)
    except Exception as problem:
        message.last_error = type(problem).__name__
        message.next_try_at = at + pause(message.tries)
        if at - message.created_at > GIVE_UP_AFTER:
            message.state = Delivery.FAILED
            log.error("message not delivered", extra={"topic": message.topic, "tries": message.tries})
    else:
        message.state, message.delivered_at, message.last_error = Delivery.DELIVERED, at, None


def pause(tries: int) -> timedelta:
    """Twice as long after each failure, at most five minutes, with jitter so that not all come back at once."""
    longest = LONGEST_WAIT.total_seconds()
    return timedelta(seconds=min(longest, 2**tries) * random.uniform(0.8, 1.0))
