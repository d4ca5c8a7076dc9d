"""The signed manifest of an export: what the file holds, why, and who asked and approved. No names in it.

It is one line of canonical JSON (sorted keys, no spaces); the signature is Ed25519 over the same line without
the key "signature", so that anyone can check it with the public key alone (verify.py).
"""

import hashlib
import json
from pathlib import Path

from ..core import keys, strict_json
from ..core.errors import Refusal

KIND = "rental-mgmt/export-manifest/1"
PIECE = 1 << 20
FIELDS = frozenset(
    {
        *("kind", "export", "station", "community", "place", "purpose", "urgent", "from_day", "to_day"),
        *("filters", "profile", "format", "file", "rows", "withheld", "broken", "minors", "sha256", "size"),
        *("requested_by", "requested_at", "approved_by", "approved_at", "built_at", "definitions"),
    }
)


class BadManifest(ValueError):
    """These bytes are no manifest as it was made: not JSON, not canonical, or without a signature."""


def sign(said: dict) -> dict:
    """What is said, with the signature over it."""
    return said | {"signature": keys.sign(canonical(said)).hex()}


def canonical(said: dict) -> bytes:
    """The one way to write a manifest down."""
    return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def as_file(signed: dict) -> bytes:
    """The manifest as it is downloaded."""
    return canonical(signed) + b"\n"


def read(data: bytes) -> tuple[dict, bytes]:
    """What a manifest says, and its signature; any byte that is not as we write it raises BadManifest."""
    try:
        signed = strict_json.loads(data)
        signature = bytes.fromhex(signed["signature"])
    except (Refusal, ValueError, TypeError, KeyError):
        raise BadManifest from None
    said = {key: value for key, value in signed.items() if key != "signature"}
    if as_file(said | {"signature": signature.hex()}) != data or set(said) != FIELDS:
        raise BadManifest
    return said, signature


def digest(path: Path) -> tuple[str, int]:
    """SHA-256 and size of a file, read in pieces."""
    found, size = hashlib.sha256(), 0
    with path.open("rb") as source:
        while piece := source.read(PIECE):
            found.update(piece)
            size += len(piece)
    return found.hexdigest(), size
