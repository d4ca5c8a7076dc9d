"""A sealed file: a head that names its key, then frames of 1 MB, each sealed for its place in the file.

A frame is 12-byte nonce | ciphertext | 16-byte tag. Its number and whether it is the last are bound to it, so a
file that was cut short, put together anew or reordered does not open.
"""

import os
from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag

from . import keys
from .ciphers import NONCE, TAG
from .keyring import DataKey
from .seal import SealBroken, Where, bound

VERSION = 2
FRAME = 1 << 20
SEALED_FRAME = NONCE + FRAME + TAG


def _bound(head: bytes, where: Where, number: int, is_last: bool) -> bytes:
    return b"%b\0%b%b" % (bound(head, where), number.to_bytes(8, "big"), b"L" if is_last else b"-")


class FrameWriter:
    """Takes bytes in pieces of any size and writes sealed frames; `close` writes the last one."""

    def __init__(self, out: BinaryIO, key: DataKey, where: Where):
        algorithm = keys.ring().algorithm
        self._out, self._where, self._cipher = out, where, key.cipher(algorithm)
        self._head = bytes((VERSION, algorithm)) + key.label
        self._waiting, self._number = bytearray(), 0
        out.write(self._head)

    def write(self, data: bytes) -> int:
        self._waiting += data
        # A full frame waits until more comes, because only then is it known not to be the last.
        while len(self._waiting) > FRAME:
            frame = bytes(self._waiting[:FRAME])
            del self._waiting[:FRAME]
            self._seal(frame, is_last=False)
        return len(data)

    def close(self) -> None:
        self._seal(bytes(self._waiting), is_last=True)

    def _seal(self, frame: bytes, is_last: bool) -> None:
        nonce, place = os.urandom(NONCE), _bound(self._head, self._where, self._number, is_last)
        self._out.write(nonce + self._cipher.encrypt(nonce, frame, place))
        self._number += 1


def read_head(source: BinaryIO) -> tuple[bytes, str]:
    """The head and the key id in it; ValueError when these bytes are no sealed file."""
    head = source.read(3)
    if len(head) < 3 or head[0] != VERSION:
        raise ValueError("not a sealed file")
    label = source.read(head[2])
    return head + label, label.decode("ascii")


def read_frames(source: BinaryIO, where: Where, start: int = 0) -> Iterator[bytes]:
    """The bytes of a seekable sealed file from an offset on, at most a frame at a time.

    Raises KeyMissing, and SealBroken where a frame is not what was written there; nothing of a broken frame is
    given out.
    """
    try:
        head, key_id = read_head(source)
        cipher = keys.find(key_id).cipher(head[1])
    except (LookupError, ValueError):
        raise SealBroken(where) from None
    number, skipped = divmod(start, FRAME)
    source.seek(len(head) + number * SEALED_FRAME)
    sealed, is_last = source.read(SEALED_FRAME), False
    while not is_last:
        following = source.read(SEALED_FRAME)
        is_last = not following
        try:
            frame = cipher.decrypt(sealed[:NONCE], sealed[NONCE:], _bound(head, where, number, is_last))
        except (InvalidTag, ValueError):
            raise SealBroken(where) from None
        yield frame[skipped:] if skipped else frame
        sealed, number, skipped = following, number + 1, 0
