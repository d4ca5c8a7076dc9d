"""B6: export guests through approval and manifest, against a cursor, decryption and a writer, nothing else."""

import csv
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import xlsxwriter
from sqlalchemy import event, insert

from rental_mgmt.core import clock, keys
from rental_mgmt.core.db import engine, long_read, new_uid, session, unit_of_work
from rental_mgmt.core.seal import Retention, Where, seal
from rental_mgmt.exports import building, orders
from rental_mgmt.exports.filters import GuestFilter
from rental_mgmt.exports.models import Export, ExportStatus, FileFormat, Profile, Purpose
from rental_mgmt.exports.orders import Reason
from rental_mgmt.exports.rows import HEADS, guest_rows
from rental_mgmt.stays.document_kinds import DocumentKind, DocumentState, Sex
from rental_mgmt.stays.models import Guest
from tests.support import people
from tests.support.world import World

from . import Measure, Place, Scale, inside, line

ROUNDS = 3
AT_ONCE = 5_000
# The product writes these and reads the rest; the floor writes as many cells.
TEXT = ("compound_name", "unit_name", "code", "capacity", "sex", "nationality", "document_kind", "relation")
MOMENTS = ("arrived_at", "gone_at", "checks_out_at", "recorded_at")
SEALED = ("name_sealed", "number_sealed", "phone_sealed")
WHY = Reason(Purpose.CRIMINAL_CASE, "BENCH-6")
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
assert building.build_next()
print(most() - before)
"""


@line("B6", "export guests through approval and manifest")
def export(scale: Scale, place: Place) -> Iterator[Measure]:
    with inside.opened(place) as settings:
        room = _room(scale.export_rows)
        _built(room, room.few, FileFormat.CSV)  # everything is imported and warm
        for file_format in FileFormat:
            for size, rows, where in ((1, room.rows // 10, room.few), (10, room.rows, room.many)):
                mine, floor = _in_turns(
                    lambda where=where, chosen=file_format: _floor(room, where, chosen, place.folder),
                    lambda where=where, chosen=file_format: _built(room, where, chosen),
                )
                what = f"rows exported as {file_format.value.upper()}"
                # A small export is mostly its order, its approval and its key.
                goal = 0.80 if size > 1 else None
                yield Measure(what, rows / mine, "/s", rows / floor, at_least=goal, size=size)
        yield Measure("SQL statements for the rows", _count_statements(room), "", at_most=3)
        for file_format in FileFormat:
            grown = _memory(room, file_format, settings)
            yield Measure(f"memory above idle, {file_format.value.upper()}", grown, "MB", at_most=64)


def _in_turns(floor: Callable[[], float], product: Callable[[], float]) -> tuple[float, float]:
    """Seconds of product and floor in the round whose ratio is the median."""
    pairs = []
    for _ in range(ROUNDS):
        bare = floor()
        pairs.append((product(), bare))
    ratios = [bare / mine for mine, bare in pairs]
    return pairs[ratios.index(statistics.median_low(ratios))]


# --- the product --------------------------------------------------------------------------------------------


def _ordered(room, where, file_format: FileFormat) -> Export:
    chosen = GuestFilter(where.uid, room.today - timedelta(days=1), room.today)
    with unit_of_work():
        # Many more in a day than people may order.
        orders.ORDERS_A_DAY = 10_000
        made = orders.order_export(room.liaison.actor, chosen, WHY, Profile.FULL, file_format)
        orders.approve_export(room.lead.actor, made.uid)
    return made


def _built(room, where, file_format: FileFormat) -> float:
    begun = time.perf_counter()
    made = _ordered(room, where, file_format)
    building.build_next()
    seconds = time.perf_counter() - begun
    session.refresh(made)
    if made.status is not ExportStatus.READY:
        raise RuntimeError(f"not built: {made.status} {made.error}")
    return seconds


def _count_statements(room) -> int:
    seen = []

    @event.listens_for(engine(), "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        if "FROM guest" in statement:
            seen.append(statement)

    _built(room, room.few, FileFormat.CSV)
    event.remove(engine(), "before_cursor_execute", note)
    return len(seen)


def _memory(room, file_format: FileFormat, settings: dict) -> float:
    """What building adds to a process of its own, in MB."""
    _ordered(room, room.many, file_format)
    child = [sys.executable, "-c", CHILD, json.dumps(settings)]
    return float(subprocess.run(child, capture_output=True, text=True, check=True).stdout.splitlines()[-1])


# --- the floor ----------------------------------------------------------------------------------------------


def _floor(room, where, file_format: FileFormat, folder: str) -> float:
    chosen = GuestFilter(where.uid, room.today - timedelta(days=1), room.today)
    query = guest_rows().where(chosen.conditions(where.path, (room.station.id,)))
    begun = time.perf_counter()
    with long_read() as connection:
        found = connection.execution_options(yield_per=1000).execute(query)
        writer = _csv if file_format is FileFormat.CSV else _xlsx
        writer(Path(folder, f"floor.{file_format.value}"), map(_cells, found))
    return time.perf_counter() - begun


def _cells(row) -> list[str]:
    opened = [_opened(getattr(row, column), column, row.uid) for column in SEALED]
    moments = [str(getattr(row, name) or "") for name in MOMENTS]
    return [*opened, *moments, *(str(getattr(row, name) or "") for name in TEXT), "", ""]


def _opened(blob: bytes, column: str, uid) -> str:
    end = 3 + blob[2]
    cipher = keys.find(blob[3:end].decode()).cipher(blob[1])
    place = b"%b%bguest\0%b" % (blob[:end], uid.bytes, column.encode())
    return cipher.decrypt(blob[end : end + 12], blob[end + 12 :], place).decode()


def _csv(path: Path, rows: Iterator[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(map(str, HEADS))
        writer.writerows(rows)


def _xlsx(path: Path, rows: Iterator[list[str]]) -> None:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "tmpdir": str(path.parent)})
    sheet = book.add_worksheet()
    for number, row in enumerate(rows, 1):
        for column, cell in enumerate(row):
            if cell:
                sheet.write_string(number, column, cell)
    book.close()


# --- laid out before ----------------------------------------------------------------------------------------


def _room(rows: int) -> SimpleNamespace:
    """Two buildings of a compound: one with a tenth of the guests, one with all the others wished for."""
    world = World()
    block = world.block()
    many = world.building("2栋", block.compound)
    flats = {block.building: block.unit, many: world.flat(block.landlord.target, many, "1203")}
    for at, count in ((block.building, rows // 10), (many, rows)):
        stay = world.stay(block.landlord, flats[at], nights=2)
        for first in range(0, count, AT_ONCE):
            with unit_of_work():
                some = [_guest(stay, n) for n in range(first, min(count, first + AT_ONCE))]
                session.execute(insert(Guest), some)
    today = clock.local_day(clock.now())
    return SimpleNamespace(**vars(block), rows=rows, few=block.building, many=many, today=today)


def _guest(stay, n: int) -> dict:
    uid, at, who = new_uid(), clock.now(), people.person(n % 500)
    row = {
        "uid": uid,
        "stay_id": stay.id,
        "unit_id": stay.unit_id,
        "document_kind": DocumentKind.RESIDENT_ID,
        "document_state": DocumentState.OK,
        "nationality": "CHN",
        "sex": Sex.MALE,
        "age_at_check_in": 30,
        "missing": [],
        "retention": Retention.GUEST.value,
        "arrived_at": at,
        "arrived_on": clock.local_day(at),
        "recorded_at": at,
        "version": 1,
    }
    for column, value in zip(SEALED, (who.name, who.id_number, who.phone), strict=True):
        row[column] = seal(value, Where("guest", column, uid), Retention.GUEST, at)
    return row
