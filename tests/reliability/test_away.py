"""P7 with an outage of five seconds; `make soak` takes the database away for sixty."""

import sqlite3
from contextlib import closing

import pytest

import rental_mgmt
from rental_mgmt.core import clock, db
from tests.support import postgres
from tests.support.databases import migrated
from tests.support.processes import served
from tests.support.world import World

from .away import Evening, outage

SECONDS = 5


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_postgresql_goes_away_and_comes_back(settings, tmp_path):
    with postgres.stoppable() as (server, go, come_back):
        settings["DATABASE_URL"] = server.create("away")
        migrated(settings["DATABASE_URL"])
        rental_mgmt.prepare(settings)
        clock.freeze(None)
        with served(settings, tmp_path, workers=2) as web:
            outage(Evening(World(), web), SECONDS, go, come_back, reads_go_on=False)
        db.session.remove()
        db.engine().dispose()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_sqlite_is_held_by_somebody_else(database, running_house, tmp_path):
    other = sqlite3.connect(database.file, isolation_level=None)

    def hold() -> None:
        other.execute("BEGIN IMMEDIATE")

    def let_go() -> None:
        other.execute("ROLLBACK")

    with closing(other), served(running_house, tmp_path, threads=4) as web:
        outage(Evening(World(), web), SECONDS, hold, let_go, reads_go_on=True)
