"""P7 in full: the database is away for a minute."""

import sqlite3
from contextlib import closing

import pytest

import rental_mgmt
from rental_mgmt.core import clock, db
from tests.reliability.away import Evening, outage
from tests.support import postgres
from tests.support.databases import migrated
from tests.support.processes import served
from tests.support.world import World

only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@only_sqlite
@pytest.mark.timeout(0)
def test_postgresql_goes_away_and_comes_back(settings, tmp_path, size, figure):
    seconds = size("AWAY_SECONDS", 60)
    with postgres.stoppable() as (server, go, come_back):
        settings["DATABASE_URL"] = server.create("away")
        migrated(settings["DATABASE_URL"])
        rental_mgmt.prepare(settings)
        clock.freeze(None)
        with served(settings, tmp_path, workers=2) as web:
            evening = Evening(World(), web)
            outage(evening, seconds, go, come_back, reads_go_on=False)
        db.session.remove()
        db.engine().dispose()
    figure("P7", f"away for {seconds} s: {_said(evening)}", "postgresql")


@only_sqlite
@pytest.mark.timeout(0)
def test_sqlite_is_held_by_somebody_else(database, running_house, tmp_path, size, figure):
    seconds, other = size("AWAY_SECONDS", 60), sqlite3.connect(database.file, isolation_level=None)
    with closing(other), served(running_house, tmp_path, threads=4) as web:
        evening = Evening(World(), web)
        hold, let_go = (lambda: other.execute("BEGIN IMMEDIATE")), (lambda: other.execute("ROLLBACK"))
        outage(evening, seconds, hold, let_go, reads_go_on=True)
    figure("P7", f"held by another process for {seconds} s: {_said(evening)}")


def _said(evening: Evening) -> str:
    refused = [asked for asked in evening.answers if asked.status == 503]
    slowest = max(asked.seconds for asked in refused)
    told = f"{len(refused)} times 503 with Retry-After, the slowest after {slowest:.2f} s"
    return f"{told}; healthy again without a restart"
