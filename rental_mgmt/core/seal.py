"""Personal data at rest: sealed values bound to their row and column, and fingerprints to find them again.

A sealed value is: version | algorithm | length of key id, key id | 12-byte nonce | ciphertext | 16-byte tag.
"""

import os
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID, uuid4

from cryptography.exceptions import InvalidTag

from . import clock, keys
from .ciphers import NONCE, wrong_answers
from .i18n import _
from .keyring import DataKey, KeyMissing, KeyUnusable
from .normal import NORMAL

VERSION = 1


class Retention(StrEnum):
    """How long a value lives; each class has its own keys, so that a class can end without the others."""

    GUEST = "guest"
    # Under 14: a class of its own (decisions.md 3.3).
    MINOR = "minor"
    ACCOUNT = "account"
    UNIT = "unit"
    CASE = "case"
    IDEMPOTENCY = "idempotency"
    FILE = "file"
    # Under a legal hold: kept when its own class ends.
    HOLD = "hold"


class Where(NamedTuple):
    """The place a value belongs to; moved anywhere else it does not open."""

    table: str
    column: str
    uid: UUID


class SealBroken(Exception):
    """The bytes are not what was sealed here: altered, cut short, or moved from another row or column."""

    def __init__(self, where: Where):
        super().__init__(_("%(table)s.%(column)s 的密文已损坏或不属于这一行", **where._asdict()))
        self.where = where


def seal(value: str | bytes, where: Where, retention: Retention, recorded_at: datetime | None = None) -> bytes:
    """The value sealed for its place, under the key of its class and the month it was recorded (now)."""
    return seal_under(keys.data_key(retention, recorded_at or clock.now()), value, where)


def seal_under(key: DataKey, value: str | bytes, where: Where) -> bytes:
    """The value sealed under a key that the caller chose."""
    algorithm = keys.ring().algorithm
    head = bytes((VERSION, algorithm)) + key.label
    nonce = os.urandom(NONCE)
    data = value.encode() if isinstance(value, str) else value
    return head + nonce + key.cipher(algorithm).encrypt(nonce, data, bound(head, where))


def bound(head: bytes, where: Where) -> bytes:
    """The associated data: what a ciphertext is tied to without holding it."""
    table, column, uid = where
    return b"%b%b%b\0%b" % (head, uid.bytes, table.encode(), column.encode())


def unseal(blob: bytes, where: Where) -> str:
    """The text that was sealed. Raises KeyMissing (erased) and SealBroken."""
    return unseal_bytes(blob, where).decode()


def unseal_bytes(blob: bytes, where: Where) -> bytes:
    """The bytes that were sealed. Raises KeyMissing (erased) and SealBroken."""
    try:
        key = keys.find(blob[3 : 3 + blob[2]].decode("ascii"))
    except (LookupError, ValueError):
        raise SealBroken(where) from None
    return unseal_under(key, blob, where)


def unseal_under(key: DataKey, blob: bytes, where: Where) -> bytes:
    """The bytes that were sealed under this key. Raises SealBroken."""
    end = 3 + blob[2]
    nonce, sealed = blob[end : end + NONCE], blob[end + NONCE :]
    try:
        # Version and algorithm are part of what is bound, so a changed one opens nothing.
        return key.cipher(blob[1]).decrypt(nonce, sealed, bound(blob[:end], where))
    except (InvalidTag, LookupError, ValueError):
        raise SealBroken(where) from None


def unseal_or_none(blob: bytes | None, where: Where) -> str | None:
    """The text, or None where nothing was stored or its key was destroyed: readers show 已删除."""
    try:
        return None if blob is None else unseal(blob, where)
    except KeyUnusable:
        raise
    except KeyMissing:
        return None


def opener(table: str, column: str) -> Callable[[bytes | None, UUID], str | None]:
    """unseal_or_none for many rows of one column, without saying the place anew for each of a million."""
    tail = b"%b\0%b" % (table.encode(), column.encode())

    def open_one(blob: bytes | None, uid: UUID) -> str | None:
        if blob is None:
            return None
        end = 3 + blob[2]
        try:
            cipher = keys.find(blob[3:end].decode("ascii")).cipher(blob[1])
            place = b"%b%b%b" % (blob[:end], uid.bytes, tail)
            return cipher.decrypt(blob[end : end + NONCE], blob[end + NONCE :], place).decode()
        except KeyUnusable:
            raise
        except KeyMissing:
            return None
        except (InvalidTag, LookupError, ValueError):
            raise SealBroken(Where(table, column, uid)) from None

    return open_one


def key_id_of(blob: bytes) -> str:
    """Which key a value is sealed under, such as `guest-2026-11`."""
    return bytes(blob[3 : 3 + blob[2]]).decode("ascii")


def reseal(blob: bytes, where: Where, retention: Retention, recorded_at: datetime | None = None) -> bytes:
    """The same value under another class or month: a legal hold, a change of class."""
    return seal(unseal_bytes(blob, where), where, retention, recorded_at)


def fingerprint(kind: str, value: str) -> bytes:
    """16 bytes that are equal for equal values of a kind: exact match only. Kinds are those of NORMAL."""
    return keys.ring().index(_fingerprinted(kind, value))[:16]


def fingerprints(kind: str, value: str) -> tuple[bytes, bytes | None]:
    """The fingerprint, and the one under the next index key while that is being rotated in."""
    held, data = keys.ring(), _fingerprinted(kind, value)
    return held.index(data)[:16], held.index_next(data)[:16] if held.index_next else None


def _fingerprinted(kind: str, value: str) -> bytes:
    return f"{kind}\0{NORMAL[kind](value)}".encode()


def check_vectors() -> list[str]:
    """What is wrong with the sealing on this machine, in words for `doctor`; empty when all is well."""
    where, key = Where("doctor", "value", uuid4()), DataKey("doctor-1", os.urandom(32))
    wrong = wrong_answers()
    if unseal_under(key, seal_under(key, "䶮𠮷", where), where).decode() != "䶮𠮷":
        wrong.append(where.table)
    return [_("加密自检未通过：%(what)s，请重新安装 cryptography", what=what) for what in wrong]
