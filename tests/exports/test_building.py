"""What stands in the file: text that no program runs, the truth of the time; built in little memory, once."""

import csv
import io
import json
import subprocess
import sys
import threading
import zipfile
from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy import insert, select, update

from rental_mgmt.core import clock, files, keys
from rental_mgmt.core.db import new_uid, session, unit_of_work
from rental_mgmt.core.seal import Retention, Where, seal
from rental_mgmt.exports import building, jobs, writers
from rental_mgmt.exports.models import Export, ExportMembers, ExportStatus, FileFormat, Profile
from rental_mgmt.exports.rows import HEADS
from rental_mgmt.stays.document_kinds import DocumentKind, DocumentState, Sex
from rental_mgmt.stays.models import Guest
from rental_mgmt.units.models import UnitCapacity

from ..support import people
from .conftest import URGENT, again, approved, built, ordered

NAME, NUMBER, PHONE = 4, 8, 9


def content(export) -> bytes:
    return files.open_file(session.get(files.StoredFile, export.file_id))


def csv_rows(export) -> list[list[str]]:
    data = content(export)
    assert data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True))


def sheet_of(data: bytes):
    return openpyxl.load_workbook(io.BytesIO(data)).active


def many(room, count: int, name=lambda n: f"测试{n}") -> None:
    """So many guests in the flat, stored at once as an import would."""
    at, rows = clock.now(), []
    for n in range(count):
        uid = new_uid()
        where = Where("guest", "name_sealed", uid)
        number = people.id_number("510100", people.birth_of_age(30, people.TODAY, n % 365), "male", n % 499)
        rows.append(
            {
                "uid": uid,
                "stay_id": room.stay.id,
                "unit_id": room.unit.id,
                "document_kind": DocumentKind.RESIDENT_ID,
                "document_state": DocumentState.OK,
                "nationality": "CHN",
                "sex": Sex.MALE,
                "age_at_check_in": 30,
                "missing": [],
                "name_sealed": seal(name(n), where, Retention.GUEST),
                "number_sealed": seal(number, where._replace(column="number_sealed"), Retention.GUEST),
                "phone_sealed": seal(people.phone(n), where._replace(column="phone_sealed"), Retention.GUEST),
                "retention": "guest",
                "arrived_at": at,
                "arrived_on": clock.local_day(at),
                "recorded_at": at,
            }
        )
    with unit_of_work():
        session.execute(insert(Guest), rows)


# --- cells --------------------------------------------------------------------------------------------------


def test_a_full_file_holds_everybody_in_the_order_of_registration(room):
    export = built(room)
    heads, *rows = csv_rows(export)
    assert heads == [str(head) for head in HEADS]
    assert [row[NAME] for row in rows] == [room.adult.name, room.minor.name]
    assert rows[0][NUMBER] == room.adult.id_number
    assert (rows[0][10], rows[1][10]) == ("", "是")
    assert rows[0][12] == "2026-06-10 12:00"


def test_a_masked_file_holds_masks_only(room):
    export = built(room, profile=Profile.MASKED)
    _heads, *rows = csv_rows(export)
    assert rows[0][NAME] == room.adult.name[0] + "*" * (len(room.adult.name) - 1)
    assert rows[0][NUMBER] == room.adult.id_number[0] + "*" * 16 + room.adult.id_number[-1]
    said = content(export).decode()
    assert room.adult.name not in said
    assert room.adult.id_number not in said


DANGEROUS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "\0x",
    "＝1+1",
    "＋1",
    "－1",
    "＠x",
    "  =1+1",
    '=HYPERLINK("http://x")',
]
RARE = [
    *people.RARE_NAMES,
    people.MINORITY_NAME,
    people.LONGEST_NAME,
    people.RTL_NAME,
    'a"b,c\r\nd',
    "\x0bx",
    "\x1fx",
    "x\uffff",
    "😀",
]


@pytest.mark.parametrize("file_format", list(FileFormat))
def test_no_cell_is_a_formula_and_rare_characters_stay(room, file_format):
    names = [*DANGEROUS, *RARE]
    many(room, len(names), name=names.__getitem__)
    export = built(room, file_format=file_format)
    expected = [name.replace("\0", "�").replace("\x0b", "�").replace("\x1f", "�") for name in names]
    expected = [name.replace("\uffff", "�") for name in expected]
    if file_format is FileFormat.CSV:
        found = [row[NAME] for row in csv_rows(export)[3:]]
        inert = [f"'{name}" for name in expected[: len(DANGEROUS)]]
        assert found == inert + expected[len(DANGEROUS) :]
    else:
        cells = [row[NAME] for row in sheet_of(content(export)).iter_rows(min_row=4)]
        assert {cell.data_type for cell in cells} == {"s"}
        # A workbook keeps line ends as the XML rules say.
        assert [_lines(cell.value) for cell in cells] == [_lines(name) for name in expected]


