"""Who did what and who saw what, chained, written in the same transaction as the doing."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from ..core import clock, db, keys
from ..core.access import Actor
from ..core.db import dialect_insert, on_postgresql, run, session
from .models import AuditChain, AuditEntry, Keep

GENESIS = b"\0" * 32
SYSTEM_CHAIN = "system"


@dataclass(frozen=True, slots=True)
class Buffered:
    """An entry that waits for the commit."""

    scope: str
    keep: Keep
    at: datetime
    actor_id: int | None
    actor_role: str
    action: str
    subject: str
    details: str


def record(actor: Actor, action: str, subject, chain: str, **details) -> None:
    """Say that the actor did `action` (noun.verb) to a row with a uid, or to something named by a string.

    `chain` is "place:<community id>" or "system". Details are counts, codes and states; never personal data.
    """
    _buffer(Keep.ACT, actor, action, subject, chain, details)


def record_access(actor: Actor, action: str, subject, chain: str, **details) -> None:
    """Say that the actor saw something; kept twelve months. “Seen” = an unmasked value left the server."""
    _buffer(Keep.ACCESS, actor, action, subject, chain, details)


def _buffer(keep: Keep, actor: Actor, action: str, subject, chain: str, details: dict) -> None:
    entry = Buffered(
        chain, keep, clock.now(), actor.user_id, actor.role.value, action, _named(subject), canonical(details)
    )
    session().info.setdefault("audit", []).append(entry)


def _named(subject) -> str:
    return subject if isinstance(subject, str) else f"{subject.__tablename__}:{subject.uid}"


def canonical(details: dict) -> str:
    """The one way to write details down: sorted keys, no spaces, characters as they are."""
    return json.dumps(details, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)


# --- appending ----------------------------------------------------------------------------------------------


def append() -> None:
    """Chain what was buffered: the last statements before the commit, chains in sorted order (no deadlock)."""
    buffered = session().info.pop("audit", None)
    if not buffered:
        return
    chains: dict[tuple[str, Keep], list[Buffered]] = {}
    for entry in buffered:
        chains.setdefault((entry.scope, entry.keep), []).append(entry)
    for (scope, keep), entries in sorted(chains.items()):
        _extend(_lock_chain(scope, keep), entries)


_chain, _entry = AuditChain.__table__, AuditEntry.__table__
_LOCK = (
    select(_chain.c.id, _chain.c.scope, _chain.c.keep, _chain.c.length, _chain.c.head)
    .where(_chain.c.scope == bindparam("of_scope"), _chain.c.keep == bindparam("of_keep"))
    .with_for_update()
)
_MOVE = (
    update(_chain)
    .where(_chain.c.id == bindparam("chain"))
    .values({name: bindparam(f"new_{name}") for name in ("length", "head", "head_mac")})
)
_INSERT = insert(_entry)
_WRITTEN = [column.name for column in _entry.c if column.name != "id"]
# One round trip: the entry travels inside the statement that moves the head.
_MOVE_WITH_ENTRY = _MOVE.add_cte(
    insert(_entry)
    .values({name: bindparam(f"entry_{name}", type_=_entry.c[name].type) for name in _WRITTEN})
    .cte("entry")
)


def _lock_chain(scope: str, keep: Keep):
    which = {"of_scope": scope, "of_keep": keep}
    found = run(_LOCK, which).one_or_none()
    if found is None:
        fresh = {"scope": scope, "keep": keep, "length": 0, "head": GENESIS}
        fresh["head_mac"] = head_mac(scope, keep, 0, GENESIS)
        session.execute(dialect_insert(AuditChain).values(fresh).on_conflict_do_nothing())
        found = run(_LOCK, which).one()
    return found


def _extend(chain, entries: list[Buffered]) -> None:
    number, head, rows = chain.length, chain.head, []
    for entry in entries:
        number += 1
        row = {
            "chain_id": chain.id,
            "number": number,
            "at_us": microseconds(entry.at),
            "actor_id": entry.actor_id,
            "actor_role": entry.actor_role,
            "action": entry.action,
            "subject": entry.subject,
            "details": entry.details,
        }
        head = row["seal"] = seal_of(head, *row.values())
        rows.append(row)
    mac = head_mac(chain.scope, chain.keep, number, head)
    move = {"chain": chain.id, "new_length": number, "new_head": head, "new_head_mac": mac}
    if len(rows) == 1 and on_postgresql():
        run(_MOVE_WITH_ENTRY, move | {f"entry_{name}": value for name, value in rows[0].items()})
    else:
        run(_INSERT, rows)
        run(_MOVE, move)


def microseconds(at: datetime) -> int:
    """A moment as whole microseconds since 1970 UTC."""
    seconds = int(at.replace(microsecond=0).timestamp())
    return seconds * 1_000_000 + at.microsecond


def seal_of(before: bytes, chain_id, number, at_us, actor_id, actor_role, action, subject, details) -> bytes:
    """SHA-256 over the seal before and the entry's canonical form; fields cannot run into each other."""
    text = (
        f"{chain_id}\x1f{number}\x1f{at_us}\x1f{actor_id}\x1f{actor_role}\x1f{action}\x1f{subject}\x1f{details}"
    )
    return hashlib.sha256(before + text.encode()).digest()


def head_mac(scope: str, keep: str, length: int, head: bytes) -> bytes:
    """A keyed seal over the head: whoever can write the database but has no key cannot make a new end."""
    return keys.audit_mac()(f"{scope}\x1f{keep}\x1f{length}\x1f".encode() + head)


def forget() -> None:
    """Drop what a refused transaction had buffered."""
    session().info.pop("audit", None)


def is_pending() -> bool:
    return bool(session().info.get("audit"))


def init() -> None:
    """Let every unit of work append its entries; called once by create_app and the command line."""
    if append not in db.before_commit:
        db.before_commit.append(append)
        db.after_refusal.append(forget)
        db.pending_after_read.append(is_pending)
