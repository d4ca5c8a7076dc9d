"""Building an approved export: one streamed SELECT, opened, written straight into a sealed file, then signed.

Progress is written in short transactions of its own while the file grows; file, manifest, state and audit entry
are kept together in the last one. Whoever dies on the way leaves an order that the next builder begins anew.
"""

import logging
import os
import shutil
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select, update

from ..audit.service import record
from ..core import clock, files
from ..core.access import SYSTEM
from ..core.db import long_read, new_uid, session, unit_of_work
from ..core.i18n import lazy
from ..core.jobs import LeaseLost, release_lease, take_lease
from ..core.seal import Retention, Where, seal
from ..core.uploads import About, FileKind
from ..notices.service import notify
from ..places.models import Place
from ..stays.models import Guest
from . import manifest, writers
from .description import said_of
from .filters import GuestFilter, stored_filter
from .models import Export, ExportMembers, ExportStatus, FileFormat
from .rows import HEADS, RowWriter, guest_rows

log = logging.getLogger(__name__)

LEASE = "build_exports"
LEASE_FOR = timedelta(seconds=60)
READ_AT_ONCE = 1_000
MEMBERS_A_PART = 20_000
PROGRESS_EVERY_SECONDS = 2
MOST_TRIES = 3
KEPT_FOR = timedelta(hours=24)


def build_next() -> bool:
    """Build the export that waits longest; False when none waits or another process is building."""
    if not _is_any_waiting():
        return False
    hold = Hold()
    try:
        order = _claim() if hold.fence else None
        if order is not None:
            _try(order, hold)
        return order is not None
    finally:
        hold.release()


def _try(order: "Order", hold: "Hold") -> None:
    # Whatever lies here was left by a builder that died.
    shutil.rmtree(temporary_folder(), ignore_errors=True)
    try:
        _build(order, hold)
    except LeaseLost:
        log.warning("export taken over by another builder", extra={"export": str(order.uid)})
    except Exception as problem:
        log.exception("export failed", extra={"export": str(order.uid)})
        _fail(order.id, type(problem).__name__)


# --- claiming -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Order:
    """What the builder needs of an order while it stands outside any transaction."""

    id: int
    uid: UUID
    community_id: int
    station_id: int
    file_format: FileFormat
    chosen: GuestFilter
    path: str
    writer: RowWriter = field(repr=False)


_WAITS = Export.status.in_((ExportStatus.APPROVED, ExportStatus.BUILDING))


def _is_any_waiting() -> bool:
    """Asked every few seconds, so it only reads."""
    with unit_of_work(read_only=True):
        return session.scalar(select(Export.id).where(_WAITS).limit(1)) is not None


def _claim() -> Order | None:
    """Take the oldest approved order; one still marked as building was left by a builder that died."""
    with unit_of_work():
        oldest = select(Export).where(_WAITS).order_by(Export.id).limit(1)
        export = session.scalars(oldest.with_for_update()).first()
        if export is None:
            return None
        if export.tries >= MOST_TRIES:
            export.status, export.error = ExportStatus.FAILED, export.error or "died"
            return None
        export.status, export.progress, export.tries = ExportStatus.BUILDING, 0, export.tries + 1
        session.execute(delete(ExportMembers).where(ExportMembers.export_id == export.id))
        place = session.get_one(Place, export.place_id)
        chosen = stored_filter(place, export.from_day, export.to_day, export.filters)
        return Order(
            *(export.id, export.uid, export.community_id, export.station_id, export.file_format),
            *(chosen, place.path, RowWriter(export.profile)),
        )


def _fail(export_id: int, error: str) -> None:
    with unit_of_work():
        export = session.get_one(Export, export_id, with_for_update=True)
        export.error = error
        if export.tries >= MOST_TRIES:
            export.move_to(ExportStatus.FAILED)
            notify([export.requested_by_id], "export", lazy("一份导出生成失败"), "", f"/exports/{export.uid}")


# --- building -----------------------------------------------------------------------------------------------


def _build(order: Order, hold: "Hold") -> None:
    # The unit's own transaction begins when the file is whole; those of members and progress end before it.
    with long_read() as connection, unit_of_work():
        query = guest_rows().where(order.chosen.conditions(order.path, (order.station_id,)))
        expected = connection.scalar(_counted(query))
        media, ending = writers.content_type(order.file_format, expected)
        about = About(
            kind=FileKind.EXPORT,
            name=f"{order.uid}.{ending}",
            purpose="export",
            community_id=order.community_id,
            own_key=True,
        )
        streaming = connection.execution_options(yield_per=READ_AT_ONCE)
        with files.create(SYSTEM, about, media) as new, streaming.execute(query) as streamed:
            _write(order.file_format, media, new, _cells(streamed, order, expected, hold))
            _keep_members(order)
        _finish(order, new.file)


