"""The end of a file: its own key is destroyed, its bytes are removed, its row goes; the order stays."""

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select

from ..audit.service import record
from ..core import clock, files, keys
from ..core.access import SYSTEM
from ..core.db import session, unit_of_work
from ..core.i18n import lazy
from ..notices.service import notify
from .models import Export, ExportStatus

RESUME_WITHIN = timedelta(minutes=15)


def expire() -> int:
    """Close what nobody fetched within 24 hours of building, or broke off 15 minutes ago; returns how many."""
    with unit_of_work():
        broken_off = Export.download_seen_at <= clock.real_now() - RESUME_WITHIN
        is_late = or_(Export.expires_at <= clock.now(), broken_off)
        late = select(Export).where(Export.status == ExportStatus.READY, is_late)
        found = session.scalars(late.with_for_update(skip_locked=True)).all()
        for export in found:
            export.move_to(ExportStatus.EXPIRED)
            record(SYSTEM, "export.expire", export, export.chain, begun=export.download_begun_at is not None)
            title = lazy("一份导出未在期限内下载完成，文件已删除")
            notify([export.requested_by_id], "export", title, "", f"/exports/{export.uid}")
    return len(found)


def shred_finished() -> int:
    """Remove every file whose order is over; returns how many. May be repeated after a crash at any point."""
    with unit_of_work(read_only=True):
        over = select(Export.id).where(_is_over(), Export.file_id.is_not(None))
        ids = session.scalars(over).all()
    for export_id in ids:
        shred(export_id)
    return len(ids)


def _is_over() -> ColumnElement[bool]:
    """Expired, or handed over whole and the time to resume what broke on the line is over."""
    arrived = Export.download_seen_at <= clock.real_now() - RESUME_WITHIN
    is_downloaded = Export.status == ExportStatus.DOWNLOADED
    return or_(Export.status == ExportStatus.EXPIRED, and_(is_downloaded, arrived))


def shred(export_id: int) -> None:
    """Destroy the key first: from then on nothing opens the bytes, wherever a copy of them lies."""
    with unit_of_work():
        over = select(Export).where(Export.id == export_id, _is_over(), Export.file_id.is_not(None))
        export = session.scalars(over.with_for_update().execution_options(populate_existing=True)).first()
        if export is None:
            return
        file = session.get_one(files.StoredFile, export.file_id)
        keys.destroy(file.key_id)
        files.path_of(file.uid).unlink(missing_ok=True)
        export.file_id = None
        session.flush()
        files.delete(file)
