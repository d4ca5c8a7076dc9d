"""The keys this process works with: one master, data keys per retention class and month, named keys.

They live outside the database and its backup. Deleting the wrap of a data key makes everything sealed under it
unreadable, also in old backups.
"""

import base64
import binascii
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from .disk import make_folder, write_new
from .i18n import _
from .keyring import NAMED, DataKey, KeyErased, KeyMissing, KeyUnusable, Ring

__all__ = ["DataKey", "KeyErased", "KeyMissing", "KeyUnusable", "configure", "data_key", "destroy", "find"]

_ring: Ring | None = None
_month_ids: dict[tuple[str, int, int], str] = {}


def configure(
    keys_dir: Path | str, master: str | bytes | None = None, allow_create: bool = False, algorithm: str = "sm4"
) -> None:
    """Open the keys; called once by create_app and the command line.

    `master` is the base64 of 32 bytes (setting MASTER_KEY); without it `master.key` in the folder is read, and
    made only with `allow_create`, which production never gives. `algorithm`: sm4 or aes256, for what is sealed
    from now on. Raises KeyMissing saying what to restore.
    """
    global _ring
    folder = Path(keys_dir)
    make_folder(folder)
    opened = Ring(folder, _master(folder, master, allow_create), algorithm)
    opened.open_named()
    _ring = opened


def _master(folder: Path, given: str | bytes | None, allow_create: bool) -> bytes:
    path = folder / "master.key"
    if not given and not path.exists():
        # A folder that holds wraps had a master once; a new one would open none of them.
        if not allow_create or any(folder.glob("*.key")):
            raise KeyMissing("master", _no_master(folder))
        write_new(path, base64.b64encode(os.urandom(32)) + b"\n")
    try:
        master = base64.b64decode((given or path.read_text()).strip(), validate=True)
    except (binascii.Error, ValueError):
        master = b""
    if len(master) != 32:
        raise KeyUnusable("master", _("主密钥应为 32 字节的 base64，可用 openssl rand -base64 32 生成"))
    return master


def _no_master(folder: Path) -> str:
    return _(
        "缺少主密钥：请设置 MASTER_KEY（32 字节的 base64，首次可用 openssl rand -base64 32 生成），"
        "或把原来的 master.key 放回 %(folder)s",
        folder=folder,
    )


def ring() -> Ring:
    if _ring is None:
        raise RuntimeError("keys.configure() has not been called")
    return _ring


def data_key(retention: str, at: datetime) -> DataKey:
    """The key of a retention class for the UTC month of a moment; made at first use."""
    at = at.astimezone(UTC)
    month = (retention, at.year, at.month)
    key_id = _month_ids.get(month)
    if key_id is None:
        key_id = _month_ids[month] = f"{retention}-{at:%Y-%m}"
    return ring().find_or_make(key_id)


def own_key(name: str) -> DataKey:
    """A key for one thing alone (an export), destroyed with it; its id is `one-<name>`."""
    return ring().find_or_make(f"one-{name}")


def find(key_id: str) -> DataKey:
    """A key by the id that stands in a sealed value; raises KeyMissing."""
    return ring().find(key_id)


def destroy(key_id: str) -> None:
    """Crypto-shred: what was sealed under this data key is unreadable from now on, everywhere within a minute.

    Raises ValueError for the keys that belong to no retention class.
    """
    if key_id == "master" or key_id in NAMED or key_id.startswith("index-"):
        raise ValueError(f"{key_id} is not a data key")
    ring().destroy(key_id)


def key_ids() -> list[str]:
    """The ids of all wraps in the folder, sorted."""
    return sorted(path.stem for path in ring().folder.glob("*.key") if path.stem != "master")


def use_index(current: int = 1, following: int | None = None) -> None:
    """Say which index keys are in use, as the settings row has it; `following` is made if it is new."""
    ring().use_index(current, following)


def keyed_hash(purpose: str, data: bytes) -> bytes:
    """32 bytes of HMAC-SM3 with the index key, apart for each purpose (idempotency hashes, cursors)."""
    return ring().index(b"%b\0%b" % (purpose.encode(), data))


def check_value() -> str:
    """What the database may remember of the index key, so that a wrong key folder is noticed at start."""
    return keyed_hash("check-value", b"").hex()[:16]


def audit_mac() -> Callable[[bytes], bytes]:
    """HMAC-SM3 under the audit key: bytes in, 32 bytes out."""
    return ring().audit


def derive(purpose: str) -> bytes:
    """32 secret bytes from the master for one purpose, where a library wants a secret of its own."""
    return ring().master_mac(b"derive\0" + purpose.encode())


def sign(data: bytes) -> bytes:
    """Ed25519 over an export manifest or an audit head; 64 bytes."""
    return ring().signing.sign(data)


def public_key_pem() -> str:
    """The public half of the signing key, for whoever verifies without this system."""
    pem, info = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    return ring().signing.public_key().public_bytes(pem, info).decode()


def is_signed(data: bytes, signature: bytes, public_pem: str | bytes) -> bool:
    """Does the signature fit? Needs no keys of this system. Raises ValueError for another kind of key."""
    pem = public_pem.encode() if isinstance(public_pem, str) else public_pem
    public = serialization.load_pem_public_key(pem)
    if not isinstance(public, Ed25519PublicKey):
        raise ValueError("not an Ed25519 public key")
    try:
        public.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def check() -> list[str]:
    """What is wrong with the key folder, in words for `doctor`; every wrap is opened. Empty: all is well."""
    held, faults = ring(), []
    for key_id in sorted({*NAMED, *key_ids()}):
        try:
            held.read(key_id)
        except KeyMissing as fault:
            faults.append(str(fault))
    for path in sorted(held.folder.glob("*.key")):
        if os.name == "posix" and path.stat().st_mode & 0o077:
            faults.append(_("密钥文件 %(path)s 他人可读，请执行 chmod 600", path=path))
    return faults
