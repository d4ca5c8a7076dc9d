"""P9 in full: a thousand tamperings, and the verification of a million entries within a minute."""

import time

import pytest

from rental_mgmt.audit.service import record
from rental_mgmt.audit.verify import verify
from rental_mgmt.core.access import SYSTEM
from rental_mgmt.core.db import unit_of_work
from tests.audit.tampering import not_found_of

AT_ONCE, CHAINS = 5_000, 20
WITHIN = 60


def write(entries: int, chains: int) -> None:
    """Entries as registrations make them, in the chains of so many communities."""
    for begin in range(0, entries, AT_ONCE):
        with unit_of_work():
            for n in range(begin, min(entries, begin + AT_ONCE)):
                record(SYSTEM, "guest.register", f"guest:{n:036}", f"place:{n % chains}", over_capacity=False)


@pytest.mark.timeout(0)
def test_every_tampering_is_found(app, size, figure):
    times = size("TAMPERINGS", 1_000)
    write(60, chains=3)
    assert not_found_of(times) == []
    figure("P9", f"{times:,} random tamperings, {times:,} found")


@pytest.mark.timeout(0)
def test_a_million_entries_are_verified_within_a_minute(app, size, figure):
    entries = size("ENTRIES", 1_000_000)
    write(entries, CHAINS)
    begun = time.monotonic()
    with unit_of_work(read_only=True):
        found = verify()
    seconds = time.monotonic() - begun
    assert found.faults == []
    assert found.entries == entries
    figure("P9", f"{entries:,} entries verified in {seconds:.1f} s")
    assert seconds <= WITHIN
