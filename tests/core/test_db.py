"""The unit of work: all or nothing, what survives a refusal, reads that write nothing, one writer at a time."""

import threading
import time

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.audit.service import record_access
from rental_mgmt.core import db, migrate
from rental_mgmt.core.access import SYSTEM
from rental_mgmt.core.db import keep_even_if_refused, session, start_over, unit_of_work
from rental_mgmt.core.settings import Setting, get_setting, put_setting

pytestmark = pytest.mark.usefixtures("house")
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def refuse():
    raise ZeroDivisionError


def count(model) -> int:
    with unit_of_work(read_only=True):
        return session.scalar(select(func.count()).select_from(model))


def in_a_thread(work):
    """What the work returns or raises in a thread of its own."""
    outcome = []

    def run():
        try:
            outcome.append(work())
        except Exception as problem:
            outcome.append(problem)
        finally:
            session.remove()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    return outcome[0]


def write(name: str) -> str:
    with unit_of_work():
        put_setting(name, {})
    return name


def test_a_refused_unit_keeps_nothing_but_what_must_survive():
    def refused():
        with unit_of_work():
            put_setting("refused", {})
            keep_even_if_refused(lambda: put_setting("kept", {}))
            refuse()

    with pytest.raises(ZeroDivisionError):
        refused()
    with unit_of_work(read_only=True):
        assert get_setting("refused") is None
        assert get_setting("kept") == {}


def test_what_must_survive_commits_with_a_unit_that_does():
    with unit_of_work():
        keep_even_if_refused(lambda: put_setting("kept", {}))
    assert count(Setting) == 1


def test_a_failure_just_before_the_commit_keeps_nothing(monkeypatch):
    monkeypatch.setattr(db, "before_commit", [*db.before_commit, refuse])

    def failing():
        with unit_of_work():
            put_setting("lost", {})
            record_access(SYSTEM, "test.see", "nobody", chain="system")

    with pytest.raises(ZeroDivisionError):
        failing()
    monkeypatch.undo()
    write("next")
    assert count(Setting) == 1
    assert count(AuditEntry) == 0


def test_starting_over_forgets_what_was_done_and_said():
    with unit_of_work():
        put_setting("dropped", {})
        record_access(SYSTEM, "test.see", "nobody", chain="system")
        start_over()
        put_setting("kept", {})
    assert count(Setting) == 1
    assert count(AuditEntry) == 0


def test_a_read_that_writes_is_an_error_and_not_a_loss():
    def reading():
        with unit_of_work(read_only=True):
            put_setting("written", {})

    with pytest.raises(DBAPIError):
        reading()
    # The same connection writes again afterwards.
    write("allowed")
    assert count(Setting) == 1


def test_what_was_seen_in_a_read_is_written_down_before_the_answer_leaves():
    with unit_of_work(read_only=True):
        get_setting("anything")
        record_access(SYSTEM, "test.see", "nobody", chain="system")
    assert count(AuditEntry) == 1


@only_sqlite
def test_a_migration_leaves_the_place_of_the_writer_free(tmp_path, database):
    db.connect(database.empty(tmp_path))
    migrate.upgrade()
    assert migrate.is_current()
    assert in_a_thread(lambda: write("after")) == "after"


@only_sqlite
def test_a_writer_that_waits_too_long_is_told_so_and_readers_never_wait():
    with unit_of_work():
        put_setting("slow", {})
        begun = time.monotonic()
        assert in_a_thread(lambda: count(Setting)) == 0
        assert time.monotonic() - begun < 1
        assert isinstance(in_a_thread(lambda: write("second")), TimeoutError)
        assert time.monotonic() - begun < db.LOCK_WAIT_SECONDS + 2
    assert in_a_thread(lambda: write("third")) == "third"
    assert count(Setting) == 2


@only_sqlite
def test_another_process_that_writes_makes_us_wait_and_then_go_on(database):
    import sqlite3

    elsewhere = sqlite3.connect(database.file, isolation_level=None)
    elsewhere.execute("BEGIN IMMEDIATE")
    with pytest.raises(DBAPIError, match="locked"):
        write("locked out")
    elsewhere.execute("ROLLBACK")
    elsewhere.close()
    assert in_a_thread(lambda: write("let in")) == "let in"
