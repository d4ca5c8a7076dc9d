"""P1 in full: killed 200 times while eight clients register 10,000 guests."""

import time

import pytest

from tests.reliability.kills import CLIENTS, check, kill_and_restart


@pytest.mark.timeout(0)
def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(
    database, running_house, tmp_path, size, figure
):
    kills, at_least = size("KILLS", 200), size("REGISTRATIONS", 10_000)
    workers, begun = 2 if database.name == "postgresql" else 1, time.monotonic()
    clients = kill_and_restart(running_house, tmp_path, kills, at_least, workers=workers, seed=1)
    check(clients)
    cut = sum(n for what, n in clients.answers.items() if isinstance(what, str))
    figure(
        "P1",
        f"{kills} kills, {CLIENTS} clients, {len(clients.acknowledged):,} acknowledged in "
        f"{time.monotonic() - begun:.0f} s: 0 lost, 0 twice, 0 without outbox row or audit entry; "
        f"{cut:,} answers cut off, {clients.replayed:,} said again",
    )
