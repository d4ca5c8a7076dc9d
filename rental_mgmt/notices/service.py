"""Telling people in the app: many notices in one statement, delivered through the outbox like every channel."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Select, func, insert, select, update

from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import new_uid, session
from ..core.i18n import Lazy, _, locale, use_locale
from ..core.lookup import get_or_404
from ..core.outbox import enqueue, sends
from .models import Notice

TOPIC = "notice.in_app"
# So many notices travel in one message of the outbox.
BATCH = 500
# A header needs no more than "99+".
COUNTED = 100
ANYBODY = tuple(role for role in Role if role is not Role.SYSTEM)


@dataclass(frozen=True)
class Message:
    """One thing to tell some users; title and text are messages of the catalogue, `link` a path of ours.

    A value named `x_en` stands for `x` where the reader reads English.
    """

    user_ids: Iterable[int]
    kind: str
    title: str | Lazy
    text: str | Lazy = ""
    link: str | None = None
    values: dict = field(default_factory=dict)


def notify(
    user_ids: Iterable[int], kind: str, title: str | Lazy, text: str | Lazy, link: str | None, /, **values
) -> int:
    """Tell these users one thing, in this transaction; returns how many were told."""
    return tell([Message(user_ids, kind, title, text, link, values)])


def tell(messages: Iterable[Message]) -> int:
    """Tell several things at once: one INSERT, and one row in the outbox for every 500 notices."""
    at = clock.now()
    rows = [row for message in messages for row in _rows(message, at)]
    if rows:
        session.execute(insert(Notice), rows)
    for first in range(0, len(rows), BATCH):
        enqueue(TOPIC, {"notices": [row["uid"].hex for row in rows[first : first + BATCH]]})
    return len(rows)


def _rows(message: Message, at) -> list[dict]:
    shared = {
        "kind": message.kind,
        "title": _source(message.title),
        "text": _source(message.text),
        "link": message.link,
        "values": message.values,
        "created_at": at,
    }
    return [{"uid": new_uid(), "user_id": user_id, **shared} for user_id in sorted(set(message.user_ids))]


def _source(words: str | Lazy) -> str:
    return words.message if isinstance(words, Lazy) else words


def in_both(**words: Lazy) -> dict[str, str]:
    """Words of ours as values of a message, in both languages: x and x_en."""
    values = {}
    for code, ending in (("zh", ""), ("en", "_en")):
        with use_locale(code):
            values |= {f"{key}{ending}": str(word) for key, word in words.items()}
    return values


@sends(TOPIC)
def deliver_in_app(_topic: str, _event_uid: UUID, payload: dict) -> None:
    """The app's own channel: a notice is delivered when its reader's page may show it."""
    uids = [UUID(key) for key in payload["notices"]]
    delivered = update(Notice).where(Notice.uid.in_(uids), Notice.delivered_at.is_(None))
    session.execute(delivered.values(delivered_at=clock.now()).execution_options(synchronize_session=False))


# --- reading ------------------------------------------------------------------------------------------------


def said(words: str, values: dict) -> str:
    """A stored message in the reader's language."""
    own = {key: values.get(f"{key}_{locale()}") or value for key, value in values.items()}
    return _(words, **own)


@allow(*ANYBODY)
def list_notices(actor: Actor) -> Select:
    """The actor's own notices; the door pages them, newest first."""
    return select(Notice).where(Notice.user_id == actor.user_id)


@allow(*ANYBODY)
def get_notice(actor: Actor, uid: UUID) -> Notice:
    return get_or_404(list_notices(actor), uid)


@allow(*ANYBODY)
def count_unread(actor: Actor) -> int:
    """How many the actor has not read, counted up to 100."""
    unread = select(Notice.id).where(Notice.user_id == actor.user_id, Notice.read_at.is_(None)).limit(COUNTED)
    return session.scalar(select(func.count()).select_from(unread.subquery()))


@allow(*ANYBODY)
def mark_read(actor: Actor, uids: Sequence[UUID] | None = None) -> int:
    """Mark these (or all) of the actor's own notices as read; returns how many were unread."""
    read = update(Notice).where(Notice.user_id == actor.user_id, Notice.read_at.is_(None))
    if uids is not None:
        read = read.where(Notice.uid.in_(uids))
    return session.execute(
        read.values(read_at=clock.now()).execution_options(synchronize_session=False)
    ).rowcount
