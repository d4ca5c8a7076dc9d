"""B9: verify the audit chains, against reading the rows and hashing them, nothing else."""

import hashlib
import time
from collections.abc import Iterator

from sqlalchemy import select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.audit.service import record
from rental_mgmt.audit.verify import verify
from rental_mgmt.core.access import SYSTEM
from rental_mgmt.core.db import long_read, unit_of_work

from . import Measure, Place, Scale, inside, line

ROUNDS = 3
AT_ONCE = 5_000
CHAINS = 20
COLUMNS = (
    *(AuditEntry.chain_id, AuditEntry.number, AuditEntry.at_us, AuditEntry.actor_id, AuditEntry.actor_role),
    *(AuditEntry.action, AuditEntry.subject, AuditEntry.details, AuditEntry.seal),
)


@line("B9", "verify the audit chains")
def audit(scale: Scale, place: Place) -> Iterator[Measure]:
    with inside.opened(place):
        there = 0
        for size, entries in ((1, scale.audit_entries // 10), (10, scale.audit_entries)):
            _record(there, entries)
            there = entries
            seconds, floor = _in_turns()
            yield Measure(
                "audit entries verified", entries / seconds, "/s", entries / floor, at_least=0.60, size=size
            )
        yield Measure(f"verify {entries:,} entries", seconds, "s", at_most=30)


def _in_turns() -> tuple[float, float]:
    """Seconds of product and floor in the round whose ratio is the median."""
    pairs = []
    for _ in range(ROUNDS):
        bare = _timed(_read_and_hash)
        pairs.append((_timed(_verified), bare))
    return sorted(pairs, key=lambda pair: pair[1] / pair[0])[ROUNDS // 2]


def _timed(work) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _verified() -> None:
    with unit_of_work(read_only=True):
        found = verify()
    if found.faults:
        raise RuntimeError(f"a fault where there is none: {found.faults[0]}")


def _read_and_hash() -> None:
    query = select(*COLUMNS).order_by(AuditEntry.chain_id, AuditEntry.number)
    seal = b""
    with long_read() as connection:
        for row in connection.execution_options(yield_per=AT_ONCE).execute(query):
            text = "\x1f".join(map(str, row[:8]))
            seal = hashlib.sha256(seal + text.encode()).digest()


def _record(first: int, last: int) -> None:
    """Entries as registrations make them, in the chains of so many communities."""
    for begin in range(first, last, AT_ONCE):
        with unit_of_work():
            for n in range(begin, min(last, begin + AT_ONCE)):
                chain = f"place:{n % CHAINS}"
                record(SYSTEM, "guest.register", f"guest:{n:036}", chain, over_capacity=False, missing=[])
