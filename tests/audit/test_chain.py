"""The audit chains: entries commit with their acts, and every tampering is found (P9)."""

import json
import threading

import pytest
from sqlalchemy import func, select, text

from rental_mgmt.audit import anchor, segments
from rental_mgmt.audit.models import AuditChain, AuditEntry, AuditSegment
from rental_mgmt.audit.service import record, record_access
from rental_mgmt.audit.verify import read_heads, verify
from rental_mgmt.core import clock
from rental_mgmt.core.access import SYSTEM
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Conflict

from .tampering import not_found_of

TAMPERINGS = 100


def write(count: int, chain: str = "place:1") -> None:
    for n in range(count):
        with unit_of_work():
            record(SYSTEM, "test.act", f"thing:{n}", chain=chain, n=n)


def seen():
    session.rollback()
    with unit_of_work(read_only=True):
        return verify()


def test_an_entry_commits_with_its_act_and_dies_with_it(app):
    write(2)

    def refused():
        with unit_of_work():
            record(SYSTEM, "test.refused", "thing:9", chain="place:1")
            raise Conflict("no")

    with pytest.raises(Conflict):
        refused()
    assert session.scalars(select(AuditEntry.number)).all() == [1, 2]
    assert seen().faults == []


def test_what_a_read_showed_is_written_before_the_answer_leaves(app):
    with unit_of_work(read_only=True):
        record_access(SYSTEM, "guest.list_clear", "stay:1", chain="place:1", guests=2)
    assert session.scalars(select(AuditEntry.action)).all() == ["guest.list_clear"]


def test_acts_and_accesses_are_chained_apart(app):
    with unit_of_work():
        record(SYSTEM, "a.b", "x", chain="place:1")
        record_access(SYSTEM, "a.c", "x", chain="place:1")
        record(SYSTEM, "a.d", "x", chain="system")
    assert sorted((c.scope, c.keep.value, c.length) for c in session.scalars(select(AuditChain))) == [
        ("place:1", "access", 1),
        ("place:1", "act", 1),
        ("system", "act", 1),
    ]
    assert seen().entries == 3


def test_every_tampering_is_found(app):
    write(12)
    assert not_found_of(TAMPERINGS) == []
    assert seen().faults == []


def test_a_rollback_of_the_whole_database_is_found_with_a_head_from_outside(app, tmp_path):
    write(3)
    anchor.configure(str(tmp_path / "heads"), None)
    try:
        write(4)
        anchor.send_heads(clock.now())
        heads = read_heads(tmp_path / "heads")
        # The database as it was: three entries and their true head.
        session.execute(text("delete from audit_entry where number > 3"))
        third = session.scalars(select(AuditEntry).where(AuditEntry.number == 3)).one()
        chain = session.scalars(select(AuditChain)).one()
        from rental_mgmt.audit.service import head_mac

        chain.length, chain.head = 3, third.seal
        chain.head_mac = head_mac(chain.scope, chain.keep, 3, third.seal)
        session.flush()
        assert verify().faults == []
        [fault] = verify(heads).faults
        assert fault.number == 7
    finally:
        session.rollback()
        anchor.configure(None, None)


def test_a_head_file_that_was_changed_is_refused(app, tmp_path):
    write(1)
    anchor.configure(str(tmp_path / "heads"), None)
    try:
        anchor.send_heads(clock.now())
    finally:
        anchor.configure(None, None)
    line = json.loads((tmp_path / "heads").read_text())
    line["chains"]["place:1/act"][0] = 9
    (tmp_path / "heads").write_text(json.dumps(line))
    with pytest.raises(ValueError, match="1"):
        read_heads(tmp_path / "heads")


def test_heads_go_to_an_address(app, local_http):
    write(1)
    anchor.configure(None, local_http.url + "/heads")
    try:
        sent = anchor.send_heads(clock.now())
        assert sent["error"] is None
        assert "place:1/act" in local_http.received[0].body.decode()
    finally:
        anchor.configure(None, None)


def test_one_sink_that_fails_keeps_nothing_from_the_other(app, local_http, tmp_path):
    write(1)
    anchor.configure(str(tmp_path / "nowhere" / "heads"), local_http.url + "/heads")
    try:
        sent = anchor.send_heads(clock.now())
        assert sent["error"] == "FileNotFoundError"
        assert len(local_http.received) == 1
    finally:
        anchor.configure(None, None)


def test_no_writer_waits_while_heads_are_sent(app, monkeypatch):
    """An address that takes five seconds must not keep registrations waiting (SQLite lets one writer in)."""
    write(1)
    done = []

    def write_one():
        write(1)
        session.remove()
        done.append(True)

    def slow(_text):
        writer = threading.Thread(target=write_one)
        writer.start()
        writer.join(10)

    monkeypatch.setattr(anchor, "_to_url", slow)
    anchor.configure(None, "http://heads.invalid")
    try:
        anchor.send_heads(clock.now())
    finally:
        anchor.configure(None, None)
    assert done
    assert seen().entries == 2


def test_a_finished_month_is_sealed_once_and_may_retire(app):
    write(3)
    clock.freeze(clock.now() + clock.timedelta(days=31))
    write(2)
    with unit_of_work():
        assert segments.seal_month(clock.now()) == 1
    with unit_of_work():
        assert segments.seal_month(clock.now()) == 0
        segment = session.scalars(select(AuditSegment)).one()
        assert (segment.first_number, segment.last_number) == (1, 3)
        segment.retired_at = clock.now()
        session.execute(text("delete from audit_entry where number <= 3"))
    assert seen().faults == []
    assert seen().entries == 2
    with unit_of_work():
        session.scalars(select(AuditSegment)).one().signature = b"\0" * 64
    assert len(seen().faults) == 1
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == 2
