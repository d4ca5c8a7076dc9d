"""The one download of a file: begun by who asked for it, one stream at a time, resumed only where it broke.

A stream says until when it is alive; while it lives a second one is refused: of several at once one wins.
It is complete when the server has been handed everything and asks for more. Servers and proxies buffer, so a
line that broke may look complete from here: for 15 minutes more its end, never the whole, may be fetched again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from ..audit.anchor import require_anchor
from ..audit.service import record
from ..core import clock, files
from ..core.access import Actor, Role, allow, require_fresh
from ..core.db import session, start_over, unit_of_work
from ..core.errors import Conflict, Forbidden, Refusal
from ..core.i18n import _
from ..core.lookup import get_or_404
from .models import Export, ExportStatus
from .orders import get_export, list_exports
from .retiring import RESUME_WITHIN

# A stream that has not said anything for so long is dead: its process was killed.
ALIVE_FOR = timedelta(seconds=60)
SAY_EVERY = timedelta(seconds=10)


class RangeRefused(Refusal):
    status, code = 416, "range-not-satisfiable"


@dataclass(frozen=True)
class FileHead:
    """What is said of a file before its bytes."""

    name: str
    content_type: str
    size: int
    sha256: str


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def begin_download(actor: Actor, uid: UUID) -> Export:
    """Spend the download of a ready export; within 15 minutes of a break it may be begun again."""
    require_fresh(actor)
    require_anchor()
    export = get_or_404(list_exports(actor).with_for_update(), uid)
    _require_open(actor, export)
    now = clock.real_now()
    export.download_begun_at = export.download_begun_at or now
    export.download_seen_at = export.download_seen_at or now
    record(actor, "export.begin_download", export, export.chain, rows=export.rows, sent=export.sent)
    return export


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def get_head(actor: Actor, uid: UUID) -> FileHead:
    """Name, type, size and hash of a file that may be fetched or resumed; counts for nothing."""
    export = get_export(actor, uid)
    _require_begun(actor, export, is_resumed=True)
    return _head_of(session.get_one(files.StoredFile, export.file_id))


def _head_of(file: files.StoredFile) -> FileHead:
    return FileHead(file.name, file.content_type, file.size, file.sha256)


def _require_open(actor: Actor, export: Export, is_resumed: bool = False) -> None:
    if export.requested_by_id != actor.user_id:
        raise Forbidden(_("只有申请人本人可以下载这份导出"))
    if may_be_resumed(export) and not is_resumed:
        raise Conflict(_("这份文件已完整送出一次；如中途断开，15 分钟内可在浏览器的下载列表里继续"))
    is_ready = export.status is ExportStatus.READY and export.expires_at > clock.now()
    if not is_ready and not may_be_resumed(export):
        raise Conflict(_("这份导出现在不能下载：%(status)s", status=export.status.label))
    if has_broken_off(export):
        raise Conflict(_("下载中断已超过 15 分钟，不能再续传；如仍需要请重新申请"))


def may_be_resumed(export: Export) -> bool:
    """Was it handed over whole within 15 minutes, so that what broke on the line may still be fetched?"""
    is_there = export.status is ExportStatus.DOWNLOADED and export.file_id is not None
    return is_there and not has_broken_off(export)


def has_broken_off(export: Export) -> bool:
    """Was it begun, and is the time to go on with it over?"""
    seen = export.download_seen_at
    return seen is not None and seen + RESUME_WITHIN <= clock.real_now()


def _require_begun(actor: Actor, export: Export, is_resumed: bool) -> None:
    _require_open(actor, export, is_resumed)
    if export.download_begun_at is None:
        raise Conflict(_("请先在导出页面点“下载”，下载只有一次"))


# --- streaming ----------------------------------------------------------------------------------------------


@allow(Role.POLICE_LIAISON, Role.STATION_LEAD)
def open_stream(actor: Actor, uid: UUID, start: int = 0) -> tuple[FileHead, "Stream"]:
    """The bytes from an offset on; 409 while another stream of this file lives, 416 beyond its end."""
    # A GET reads; that this stream has begun is written in a transaction of its own before any byte leaves.
    start_over()
    with unit_of_work():
        export = get_or_404(list_exports(actor).with_for_update(), uid)
        _require_begun(actor, export, is_resumed=start > 0)
        if export.stream_until and export.stream_until > clock.real_now():
            raise Conflict(_("这份文件正在下载；如已中断，请一分钟后再续传"))
        file = session.get_one(files.StoredFile, export.file_id)
        if start >= file.size:
            raise RangeRefused(_("请求的位置超出文件末尾"))
        pieces = files.stream_file(file, start)
        export.stream_until = clock.real_now() + ALIVE_FOR
        if start:
            record(actor, "export.resume", export, export.chain, start=start)
        span = Span(export.id, start, file.size, is_gapless=start <= export.sent)
    return _head_of(file), Stream(actor, span, pieces, export.stream_until)


@dataclass(frozen=True)
class Span:
    """Which bytes of which export a stream carries; `is_gapless`: all before them have left in earlier ones."""

    export_id: int
    start: int
    size: int
    is_gapless: bool


class Stream:
    """The pieces of a file as a server asks for them; `close` says where it broke off."""

    def __init__(self, actor: Actor, span: Span, pieces: Iterator[bytes], alive_until: datetime):
        self._actor, self._span, self._pieces = actor, span, pieces
        # Also the mark of this stream: another value in the row means that another stream took over.
        self._alive_until, self._sent, self._is_over = alive_until, span.start, False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        # Being asked for more after the last piece means that it was taken.
        if self._sent >= self._span.size:
            self._end(is_complete=self._span.is_gapless)
            raise StopIteration
        if self._alive_until - clock.real_now() < ALIVE_FOR - SAY_EVERY:
            self._say_alive()
        piece = next(self._pieces)
        self._sent += len(piece)
        return piece

    def close(self) -> None:
        """Called by the server in any case; a stream that is not complete may be resumed."""
        self._pieces.close()
        if not self._is_over:
            self._end(is_complete=False)

    def _say_alive(self) -> None:
        with unit_of_work():
            export = self._lock()
            if export is None:
                self._is_over = True
                raise Conflict(_("另一次下载已接手这份文件"))
            self._note(export)
            export.stream_until = self._alive_until = clock.real_now() + ALIVE_FOR

    def _end(self, is_complete: bool) -> None:
        self._is_over = True
        try:
            with unit_of_work():
                export = self._lock()
                if export is None:
                    return
                self._note(export)
                export.stream_until = None
                if is_complete and export.status is ExportStatus.READY:
                    export.move_to(ExportStatus.DOWNLOADED)
                    export.downloaded_at = clock.now()
                    record(self._actor, "export.download", export, export.chain, rows=export.rows)
        finally:
            # The request's own end of session came before its last byte.
            session.remove()

    def _lock(self) -> Export | None:
        """The order, if this stream is still the one it speaks of."""
        query = select(Export).where(Export.id == self._span.export_id).with_for_update()
        export = session.scalars(query.execution_options(populate_existing=True)).one()
        return export if export.stream_until == self._alive_until else None

    def _note(self, export: Export) -> None:
        if self._span.is_gapless:
            export.sent = max(export.sent, self._sent)
        # What is fetched again after a whole download makes the quarter of an hour no longer.
        if export.status is ExportStatus.READY:
            export.download_seen_at = clock.real_now()
