"""Files that are whole and on the disk before anyone relies on them."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """A folder of our own (0700), there for good when this returns."""
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)


@contextmanager
def draft(path: Path) -> Iterator[BinaryIO]:
    """A new file under a name of its own (`.part`), on the disk when the block ends, gone if it fails."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(part, "xb", opener=_private) as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def write_new(path: Path, data: bytes) -> bool:
    """Make a file (0600) that was not there, or return False; nobody ever sees half of it.

    A hard link is as exclusive as O_EXCL, also on NFS, and a crash between the two steps leaves no empty file.
    """
    with draft(path) as out:
        out.write(data)
    try:
        os.link(out.name, path)
    except FileExistsError:
        return False
    finally:
        os.unlink(out.name)
        sync_folder(path.parent)
    return True
