"""P1 at ten kills for each database; `make soak` does two hundred."""

import pytest

from .kills import check, kill_and_restart

KILLS = 10


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_nothing_acknowledged_is_lost_and_nothing_is_there_twice(database, running_house, tmp_path):
    workers = 2 if database.name == "postgresql" else 1
    clients = kill_and_restart(running_house, tmp_path, KILLS, at_least=100, workers=workers, seed=1)
    check(clients)
    assert sum(n for what, n in clients.answers.items() if isinstance(what, str)) > 0, "no kill was felt"
