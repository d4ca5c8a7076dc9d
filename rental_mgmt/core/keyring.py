"""A folder of wrapped keys under one master: found, made once for all processes, destroyed for good."""

import base64
import os
import re
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from time import monotonic

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from .ciphers import BY_NAME, BY_NUMBER, NONCE, Mac, Provider
from .disk import sync_folder, write_new
from .i18n import _

NAMED = ("index-1", "audit-1", "signing-1")
# Ids also come out of stored bytes, and become file names.
KEY_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
# Other processes forget a destroyed key within this many seconds.
REMEMBERED_FOR = 60


class KeyMissing(Exception):
    """A key is not there: readers show what it sealed as erased."""

    def __init__(self, key_id: str, message: str):
        super().__init__(message)
        self.key_id = key_id


class KeyErased(KeyMissing):
    """A key was destroyed on purpose and never comes back."""


class KeyUnusable(KeyMissing):
    """A key is there but cannot be opened: a fault to repair, never shown as erased."""


class DataKey:
    """32 secret bytes with an id; each algorithm works under a key derived for it alone."""

    def __init__(self, key_id: str, material: bytes):
        self.id, self.material = key_id, material
        self.label = bytes([len(key_id)]) + key_id.encode()
        self.fresh_until = monotonic() + REMEMBERED_FOR
        self._ciphers: dict[int, Provider] = {}

    def cipher(self, number: int) -> Provider:
        """The algorithm of that number under this key; LookupError for a number nobody knows."""
        found = self._ciphers.get(number)
        if found is None:
            found = self._ciphers[number] = BY_NUMBER[number](self.material)
        return found


class Ring:
    """The keys of one folder; `algorithm` is the number of the one that new things are sealed with."""

    def __init__(self, folder: Path, master: bytes, algorithm: str):
        self.folder, self.algorithm = folder, BY_NAME[algorithm].number
        self.master_mac = Mac(master)
        self._wrapping = DataKey("master", master)
        self._known: dict[str, DataKey] = {}
        self._on_disk: set[str] = set()

    def find(self, key_id: str) -> DataKey:
        """The key, from memory or its file; raises KeyMissing."""
        key = self._known.get(key_id)
        if key is None or key.fresh_until < monotonic():
            self._known.pop(key_id, None)
            key = self._known[key_id] = self.read(key_id)
        return key

    def find_or_make(self, key_id: str) -> DataKey:
        """The key, made if it never was; on the disk before anything is sealed under it."""
        if key_id in self._on_disk:
            # This process has used it: if it is gone now it was lost, and must not be made anew in silence.
            return self.find(key_id)
        try:
            key = self.find(key_id)
        except (KeyErased, KeyUnusable):
            raise
        except KeyMissing:
            write_new(self.path(key_id), self._wrap(key_id, os.urandom(32)))
            # Whoever lost the race works with the winner's key, so both read what is on the disk.
            key = self.find(key_id)
        # Another process may have made it a moment ago and not have synced the folder yet.
        sync_folder(self.folder)
        self._on_disk.add(key_id)
        return key

    def path(self, key_id: str, ending: str = "key") -> Path:
        if not KEY_ID.fullmatch(key_id):
            raise KeyUnusable(key_id, _("密文里的密钥编号不合规，数据可能已被改动"))
        return self.folder / f"{key_id}.{ending}"

    def _wrap(self, key_id: str, material: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        sealed = self._wrapping.cipher(self.algorithm).encrypt(nonce, material, key_id.encode())
        return base64.b64encode(bytes([1, self.algorithm]) + nonce + sealed) + b"\n"

    def read(self, key_id: str) -> DataKey:
        """Open the wrap on the disk, whatever is in memory; raises KeyMissing."""
        path = self.path(key_id)
        try:
            wrapped = base64.b64decode(path.read_bytes())
            cipher = self._wrapping.cipher(wrapped[1])
            material = cipher.decrypt(wrapped[2 : 2 + NONCE], wrapped[2 + NONCE :], key_id.encode())
        except FileNotFoundError:
            raise self._missing(key_id) from None
        except PermissionError:
            words = _("密钥文件 %(path)s 无法读取：请把属主改为运行本系统的用户", path=path)
            raise KeyUnusable(key_id, words) from None
        except (InvalidTag, LookupError, ValueError):
            raise KeyUnusable(key_id, _not_opened(path)) from None
        return DataKey(key_id, material)

    def _missing(self, key_id: str) -> KeyMissing:
        if self.path(key_id, "gone").exists():
            return KeyErased(key_id, _("密钥 %(key)s 已按保存期限销毁，对应的信息不可恢复", key=key_id))
        words = _("密钥 %(key)s 不在 %(folder)s：请从密钥备份恢复这个文件", key=key_id, folder=self.folder)
        return KeyMissing(key_id, words)

    def destroy(self, key_id: str) -> None:
        """Leave a mark that it was, so that it is never made again; then overwrite and remove the wrap."""
        path = self.path(key_id)
        write_new(self.path(key_id, "gone"), datetime.now(UTC).isoformat().encode())
        self._known.pop(key_id, None)
        if path.exists():
            with path.open("r+b") as out:
                out.write(bytes(path.stat().st_size))
                out.flush()
                os.fsync(out.fileno())
            path.unlink(missing_ok=True)
            sync_folder(self.folder)

    def open_named(self) -> None:
        """Load index, audit and signing key; made only where no data key shows that they were there once."""
        in_use = any(self.folder.glob("*-[0-9][0-9][0-9][0-9]-[0-9][0-9].key"))
        for name in NAMED:
            self.find(name) if in_use else self.find_or_make(name)
        self.use_index(1, None)

    def use_index(self, current: int, following: int | None) -> None:
        """Which index keys fill the two fingerprint columns; the second only while rotating."""
        self.index = Mac(self.find(f"index-{current}").material)
        self.index_next = Mac(self.find_or_make(f"index-{following}").material) if following else None

    @cached_property
    def audit(self) -> Mac:
        return Mac(self.find("audit-1").material)

    @cached_property
    def signing(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.find("signing-1").material)


def _not_opened(path: Path) -> str:
    return _(
        "密钥文件 %(path)s 无法用现在的主密钥打开：请核对 MASTER_KEY（或 master.key）是否为启用时的那一把",
        path=path,
    )