def _counted(query: Select) -> Select:
    return select(func.count()).select_from(query.with_only_columns(Guest.id).order_by(None).subquery())


def _write(file_format: FileFormat, media: str, target, rows: Iterable[list[str]]) -> None:
    heads, folder = [str(head) for head in HEADS], temporary_folder()
    if file_format is FileFormat.CSV:
        writers.write_csv(target, heads, rows)
    elif media == writers.ZIP:
        writers.write_parts(target, heads, rows, folder)
    else:
        writers.write_xlsx(target, heads, rows, folder)


def temporary_folder() -> Path:
    """Where sheets lie in clear while a workbook is put together; swept before each build."""
    return files.settings().folder.parent / "exports-tmp"


def _cells(streamed, order: Order, expected: int, hold: "Hold") -> Iterator[list[str]]:
    """The text cells of all rows; on the way, what was done so far is written down every few seconds."""
    done = 0
    for some in streamed.partitions(READ_AT_ONCE):
        yield from order.writer.cells(some)
        done += len(some)
        if len(order.writer.uids) >= MEMBERS_A_PART:
            _keep_members(order)
        if hold.is_due():
            hold.renew()
            _say_progress(order, done, expected)


def _say_progress(order: Order, done: int, expected: int) -> None:
    with unit_of_work():
        said = update(Export).where(Export.id == order.id).values(progress=done, expected=expected)
        session.execute(said.execution_options(synchronize_session=False))


def _keep_members(order: Order) -> None:
    """Seal who is in the file, a part at a time, so that “who saw X” can be answered when it is gone."""
    uids, order.writer.uids = order.writer.uids, []
    if not uids:
        return
    uid = new_uid()
    where = Where("export_members", "members_sealed", uid)
    with unit_of_work():
        number = select(func.count()).where(ExportMembers.export_id == order.id).scalar_subquery()
        row = {
            "uid": uid,
            "export_id": order.id,
            "first_uid": min(uids),
            "last_uid": max(uids),
            "number": number,
        }
        sealed = seal(b"".join(member.bytes for member in uids), where, Retention.CASE)
        session.execute(insert(ExportMembers).values(row | {"members_sealed": sealed}))


# --- holding ------------------------------------------------------------------------------------------------


class Hold:
    """This process's right to build, renewed while it works."""

    def __init__(self):
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
        self.fence = take_lease(self.owner, LEASE, LEASE_FOR)
        self._next = time.monotonic() + PROGRESS_EVERY_SECONDS

    def is_due(self) -> bool:
        return time.monotonic() >= self._next

    def renew(self) -> None:
        """Go on holding; raises LeaseLost when another builder has taken over since."""
        if take_lease(self.owner, LEASE, LEASE_FOR) != self.fence:
            raise LeaseLost
        self._next = time.monotonic() + PROGRESS_EVERY_SECONDS

    def release(self) -> None:
        """Let the next builder in at once; one that died is waited for until its time is over."""
        release_lease(self.owner, LEASE)


# --- finishing ----------------------------------------------------------------------------------------------


def _finish(order: Order, file: files.StoredFile) -> None:
    export = session.get_one(Export, order.id, with_for_update=True, populate_existing=True)
    if export.status is not ExportStatus.BUILDING:
        raise LeaseLost
    counts, now = order.writer.counts, clock.now()
    export.move_to(ExportStatus.READY)
    export.rows, export.minors, export.withheld = counts.rows, counts.minors, counts.withheld
    export.progress = export.expected = counts.rows + counts.withheld + counts.broken
    export.file_id, export.built_at, export.expires_at, export.error = file.id, now, now + KEPT_FOR, None
    export.manifest = manifest.sign(said_of(export, file, counts.broken))
    if export.refused_at:
        # Urgent, and refused while it was being built.
        export.move_to(ExportStatus.EXPIRED)
    said = {"rows": counts.rows, "withheld": counts.withheld, "minors": counts.minors, "broken": counts.broken}
    record(SYSTEM, "export.build", export, export.chain, sha256=file.sha256, **said)
    notify(
        [export.requested_by_id], "export", lazy("您申请的导出已生成，可下载一次"), "", f"/exports/{order.uid}"
    )
