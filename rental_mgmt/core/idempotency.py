"""The same request twice has one effect and one answer, also when the two arrive together.

The key is claimed by an insert at the start of the transaction and the answer stored at its end: the second
request waits in the database for the first one's commit (bounded), then finds the answer.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache

from sqlalchemy import UniqueConstraint, bindparam, delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column

from . import clock, keys
from .db import Model, Uid, dialect_insert, new_uid, on_postgresql, run, run_alongside, session
from .errors import Conflict, Invalid
from .i18n import _
from .seal import Retention, Where, seal, unseal

LONGEST_KEY = 200


class IdempotencyKey(Uid, Model):
    """A key some actor used, what was asked with it, and the sealed answer."""

    __tablename__ = "idempotency_key"
    __table_args__ = (UniqueConstraint("scope", "key"),)

    scope: Mapped[str]
    key: Mapped[str]
    request_hash: Mapped[bytes]
    answer: Mapped[bytes | None]
    created_at: Mapped[datetime] = mapped_column(index=True)


_table = IdempotencyKey.__table__
_ANSWER = (
    update(_table).where(_table.c.uid == bindparam("claimed_uid")).values(answer=bindparam("claimed_answer"))
)


@dataclass(frozen=True)
class Answer:
    """What was answered the first time: enough to say it again, with what the next page would have said."""

    status: int
    body: str
    headers: dict
    flashes: list = field(default_factory=list)

    def packed(self) -> str:
        return json.dumps([self.status, self.body, self.headers, self.flashes], ensure_ascii=False)


class Replay(Exception):
    """This request was done before; here is its answer."""

    def __init__(self, answer: Answer):
        self.answer = answer


def hash_of(*parts: bytes) -> bytes:
    """A keyed hash of what was asked, so that the stored hash tells nothing about personal data in it."""
    mac = hmac.new(keys.derive("idempotency"), digestmod=hashlib.sha256)
    for part in parts:
        mac.update(len(part).to_bytes(8, "big") + part)
    return mac.digest()


def claim(scope: str, key: str, request_hash: bytes) -> IdempotencyKey | None:
    """Take the key for this transaction; raises Replay with the first answer, refuses another body (422)."""
    if len(key) > LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise Invalid(errors={"Idempotency-Key": [_("最多 200 个可打印的 ASCII 字符")]})
    row = {
        "uid": new_uid(),
        "scope": scope,
        "key": key,
        "request_hash": request_hash,
        "created_at": clock.real_now(),
    }
    try:
        if run(_taking(on_postgresql()), row).first():
            return row["uid"]
    except OperationalError as error:
        if "lock timeout" in str(error.orig):
            raise Conflict(_("同一请求仍在处理中，请稍后查看结果")) from None
        raise
    raise Replay(_stored(scope, key, request_hash))


@cache
def _taking(_for_postgresql: bool):
    taken = dialect_insert(_table).on_conflict_do_nothing(index_elements=["scope", "key"])
    return taken.returning(_table.c.id)


def _stored(scope: str, key: str, request_hash: bytes) -> Answer:
    found = session.execute(
        select(IdempotencyKey.uid, IdempotencyKey.request_hash, IdempotencyKey.answer).where(
            IdempotencyKey.scope == scope, IdempotencyKey.key == key
        )
    ).one_or_none()
    if found is None or found.answer is None:
        raise Conflict(_("同一请求仍在处理中，请稍后查看结果"))
    answer = Answer(*json.loads(unseal(found.answer, _where(found.uid))))
    if not hmac.compare_digest(found.request_hash, request_hash):
        raise Reused(answer)
    return answer


class Reused(Invalid):
    """The key came before with another content; a page shows the first result, the API answers 422."""

    def __init__(self, answer: Answer):
        super().__init__(errors={"Idempotency-Key": [_("此标记已用于另一次提交；如需更改请用更正")]})
        self.answer = answer


def keep_answer(uid, answer: Answer) -> None:
    """Store the answer with the claimed key, as part of the same transaction."""
    sealed = seal(answer.packed(), _where(uid), Retention.IDEMPOTENCY)
    run_alongside(_ANSWER, {"claimed_uid": uid, "claimed_answer": sealed})


def give_back(uid) -> None:
    """Nothing was answered that could be said again: the key may be used once more."""
    session.execute(delete(IdempotencyKey).where(IdempotencyKey.uid == uid))


def _where(uid) -> Where:
    return Where("idempotency_key", "answer", uid)
