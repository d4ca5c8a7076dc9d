"""From a file to rows: a dry run that stores nothing, all or nothing, twice changes nothing, undone as one."""

import io
import re
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
from rental_mgmt.imports import checking, jobs, service, storing, undoing
from rental_mgmt.imports.models import BatchStatus, ImportBatch, ImportRow
from rental_mgmt.places.models import Place
from rental_mgmt.stays.corrections import secret
from rental_mgmt.stays.models import Guest, Person, Stay
from rental_mgmt.units import claiming
from rental_mgmt.units.models import Unit, UnitStatus
from tests.support import people
from tests.support.forms import fill_in


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
    assert "9999" in rows[0].said_problems[0]["words"]
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


def test_a_unit_that_something_points_at_outlives_the_undo(desk):
    """A claim code was printed for one of the units: it stays, unclaimed, and the rest of the batch goes."""
    batch = bring(desk, ledger(TWO))
    store(desk, batch)
    with unit_of_work():
        claiming.print_claim_code(desk.manager.actor, session.scalars(select(Unit)).first())
    with unit_of_work():
        counts = undoing.undo_batch(desk.manager.actor, session.get(ImportBatch, batch.id))
    assert (counts["guests"], counts["units"], count(Unit)) == (2, 1, 1)


def test_the_door_of_a_merged_unit_means_the_one_that_goes_on(desk):
    store(desk, bring(desk, ledger(TWO)))
    with unit_of_work():
        first, second = session.scalars(select(Unit).order_by(Unit.name))
        first.merged_into_id = second.id
    later = ("1203", people.person(3).name, people.person(3).id_number, "2026-05-09 14:00", "2026-05-10 11:00")
    assert store(desk, bring(desk, ledger([later]))).guests == 1
    assert session.scalars(select(Guest).order_by(Guest.id.desc())).first().unit_id == second.id


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


# --- as a user ----------------------------------------------------------------------------------------------

BAD = [
    *TWO,
    ("9999", "王某", people.person(4).id_number, "2026-05-03 14:00", "2026-05-05 11:00"),
    ("1203", "王某", people.person(5).id_number, "2026-05-09 14:00", "不清楚"),
]


def send(client, name: str, source: bytes):
    """Upload a file on the page and let the job read it; the page of the batch."""
    made = fill_in(client, "/imports/", {"file": (io.BytesIO(source), name)})
    assert made.status_code in (303, 409), made.text
    jobs.read_imports(clock.now())
    return made.headers.get("Location"), made


def test_problems_are_said_in_the_language_of_whoever_reads(desk, client):
    desk.sign_in(client, desk.manager)
    path, _made = send(client, "台账.xlsx", ledger(BAD))
    shown = client.get(path).text
    assert all(words in shown for words in ("没有导入任何数据", "没有找到房源 1栋9999", "F6", "日期看不懂"))
    client.set_cookie("locale", "en")
    english = client.get(path).text
    assert all(
        words in english for words in ("Building 1", "was not found", "F6", "The date is not understood")
    )
    chinese = re.compile(r"[一-鿿]+")
    table = english.partition("<table")[2].partition("</table>")[0]
    # What stands in the file itself, here the name of a sheet, is not translated.
    assert set(chinese.findall(table)) <= {"入住"}


def test_the_list_of_problems_is_a_file_and_an_answer_of_the_api(desk, client):
    desk.sign_in(client, desk.manager)
    path, _made = send(client, "台账.xlsx", ledger(BAD))
    file = client.get(f"{path}/problems.csv")
    assert file.mimetype == "text/csv"
    assert file.data.startswith(b"\xef\xbb\xbf")
    lines = file.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "级别,工作表,行,单元格,怎么改"
    assert (len(lines), people.person(4).id_number in file.text) == (3, False)
    api = f"/api/v1/imports/{path.rpartition('/')[2]}"
    headers = desk.key(desk.manager)
    pages = [client.get(f"{api}/problems?size=1", headers=headers).json]
    pages.append(client.get(f"{api}/problems?size=1&cursor={pages[0]['next_cursor']}", headers=headers).json)
    assert [page["items"][0]["number"] for page in pages] == [5, 6]
    english = client.get(f"{api}/problems", headers=headers | {"Accept-Language": "en"}).json["items"]
    assert all(one["words"].isascii() for row in english for one in row["problems"])
    sheet = client.get(api, headers=headers).json["summary"]["sheets"][0]
    assert sheet["understood"][0] == ["A", "楼栋", "楼栋"]


def test_from_the_page_store_again_and_undo(desk, client):
    desk.sign_in(client, desk.manager)
    file = ledger(TWO)
    path, _made = send(client, "台账.xlsx", file)
    stored = fill_in(client, path, {}, at="/store", follow=True)
    assert "已导入：房源 2 套，入住 1 次，住客 2 人" in stored.text
    _path, again = send(client, "台账.xlsx", file)
    assert (again.status_code, "这份文件已经导入过" in again.text) == (409, True)
    undone = fill_in(client, path, {}, at="/undo", follow=True)
    assert "已撤销：房源 2 套，入住 1 次，住客 2 人" in undone.text
    assert (count(Unit), count(Guest)) == (0, 0)
