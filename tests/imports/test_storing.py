"""From a file to rows: a dry run that stores nothing, all or nothing, twice changes nothing, undone as one."""

import io
from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy import func, select

from rental_mgmt.audit.models import AuditEntry
from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Conflict
from rental_mgmt.core.files import StoredFile
from rental_mgmt.demo.ledger import shifted_copy
from rental_mgmt.imports import checking, service, storing, undoing
from rental_mgmt.imports.models import BatchStatus, ImportBatch, ImportRow
from rental_mgmt.places.models import Place
from rental_mgmt.stays.corrections import secret
from rental_mgmt.stays.models import Guest, Person, Stay
from rental_mgmt.units.models import Unit, UnitStatus
from tests.support import people


def count(model) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(model))


def ledger(guests, title="二〇二六年五月入住台账") -> bytes:
    """A small ledger: two units, and these (door, name, number, arrived, left)."""
    book = openpyxl.Workbook()
    units = book.active
    units.title = "房源"
    units.append(["楼栋", "房号", "面积", "床位数", "核定人数", "经营者", "联系电话"])
    units.append(["1栋", "1203", "62㎡", 2, 4, "王某", "19000000001"])
    units.append(["1栋", "1204", 40, 1, 2, "李某", "19000000002"])
    stays = book.create_sheet("入住")
    stays.append([title])
    stays.append(["楼栋", "房号", "住客姓名", "证件号码", "入住时间", "离店时间"])
    for row in guests:
        stays.append(["1栋", *row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


TWO = [
    ("1203", people.person(1).name, people.person(1).id_number, "2026-05-03 14:00", "2026-05-05 11:00"),
    ("1203", people.person(2).name, people.person(2).id_number, "2026-05-03 14:00", "2026-05-05 11:00"),
]


@pytest.fixture
def desk(world):
    """A property manager of an empty compound."""
    world.compound_ = world.compound()
    world.manager = world.property_manager(world.compound_)
    return world


def bring(desk, source: bytes) -> ImportBatch:
    """Upload and dry run."""
    with unit_of_work():
        batch = service.upload(desk.manager.actor, desk.compound_.uid, source, "台账.xlsx")
    checking.check_batch(batch.id)
    return desk.find(ImportBatch, batch.uid)


def store(desk, batch):
    with unit_of_work():
        return storing.store_batch(desk.manager.actor, session.get(ImportBatch, batch.id))


def test_a_dry_run_stores_nothing(desk):
    batch = bring(desk, ledger(TWO))
    assert batch.status is BatchStatus.CHECKED, batch.summary
    assert (batch.summary["units"], batch.summary["stays"], batch.summary["guests"]) == (2, 1, 2)
    assert (count(Unit), count(Stay), count(Guest)) == (0, 0, 0)


def test_a_checked_batch_is_stored_sealed_and_audited_once(desk):
    batch = bring(desk, ledger(TWO))
    before = count(AuditEntry)
    stored = store(desk, batch)
    assert (stored.units, stored.stays, stored.guests) == (2, 1, 2)
    assert count(AuditEntry) == before + 1
    unit = session.scalars(select(Unit).where(Unit.name.contains("1203"))).one()
    assert (unit.status, unit.capacity, unit.beds) == (UnitStatus.UNCLAIMED, 4, 2)
    assert unit.claim_phone_fp
    guest = session.scalars(select(Guest).order_by(Guest.id)).first()
    assert secret(guest, "number") == people.person(1).id_number
    assert guest.import_batch_id == batch.id
    assert guest.stay.ended_at == guest.left_at
    assert count(StoredFile) == 0, "the file has served"


def test_twice_changes_nothing(desk):
    file = ledger(TWO)
    store(desk, bring(desk, file))
    with pytest.raises(Conflict, match="已经导入过"):
        bring(desk, file)
    # Another file with the same rows and one more: only that one is new.
    third = ("1204", people.person(3).name, people.person(3).id_number, "2026-05-09 14:00", "2026-05-10 11:00")
    stored = store(desk, bring(desk, ledger([*TWO, third])))
    assert (stored.units, stored.stays, stored.guests, stored.known) == (0, 1, 1, 2)
    assert (count(Unit), count(Stay), count(Guest), count(Person)) == (2, 2, 3, 3)


def test_errors_name_the_cell_and_stop_everything(desk):
    bad = [
        *TWO,
        ("9999", "王某", people.person(4).id_number, "2026-05-03 14:00", "2026-05-05 11:00"),
        ("1203", "王某", people.person(5).id_number, "2026-05-09 14:00", "2026-05-05 11:00"),
    ]
    batch = bring(desk, ledger(bad))
    assert batch.status is BatchStatus.REFUSED
    rows = session.scalars(select(ImportRow).where(ImportRow.is_error).order_by(ImportRow.number)).all()
    assert [row.number for row in rows] == [5, 6]
    assert "9999" in rows[0].problems[0]["words"]
    assert rows[1].problems[0]["cell"] == "F6"
    assert people.person(5).id_number not in str(rows[1].problems)
    with pytest.raises(Conflict):
        store(desk, batch)
    assert count(Guest) == 0


def test_a_wrong_check_digit_in_a_past_stay_is_kept_with_its_state(desk):
    wrong = people.with_wrong_check_digit(people.person(1).id_number)
    batch = bring(desk, ledger([("1203", "王某", wrong, "2026-05-03 14:00", "2026-05-05 11:00")]))
    assert batch.status is BatchStatus.CHECKED
    assert batch.summary["warnings"] == 1
    store(desk, batch)
    guest = session.scalars(select(Guest)).one()
    assert guest.document_state.value == "bad_check_digit"
    assert guest.missing == ["valid_number"]


def test_a_batch_is_undone_as_one_and_may_come_again(desk):
    batch = bring(desk, ledger(TWO))
    store(desk, batch)
    with unit_of_work():
        counts = undoing.undo_batch(desk.manager.actor, session.get(ImportBatch, batch.id))
    assert counts == {"guests": 2, "stays": 1, "units": 2}
    assert (count(Unit), count(Stay), count(Guest)) == (0, 0, 0)
    assert store(desk, bring(desk, ledger(TWO))).guests == 2


def test_what_people_worked_on_is_not_undone(desk):
    batch = bring(desk, ledger(TWO))
    store(desk, batch)
    with unit_of_work():
        session.scalars(select(Guest)).first().left_at = clock.now() - timedelta(days=9)
    with unit_of_work(read_only=True):
        pass
    with pytest.raises(Conflict, match="1"), unit_of_work():
        undoing.undo_batch(desk.manager.actor, session.get(ImportBatch, batch.id))
    assert count(Guest) == 2


def test_another_compound_is_not_there(desk, client):
    elsewhere = desk.compound("西方新城")
    stranger = desk.property_manager(elsewhere)
    batch = bring(desk, ledger(TWO))
    headers = desk.key(stranger)
    hidden = client.get(f"/api/v1/imports/{batch.uid}", headers=headers)
    missing = client.get(f"/api/v1/imports/{desk.compound_.uid}", headers=headers)
    assert hidden.status_code == missing.status_code == 404
    assert hidden.data == missing.data
    sent = {"file": (io.BytesIO(ledger(TWO)), "a.xlsx")}
    refused = client.post(f"/api/v1/compounds/{desk.compound_.uid}/imports", data=sent, headers=headers)
    assert refused.status_code == 404


def test_the_demo_ledger_comes_in_whole(desk, count_queries):
    batch = bring(desk, shifted_copy(clock.local_day(clock.now())))
    assert batch.status is BatchStatus.CHECKED, batch.summary
    with count_queries() as seen:
        stored = store(desk, batch)
    assert stored.units == 180
    assert stored.guests > 1000
    assert len(seen) < 80, "set-based, however many rows"
    assert count(Place) > 180
