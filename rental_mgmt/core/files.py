"""Uploaded and made files: a row in the database, sealed bytes under DATA_DIR, quota, retention class."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from sqlalchemy import BigInteger, Index, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from . import clock, keys
from .access import Actor
from .db import Model, Sealed, Uid, Words, session
from .disk import draft, make_folder, sync_folder
from .errors import Conflict, NotFound
from .frames import FrameWriter, read_frames, read_head
from .i18n import _
from .seal import Retention, Where, seal_under, unseal_or_none
from .uploads import MB, About, FileKind, Upload, accept

ORPHANED_AFTER_SECONDS = 3600
ASKED_AT_ONCE = 500


class StoredFile(Uid, Model):
    """One file; its bytes lie sealed at `path_of(uid)`. Whoever needs it holds a foreign key to it."""

    __tablename__ = "stored_file"
    __table_args__ = (
        Index(None, "owner_user_id", "created_at"),
        Index(None, "community_id"),
    )

    kind: Mapped[FileKind] = mapped_column(Words(FileKind))
    content_type: Mapped[str] = mapped_column(String(100))
    # Of the bytes before sealing; pictures are measured and hashed as stored, after cleaning.
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    retention: Mapped[Retention] = mapped_column(Words(Retention))
    purpose: Mapped[str] = mapped_column(String(100))
    legal_hold: Mapped[bool] = mapped_column(default=False)
    key_id: Mapped[str] = mapped_column(String(64))
    # Whole numbers without foreign keys: core knows neither accounts nor places.
    owner_user_id: Mapped[int | None]
    community_id: Mapped[int | None]
    name_sealed: Mapped[Sealed | None]
    created_at: Mapped[datetime]

    @property
    def name(self) -> str:
        """What the person's device called it, to be shown escaped; empty when unknown or erased."""
        return unseal_or_none(self.name_sealed, _where(self.uid, "name_sealed")) or ""


def _where(uid: UUID, column: str = "bytes") -> Where:
    return Where("stored_file", column, uid)


@dataclass(frozen=True)
class Settings:
    """Where bytes lie and how many may come: per person and day, and per community in all."""

    folder: Path
    user_day_bytes: int
    community_bytes: int


_settings: Settings | None = None


def configure(data_dir: Path | str, user_day_mb: int = 500, community_mb: int = 20_000) -> None:
    """Open the store; called once by create_app and the command line."""
    global _settings
    folder = Path(data_dir) / "files"
    make_folder(folder)
    _settings = Settings(folder, user_day_mb * MB, community_mb * MB)


def settings() -> Settings:
    if _settings is None:
        raise RuntimeError("files.configure() has not been called")
    return _settings


def path_of(uid: UUID) -> Path:
    """Where the bytes of a file lie: the last two digits are the random ones of a UUIDv7."""
    return settings().folder / uid.hex[-2:] / uid.hex


# --- writing ------------------------------------------------------------------------------------------------


def store(actor: Actor, upload: Upload) -> StoredFile:
    """Check, clean and keep an upload. Raises Invalid naming the field and the remedy."""
    content = accept(upload)
    _refuse_over_quota(actor, upload, content.size)
    with create(actor, upload, content.content_type) as new:
        new.file.width, new.file.height = content.width, content.height
        for piece in content.pieces():
            new.write(piece)
    return new.file


def _refuse_over_quota(actor: Actor, upload: Upload, size: int) -> None:
    limits, today = settings(), clock.day_bounds(clock.local_day(clock.now()))[0]
    if actor.user_id is not None:
        mine = _bytes(StoredFile.owner_user_id == actor.user_id, StoredFile.created_at >= today)
        if mine + size > limits.user_day_bytes:
            limit = limits.user_day_bytes // MB
            raise upload.refuse(_("您今天上传的文件将超过 %(mb)s MB：请明天再传，或请管理员调高限额", mb=limit))
    if upload.community_id is not None:
        ours = _bytes(StoredFile.community_id == upload.community_id)
        if ours + size > limits.community_bytes:
            limit = limits.community_bytes // MB
            raise upload.refuse(_("本社区的文件将超过 %(mb)s MB：请管理员清理或调高限额", mb=limit))


def _bytes(*conditions) -> int:
    counted = select(func.coalesce(func.sum(StoredFile.size), 0))
    return session.scalar(counted.where(StoredFile.kind != FileKind.EXPORT, *conditions))