def _lines(text: str) -> str:
    return text.replace("_x000D_", "\r").replace("\r\n", "\n").replace("\r", "\n")


def test_a_workbook_of_numbers_is_text(room):
    cells = list(sheet_of(content(built(room, file_format=FileFormat.XLSX))).iter_rows(min_row=2))
    assert cells[0][NUMBER].value == room.adult.id_number
    assert {cell.data_type for row in cells for cell in row if cell.value is not None} == {"s"}


def test_many_rows_come_in_several_workbooks(room, monkeypatch):
    monkeypatch.setattr(writers, "ROWS_A_PART", 40)
    many(room, 98)
    export = built(room, file_format=FileFormat.XLSX)
    file = session.get(files.StoredFile, export.file_id)
    archive = zipfile.ZipFile(io.BytesIO(content(export)))
    assert (file.content_type, file.name) == ("application/zip", f"{export.uid}.zip")
    assert archive.testzip() is None
    assert [sheet_of(archive.read(name)).max_row for name in archive.namelist()] == [41, 41, 21]


def test_nothing_lies_in_clear_on_the_disk(room, tmp_path):
    built(room, file_format=FileFormat.XLSX)
    built(room)
    lying = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert len(lying) == 2
    for path in lying:
        assert room.adult.id_number.encode() not in path.read_bytes()
        assert path.stat().st_mode & 0o077 == 0


# --- truth of the time --------------------------------------------------------------------------------------


def test_an_erased_guest_is_counted_as_withheld(room):
    with unit_of_work():
        where = Where("guest", "name_sealed", room.guest.uid)
        long_ago = clock.now() - timedelta(days=400)
        gone = seal("旧人", where, Retention.GUEST, long_ago)
        session.execute(update(Guest).where(Guest.id == room.guest.id).values(name_sealed=gone))
    keys.destroy(f"guest-{long_ago:%Y-%m}")
    export = built(room)
    assert (export.rows, export.withheld, export.minors) == (1, 1, 1)
    assert len(csv_rows(export)) == 2


def test_a_row_that_was_tampered_with_is_counted_and_the_others_are_written(room):
    with unit_of_work():
        name, other = room.guest.name_sealed, room.child.number_sealed
        session.execute(update(Guest).where(Guest.id == room.guest.id).values(name_sealed=name[:-1] + b"x"))
        assert other
    export = built(room)
    assert (export.rows, export.withheld, export.manifest["broken"]) == (1, 0, 1)
    with unit_of_work():
        session.execute(update(Guest).where(Guest.id == room.guest.id).values(name_sealed=other))
    assert built(room).manifest["broken"] == 1


def test_a_voided_guest_is_not_in_it(room):
    with unit_of_work():
        session.execute(update(Guest).where(Guest.id == room.guest.id).values(voided_at=clock.now()))
    assert built(room).rows == 1


def test_the_limit_is_the_one_of_the_day_of_arrival(room):
    at = clock.now()
    with unit_of_work():
        session.add_all(
            [
                UnitCapacity(unit_id=room.unit.id, capacity=2, valid_from=at - timedelta(days=9), valid_to=at),
                UnitCapacity(unit_id=room.unit.id, capacity=3, valid_from=at, valid_to=None),
            ]
        )
        session.execute(
            update(Guest)
            .where(Guest.id == room.guest.id)
            .values(arrived_at=at - timedelta(days=1), arrived_on=clock.local_day(at - timedelta(days=1)))
        )
    assert [row[3] for row in csv_rows(built(room))[1:]] == ["2", "3"]


def test_rows_of_another_stations_time_are_not_in_it(world, room):
    from rental_mgmt.places.models import StationCompound

    at = world.now
    with unit_of_work():
        row = session.query(StationCompound).filter_by(compound_id=room.compound.id).one()
        row.valid_to = at + timedelta(hours=1)
        other = room.foreign.target.id
        session.add(
            StationCompound(station_id=other, compound_id=room.compound.id, valid_from=at + timedelta(hours=1))
        )
    clock.freeze(at + timedelta(hours=2))
    world.guest(room.landlord, room.stay, people.person(50))
    assert built(room).rows == 2
    theirs = ordered(room, URGENT, by=room.foreign)
    assert building.build_next()
    assert again(theirs).rows == 1


