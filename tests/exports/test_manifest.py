"""A manifest is checked without us: every altered byte of the file or of the manifest is found."""

import json
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from rental_mgmt.core import files, keys
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Conflict
from rental_mgmt.exports import manifest, orders
from rental_mgmt.exports.verify import verify

from .conftest import URGENT, approved, built, ordered


@pytest.fixture
def taken(room, tmp_path):
    """An export on somebody's own disk: file, manifest and public key."""
    export = built(room)
    file, said, key = (tmp_path / name for name in ("file.csv", "manifest.json", "key.pem"))
    file.write_bytes(files.open_file(session.get(files.StoredFile, export.file_id)))
    said.write_bytes(manifest.as_file(export.manifest))
    key.write_text(keys.public_key_pem())
    return file, said, key


def faults(taken) -> list[str]:
    file, said, key = taken
    return verify(file, said, key.read_text())


def test_an_untouched_export_verifies(taken, room):
    assert faults(taken) == []
    said = json.loads(taken[1].read_text())
    assert (said["rows"], said["minors"], said["withheld"], said["purpose"]) == (2, 1, 0, "criminal_case")
    assert said["requested_by"] == str(room.liaison.user.uid)
    assert said["approved_by"] == str(room.second.user.uid)
    assert said["place"]["uid"] == str(room.compound.uid)
    text = taken[1].read_text()
    for secret in (room.adult.name, room.adult.id_number, "A5101042026060001", room.liaison.name):
        assert secret not in text


def test_every_altered_byte_of_the_file_is_found(taken):
    file, whole = taken[0], taken[0].read_bytes()
    for at in range(0, len(whole), 7):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert faults(taken), at
    for other in (whole[:-1], whole + b"\n", b""):
        file.write_bytes(other)
        assert faults(taken)


def test_every_altered_byte_of_the_manifest_is_found(taken):
    said, whole = taken[1], taken[1].read_bytes()
    for at in range(len(whole)):
        for other in {whole[at] ^ 1, whole[at] ^ 0x20, ord(" ")} - {whole[at]}:
            said.write_bytes(whole[:at] + bytes([other]) + whole[at + 1 :])
            assert faults(taken), at
    for other in (whole[:-1], whole + b"\n", b" " + whole, b"", b"[]", b"null", b"{}"):
        said.write_bytes(other)
        assert faults(taken)


def test_every_altered_field_is_found(taken):
    said, whole = taken[1], json.loads(taken[1].read_text())
    for name in whole:
        for forged in (
            {**whole, name: "x"},
            {**whole, name: None, "x": 1},
            {k: v for k, v in whole.items() if k != name},
        ):
            said.write_bytes(manifest.canonical(forged) + b"\n")
            assert faults(taken), name


def test_another_key_does_not_fit(taken):
    other = Ed25519PrivateKey.generate().public_key()
    taken[2].write_bytes(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert "签名不符" in faults(taken)[0]
    taken[2].write_text("no key")
    assert "公钥" in faults(taken)[0]


def test_a_manifest_of_another_export_does_not_fit(taken, room):
    from rental_mgmt.exports.models import Profile

    masked = built(room, profile=Profile.MASKED)
    taken[1].write_bytes(manifest.as_file(masked.manifest))
    assert faults(taken)


def test_verifying_needs_no_database_and_no_keys(taken):
    program = (
        "import sys, pathlib; from rental_mgmt.exports.verify import verify;"
        "file, said, key = map(pathlib.Path, sys.argv[1:]); found = verify(file, said, key.read_text());"
        "print(found); sys.exit(len(found))"
    )
    paths = [str(path) for path in taken]
    said = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stdout) == (0, "[]\n"), said.stderr


def test_there_is_no_manifest_before_the_file(room):
    export = approved(room)
    with pytest.raises(Conflict):
        orders.get_manifest(room.liaison.actor, export.uid)


def test_an_urgent_manifest_says_that_the_second_was_still_to_come(room):
    from rental_mgmt.exports import building

    export = ordered(room, URGENT)
    building.build_next()
    with unit_of_work(read_only=True):
        said = orders.get_manifest(room.liaison.actor, export.uid)
    assert (said["urgent"], said["approved_by"], said["approved_at"]) == (True, None, None)
