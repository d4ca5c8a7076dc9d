"""P1: kill -9 at random moments, and afterwards nothing acknowledged is missing and nothing is there twice."""

import random
import time
from pathlib import Path

from sqlalchemy import func, select, text

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.audit.verify import verify
from rental_mgmt.core.db import engine, on_postgresql, session, unit_of_work
from rental_mgmt.core.outbox import Outbox
from rental_mgmt.stays.models import Guest
from rental_mgmt.stays.registration import TOPIC
from tests.support.processes import Server
from tests.support.world import World

from .registering import Registering

CLIENTS = 8
# Every fifth kill takes the whole server; the others its workers, which its master then makes anew.
EVERYTHING = 5


def kill_and_restart(
    settings: dict, folder: Path, kills: int, at_least: int, workers: int, seed: int
) -> Registering:
    """Register while the server is killed so often; what the clients saw at the end.

    Between two kills, counted from the first answer, lies a random time; after the last kill the clients go on
    until so many registrations are acknowledged.
    """
    server, chance = Server(settings, folder, workers=workers), random.Random(seed)
    clients = Registering.prepared(World(), server.port, CLIENTS, 100 * kills + at_least)
    session.remove()
    engine().dispose()
    try:
        server.start()
        clients.start()
        for number in range(kills):
            server.wait_until_ready()
            time.sleep(chance.uniform(0.05, 0.7))
            if number % EVERYTHING:
                server.kill_workers()
            else:
                server.kill()
                server.start()
        server.wait_until_ready()
        while len(clients.acknowledged) < at_least:
            time.sleep(0.1)
        clients.finish()
        server.stop()
    finally:
        clients.abandon()
        server.kill()
    return clients


def check(clients: Registering) -> None:
    """0 lost, 0 twice, 0 without outbox row, 0 without audit entry; database and chains are whole."""
    with unit_of_work(read_only=True):
        stored = [str(uid) for uid in session.scalars(select(Guest.uid))]
        sent = [row["guest"] for row in session.scalars(select(Outbox.payload).where(Outbox.topic == TOPIC))]
        written = session.scalars(
            select(func.replace(AuditEntry.subject, "guest:", "")).where(AuditEntry.action == "guest.register")
        ).all()
        audited, damage = verify(), _damage()
    acknowledged = list(clients.acknowledged.values())
    assert set(acknowledged) - set(stored) == set(), "acknowledged and lost"
    assert len(set(acknowledged)) == len(acknowledged), "two registrations, one guest"
    assert len(stored) == len(acknowledged), "stored twice"
    assert sorted(sent) == sorted(stored), "registrations and outbox rows differ"
    assert sorted(written) == sorted(stored), "registrations and audit entries differ"
    assert audited.faults == []
    assert damage == []


def _damage() -> list[str]:
    """What the database itself finds wrong with its files."""
    if not on_postgresql():
        said = (
            session.scalars(text("PRAGMA integrity_check")).all()
            + session.execute(text("PRAGMA foreign_key_check")).all()
        )
        return [str(line) for line in said if line != "ok"]
    session.execute(text("SET LOCAL zero_damaged_pages = off"))
    # Reads every page with its checksum.
    tables = session.scalars(
        text("SELECT format('%I', tablename) FROM pg_tables WHERE schemaname = 'public'")
    ).all()
    for table in tables:
        session.execute(text(f"SELECT count(*) FROM {table} t WHERE t IS NOT NULL"))
    return []
