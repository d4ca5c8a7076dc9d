"""The algorithms behind sealing, all from `cryptography`: SM4-GCM, AES-256-GCM, HMAC-SM3.

One class an algorithm, so that a certified module (HSM) can take the place of the software one.
"""

from typing import ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE = 12
TAG = 16


class Mac:
    """HMAC-SM3 under one key; the prepared state is copied, which halves the cost of a call."""

    def __init__(self, key: bytes):
        self._ready = hmac.HMAC(key, hashes.SM3())

    def __call__(self, data: bytes) -> bytes:
        mac = self._ready.copy()
        mac.update(data)
        return mac.finalize()


class Sm4Gcm:
    """SM4-GCM (GB/T 32907, RFC 8998); there is no one-call class for it, so the tag is kept by hand."""

    name: ClassVar[str] = "sm4"
    number: ClassVar[int] = 1

    def __init__(self, material: bytes):
        self._key = algorithms.SM4(Mac(material)(b"sm4-gcm")[:16])

    @classmethod
    def with_key(cls, key: bytes) -> "Sm4Gcm":
        """The algorithm under exactly this 16-byte key, for published test vectors."""
        made = cls.__new__(cls)
        made._key = algorithms.SM4(key)
        return made

    def encrypt(self, nonce: bytes, data: bytes, bound: bytes) -> bytes:
        """The ciphertext followed by its 16-byte tag."""
        work = Cipher(self._key, modes.GCM(nonce)).encryptor()
        work.authenticate_additional_data(bound)
        sealed = work.update(data)
        work.finalize()
        return sealed + work.tag

    def decrypt(self, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        """Raises InvalidTag when anything differs from what was sealed."""
        if len(sealed) < TAG:
            raise InvalidTag
        work = Cipher(self._key, modes.GCM(nonce, sealed[-TAG:])).decryptor()
        work.authenticate_additional_data(bound)
        return work.update(sealed[:-TAG]) + work.finalize()


class Aes256Gcm:
    """AES-256-GCM: for large files and where no national algorithm is asked for."""

    name: ClassVar[str] = "aes256"
    number: ClassVar[int] = 2

    def __init__(self, material: bytes):
        aead = AESGCM(Mac(material)(b"aes256-gcm"))
        self.encrypt, self.decrypt = aead.encrypt, aead.decrypt


Provider = Sm4Gcm | Aes256Gcm
BY_NAME: dict[str, type[Provider]] = {kind.name: kind for kind in (Sm4Gcm, Aes256Gcm)}
BY_NUMBER: dict[int, type[Provider]] = {kind.number: kind for kind in (Sm4Gcm, Aes256Gcm)}

# RFC 8998, appendix A.1: key, nonce, associated data, plain text, ciphertext with tag.
SM4_GCM_VECTOR = tuple(
    bytes.fromhex(part)
    for part in (
        "0123456789abcdeffedcba9876543210",
        "00001234567800000000abcd",
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec",
    )
)
# GB/T 32905-2016, appendix A.1: SM3 of "abc".
SM3_OF_ABC = bytes.fromhex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")


def wrong_answers() -> list[str]:
    """The names of the algorithms that do not give the published answers on this machine."""
    key, nonce, bound, plain, sealed = SM4_GCM_VECTOR
    sm4 = Sm4Gcm.with_key(key)
    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(b"abc")
    answers = {
        "SM4-GCM (RFC 8998)": sm4.encrypt(nonce, plain, bound) == sealed
        and sm4.decrypt(nonce, sealed, bound) == plain,
        "SM3 (GB/T 32905)": sm3.finalize() == SM3_OF_ABC,
    }
    return [name for name, right in answers.items() if not right]
