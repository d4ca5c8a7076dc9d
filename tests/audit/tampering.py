"""Ways to tamper with the audit log, each of which has to be found (P9)."""

import random
from collections.abc import Callable

from sqlalchemy import select, text

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.audit.verify import verify
from rental_mgmt.core.db import session


def _change(chance, rows):
    column = chance.choice(("at_us", "actor_role", "action", "subject", "details", "number", "seal"))
    new = {"at_us": "at_us + 1", "number": "number + 1000", "seal": "x'00'"}.get(column, f"{column} || 'x'")
    if column == "seal" and session.get_bind().dialect.name == "postgresql":
        new = "'\\x00'::bytea"
    session.execute(
        text(f"update audit_entry set {column} = {new} where id = :id"), {"id": chance.choice(rows)}
    )


def _delete(chance, rows):
    session.execute(text("delete from audit_entry where id = :id"), {"id": chance.choice(rows)})


def _swap(chance, rows):
    one, other = chance.sample(rows, 2)
    details = "(select details || '!' from audit_entry where id = :b)"
    swap = f"update audit_entry set details = {details}, subject = 'y' where id = :a"
    session.execute(text(swap), {"a": one, "b": other})


def _insert(chance, rows):
    copied = "chain_id, number + 500, at_us, actor_id, actor_role, action, subject, details, seal"
    columns = "chain_id, number, at_us, actor_id, actor_role, action, subject, details, seal"
    session.execute(
        text(f"insert into audit_entry ({columns}) select {copied} from audit_entry where id = :id"),
        {"id": chance.choice(rows)},
    )


def _truncate(chance, rows):
    session.execute(text("delete from audit_entry where id > :id"), {"id": chance.choice(rows[:-1])})


def _truncate_and_mend_the_head(chance, rows):
    """Whoever writes the database can make a new head, but not its keyed seal."""
    kept = chance.choice(rows[:-1])
    session.execute(text("delete from audit_entry where id > :id"), {"id": kept})
    row = session.execute(text("select number, seal from audit_entry where id = :id"), {"id": kept}).one()
    mended = "update audit_chain set length = :number, head = :seal"
    session.execute(text(mended), {"number": row.number, "seal": row.seal})


WAYS: tuple[Callable, ...] = (_change, _delete, _swap, _insert, _truncate, _truncate_and_mend_the_head)


def not_found_of(times: int, seed: int = 9) -> list[str]:
    """Tamper so often at random, each time with the whole log, and take it back; what verification missed."""
    rows = session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)).all()
    session.rollback()
    chance, missed = random.Random(seed), []
    for n in range(times):
        way = WAYS[n % len(WAYS)]
        way(chance, rows)
        found = verify()
        session.rollback()
        missed += [] if found.faults else [f"{n}: {way.__name__}"]
    return missed