class NewFile:
    """A file being written; `file` is its row, complete when the block of `create` has ended."""

    def __init__(self, file: StoredFile, frames: FrameWriter):
        self.file, self._frames = file, frames
        self._hash, self._size = hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        self._hash.update(data)
        self._size += len(data)
        return self._frames.write(data)

    def flush(self) -> None:
        """Writers of archives call it; frames are written when they are full."""

    def close(self) -> None:
        self._frames.close()
        self.file.size, self.file.sha256 = self._size, self._hash.hexdigest()


@contextmanager
def create(actor: Actor, about: About, content_type: str) -> Iterator[NewFile]:
    """Write a file piece by piece in constant memory: `with create(…) as new: new.write(…)`.

    When the block ends the bytes are sealed, whole and on the disk, and only then is the row added to the
    session; a block that fails leaves nothing. Quota and type are not asked: the product made these bytes.
    """
    file = StoredFile(
        **{what: getattr(about, what) for what in ("kind", "retention", "purpose", "community_id")},
        content_type=content_type,
        owner_user_id=actor.user_id,
        created_at=clock.now(),
        legal_hold=False,
    )
    key = keys.own_key(file.uid.hex) if about.own_key else keys.data_key(file.retention, file.created_at)
    file.key_id, path = key.id, path_of(file.uid)
    if name := _shown(about.name):
        file.name_sealed = seal_under(key, name, _where(file.uid, "name_sealed"))
    make_folder(path.parent)
    with draft(path) as out:
        new = NewFile(file, FrameWriter(out, key, _where(file.uid)))
        yield new
        new.close()
    os.replace(out.name, path)
    sync_folder(path.parent)
    session.add(file)
    session.flush()


def _shown(name: str) -> str:
    """The last part of a device's file name without control characters, at most 200 characters."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in last if c.isprintable()).strip()[-200:]


# --- reading ------------------------------------------------------------------------------------------------


def open_file(file: StoredFile) -> bytes:
    """All bytes of a file, for what fits in memory. Raises KeyMissing, SealBroken, NotFound."""
    return b"".join(_pieces(path_of(file.uid), file.uid, 0))


def stream_file(file: StoredFile, start: int = 0) -> Iterator[bytes]:
    """The bytes from an offset (below `size`) on, a megabyte at a time; each piece was verified.

    A file that is gone, erased or broken at that place refuses here, before the answer has begun.
    """
    path = path_of(file.uid)
    first = _pieces(path, file.uid, start)
    next(first)
    first.close()
    return _pieces(path, file.uid, start)


def _pieces(path: Path, uid: UUID, start: int) -> Iterator[bytes]:
    try:
        source = path.open("rb")
    except FileNotFoundError:
        raise NotFound(_("文件内容不在存储中：请管理员运行 doctor 并从备份恢复")) from None
    with source:
        yield from read_frames(source, _where(uid), start)


# --- ending -------------------------------------------------------------------------------------------------


def delete(file: StoredFile) -> None:
    """Remove the row; the bytes go with the next sweep, because this transaction may yet be refused."""
    if file.legal_hold:
        raise Conflict(_("该文件正依法留存，不能删除；请先由安全管理员解除留存"))
    session.delete(file)
    session.flush()


def sweep_orphans() -> int:
    """Remove bytes older than an hour that no row speaks of, with their own keys; how many were removed."""
    # A database without any file row is more likely a wrong or new one than a store full of orphans.
    if session.scalar(select(StoredFile.id).limit(1)) is None:
        return 0
    before = clock.real_now().timestamp() - ORPHANED_AFTER_SECONDS
    removed = 0
    for folder in settings().folder.iterdir():
        old = [path for path in folder.iterdir() if path.stat().st_mtime < before]
        for at in range(0, len(old), ASKED_AT_ONCE):
            removed += _remove_orphans(old[at : at + ASKED_AT_ONCE])
    return removed


def _remove_orphans(paths: list[Path]) -> int:
    uids = [UUID(path.name) for path in paths if not path.suffix]
    known = {uid.hex for uid in session.scalars(select(StoredFile.uid).where(StoredFile.uid.in_(uids)))}
    orphans = [path for path in paths if path.name not in known]
    for path in orphans:
        with path.open("rb") as source:
            _end_own_key(source)
        path.unlink(missing_ok=True)
    return len(orphans)


def _end_own_key(source) -> None:
    try:
        _head, key_id = read_head(source)
    except ValueError:
        return
    if key_id.startswith("one-"):
        keys.destroy(key_id)


def lost_files() -> list[UUID]:
    """Files whose bytes are not on the disk, for `doctor`."""
    uids = session.scalars(select(StoredFile.uid).execution_options(yield_per=ASKED_AT_ONCE))
    return [uid for uid in uids if not path_of(uid).exists()]