# --- once, bounded, again -----------------------------------------------------------------------------------


def test_the_rows_cost_three_statements_however_many_they_are(room, count_queries):
    many(room, 3_000)
    approved(room)
    with count_queries() as seen:
        assert building.build_next()
    about_guests = [
        statement for statement in seen if "guest" in statement and "export_members" not in statement
    ]
    assert len(about_guests) == 2
    assert len(seen) <= 32, seen


def test_a_builder_that_died_is_followed_by_another(room):
    export = approved(room)
    with unit_of_work():
        session.execute(
            update(Export)
            .where(Export.id == export.id)
            .values(status=ExportStatus.BUILDING, progress=1, tries=1)
        )
        session.add(
            ExportMembers(
                export_id=export.id,
                number=0,
                first_uid=export.uid,
                last_uid=export.uid,
                members_sealed=b"left behind",
            )
        )
    left = building.temporary_folder() / "left"
    left.mkdir(parents=True)
    jobs.build_exports(clock.now())
    assert (again(export).status, again(export).rows) == (ExportStatus.READY, 2)
    assert len(session.scalars(select(ExportMembers)).all()) == 1
    assert not left.exists()


def test_a_builder_whose_right_was_taken_leaves_nothing(room, monkeypatch, tmp_path):
    export = approved(room)

    def overtaken(_hold):
        raise building.LeaseLost

    monkeypatch.setattr(building.Hold, "is_due", lambda _hold: True)
    monkeypatch.setattr(building.Hold, "renew", overtaken)
    assert building.build_next()
    assert again(export).status is ExportStatus.BUILDING
    assert [path for path in (tmp_path / "data" / "files").rglob("*") if path.is_file()] == []


def test_while_one_builds_another_builds_nothing(room):
    export = approved(room)
    hold = building.Hold()
    found = []

    def elsewhere():
        found.append(building.build_next())
        session.remove()

    other = threading.Thread(target=elsewhere)
    other.start()
    other.join()
    assert hold.fence
    assert found == [False]
    assert again(export).status is ExportStatus.APPROVED


def test_progress_is_seen_from_outside_while_it_is_built(room, monkeypatch):
    many(room, 2_500)
    export, seen = approved(room), []
    monkeypatch.setattr(building.Hold, "is_due", lambda _hold: True)
    say = building._say_progress

    def look(order, done, expected):
        say(order, done, expected)
        seen.append((again(export).progress, again(export).expected))

    monkeypatch.setattr(building, "_say_progress", look)
    assert building.build_next()
    assert seen == [(1000, 2502), (2000, 2502), (2502, 2502)]


def test_somebody_may_write_while_an_export_is_built(world, room, monkeypatch):
    many(room, 2_500)
    approved(room)
    monkeypatch.setattr(building.Hold, "is_due", lambda _hold: True)
    registered = []

    def meanwhile(order, done, expected):
        if not registered:
            person = people.person(60)
            registered.append(world.guest(room.landlord, room.stay, person, explanation="合租"))

    monkeypatch.setattr(building, "_say_progress", meanwhile)
    assert building.build_next()
    assert registered


def test_the_file_belongs_to_no_person_and_has_its_own_key(room):
    export = built(room)
    file = session.get(files.StoredFile, export.file_id)
    assert (file.owner_user_id, file.key_id) == (None, f"one-{file.uid.hex}")
    assert file.community_id == export.community_id


CHILD = """
import json, sys
import rental_mgmt
rental_mgmt.prepare(json.loads(sys.argv[1]))
from rental_mgmt.exports import api, building, jobs, web
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.exports.models import Export

def most():
    # Not ru_maxrss: that one remembers the parent from before exec.
    (line,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024

with unit_of_work(read_only=True):
    session.query(Export).all()
before = most()
assert building.build_next() and building.build_next()
print(most() - before)
"""


@pytest.mark.slow
def test_twenty_thousand_rows_take_little_memory(room, house):
    many(room, 20_000)
    exports = [approved(room, file_format=file_format) for file_format in FileFormat]
    child = [sys.executable, "-c", CHILD, json.dumps(house)]
    said = subprocess.run(child, capture_output=True, text=True, timeout=110)
    assert said.returncode == 0, said.stderr
    assert [again(export).rows for export in exports] == [20_002, 20_002]
    assert float(said.stdout.splitlines()[-1]) <= 64
