"""Whatever must reach someone outside: a row written with the act, sent by a job after the commit."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from . import clock
from .db import Model, Uid, Words, on_postgresql, session

GIVE_UP_AFTER = timedelta(hours=24)
LONGEST_WAIT = timedelta(minutes=5)


class Delivery(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"


class Outbox(Uid, Model):
    """One message; `uid` is the event id by which a receiver drops what it already has.

    `payload` carries references and counts, never personal data. `ordered_by` keeps the order of messages
    about one thing: a later one waits while an earlier one is not delivered.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index(None, "state", "topic", "next_try_at"), Index(None, "ordered_by", "state"))

    topic: Mapped[str]
    ordered_by: Mapped[str | None]
    payload: Mapped[dict]
    state: Mapped[Delivery] = mapped_column(Words(Delivery), default=Delivery.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    next_try_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    last_error: Mapped[str | None]


Sender = Callable[[str, UUID, dict], None]
SENDERS: dict[str, Sender] = {}


def sends(topic: str) -> Callable[[Sender], Sender]:
    """Register what delivers a topic: `send(topic, event_uid, payload)`; raising means try again."""

    def register(function: Sender) -> Sender:
        SENDERS[topic] = function
        return function

    return register


def outbox_row(topic: str, payload: dict, ordered_by: str | None = None) -> dict:
    """The column values of one message, for hot paths that insert several rows in one statement."""
    # The machine's own time: how long a message waits has nothing to do with a moved clock.
    at = clock.real_now()
    return {
        "topic": topic,
        "payload": payload,
        "ordered_by": ordered_by,
        "created_at": at,
        "next_try_at": at,
        "state": Delivery.WAITING,
        "tries": 0,
    }


def enqueue(topic: str, payload: dict, ordered_by: str | None = None) -> Outbox:
    """Add a message to be sent once this transaction has committed."""
    message = Outbox(**outbox_row(topic, payload, ordered_by))
    session.add(message)
    return message


def waiting(at: datetime, limit: int = 100):
    """The messages to try now, oldest first; a row that another worker holds is passed over."""
    earlier = Outbox.__table__.alias()
    blocked = (
        select(earlier.c.id)
        .where(
            earlier.c.ordered_by == Outbox.ordered_by,
            earlier.c.id < Outbox.id,
            earlier.c.state == Delivery.WAITING,
        )
        .exists()
    )
    query = (
        select(Outbox)
        .where(
            Outbox.state == Delivery.WAITING,
            Outbox.next_try_at <= at,
            Outbox.topic.in_(SENDERS),
            ~blocked,
        )
        .order_by(Outbox.id)
        .limit(limit)
    )
    return query.with_for_update(skip_locked=True, of=Outbox) if on_postgresql() else query
