"""Sealed values open only in their place; keys are made once, come back whole, and end for good."""

import base64
import subprocess
import sys
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from rental_mgmt.core import clock, keyring, keys, normal, seal
from rental_mgmt.core.seal import Retention, SealBroken, Where

NOVEMBER = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)


@pytest.fixture(params=["sm4", "aes256"])
def folder(request, tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "_ring", None)
    keys.configure(tmp_path / "keys", allow_create=True, algorithm=request.param)
    return tmp_path / "keys"


def guest(column="id_sealed", uid=None):
    return Where("guest", column, uid or uuid4())


def as_another_process(folder, **options):
    """Forget what is in memory, as a process that starts now would."""
    keys.configure(folder, **options)


def test_the_published_vectors_pass(folder):
    assert seal.check_vectors() == []


@pytest.mark.parametrize("value", ["", "11010119900307851X", "䶮𠮷·买买提", "\u200f阿里", "长" * 5000])
def test_what_is_sealed_comes_back_exactly(folder, value):
    where = guest()
    blob = seal.seal(value, where, Retention.GUEST)
    assert seal.unseal(blob, where) == value
    assert not value or value.encode() not in blob


def test_the_same_value_never_looks_the_same(folder):
    where = guest()
    assert len({seal.seal("张三", where, Retention.GUEST) for _ in range(50)}) == 50


@pytest.mark.parametrize("other", [guest(), Where("visitor", "id_sealed", uuid4())])
def test_a_value_moved_to_another_row_does_not_open(folder, other):
    blob = seal.seal("张三", guest(), Retention.GUEST)
    with pytest.raises(SealBroken):
        seal.unseal(blob, other)


@pytest.mark.parametrize("moved", [{"table": "guest_version"}, {"column": "phone_sealed"}, {"uid": uuid4()}])
def test_a_value_is_bound_to_table_column_and_row(folder, moved):
    where = guest()
    blob = seal.seal("张三", where, Retention.GUEST)
    with pytest.raises(SealBroken):
        seal.unseal(blob, where._replace(**moved))


def test_table_and_column_cannot_be_shifted_into_each_other(folder):
    uid = uuid4()
    blob = seal.seal("张三", Where("ab", "c", uid), Retention.GUEST)
    with pytest.raises(SealBroken):
        seal.unseal(blob, Where("a", "bc", uid))


def test_any_altered_byte_is_noticed(folder):
    where = guest()
    blob = seal.seal("张三", where, Retention.GUEST)
    for place in range(len(blob)):
        altered = bytearray(blob)
        altered[place] ^= 1
        with pytest.raises((SealBroken, keys.KeyMissing)):
            seal.unseal(bytes(altered), where)


def test_bytes_that_were_never_sealed_are_refused(folder):
    for junk in (b"", b"\x01", b"\x01\x01\x05gue", b"\x01\x01\x00", b"\x01\x01\x03\xff\xff\xff" + bytes(40)):
        with pytest.raises((SealBroken, keys.KeyMissing)):
            seal.unseal(junk, guest())


def test_a_stored_key_id_never_leads_out_of_the_folder(folder):
    (folder.parent / "x-1.key").write_bytes((folder / "index-1.key").read_bytes())
    blob = b"\x01\x01\x06../x-1" + bytes(40)
    with pytest.raises(keys.KeyUnusable):
        seal.unseal(blob, guest())


def test_the_key_is_that_of_the_class_and_the_month_of_recording(folder):
    where = guest()
    blob = seal.seal("张三", where, Retention.MINOR, NOVEMBER)
    assert seal.key_id_of(blob) == "minor-2026-11"
    with clock.freeze_at(datetime(2027, 1, 2, tzinfo=UTC)):
        assert seal.key_id_of(seal.seal("张三", where, Retention.GUEST)) == "guest-2027-01"


def test_a_held_value_outlives_its_class(folder):
    where = guest()
    blob = seal.seal("张三", where, Retention.GUEST, NOVEMBER)
    held = seal.reseal(blob, where, Retention.HOLD, NOVEMBER)
    keys.destroy("guest-2026-11")
    assert seal.unseal(held, where) == "张三"
    assert seal.unseal_or_none(blob, where) is None


def test_a_destroyed_key_erases_what_it_sealed_and_nothing_else(folder):
    where = guest()
    gone, kept = (seal.seal("张三", where, kind, NOVEMBER) for kind in (Retention.GUEST, Retention.UNIT))
    keys.destroy("guest-2026-11")
    for _ in range(2):
        with pytest.raises(keys.KeyErased, match="guest-2026-11"):
            seal.unseal(gone, where)
        as_another_process(folder)
    assert seal.unseal(kept, where) == "张三"


def test_a_destroyed_key_is_never_made_again(folder):
    seal.seal("张三", guest(), Retention.GUEST, NOVEMBER)
    keys.destroy("guest-2026-11")
    as_another_process(folder)
    with pytest.raises(keys.KeyErased):
        seal.seal("李四", guest(), Retention.GUEST, NOVEMBER)


def test_other_processes_forget_a_destroyed_key_within_a_minute(folder, monkeypatch):
    where = guest()
    blob = seal.seal("张三", where, Retention.GUEST, NOVEMBER)
    (folder / "guest-2026-11.key").unlink()  # as another process does
    assert seal.unseal(blob, where) == "张三"
    later = keyring.monotonic() + 61
    monkeypatch.setattr(keyring, "monotonic", lambda: later)
    with pytest.raises(keys.KeyMissing):
        seal.unseal(blob, where)


def test_a_lost_key_is_not_replaced_in_silence(folder, monkeypatch):
    seal.seal("张三", guest(), Retention.GUEST, NOVEMBER)
    (folder / "guest-2026-11.key").unlink()
    later = keyring.monotonic() + 61
    monkeypatch.setattr(keyring, "monotonic", lambda: later)
    with pytest.raises(keys.KeyMissing, match="恢复"):
        seal.seal("李四", guest(), Retention.GUEST, NOVEMBER)


@pytest.mark.parametrize("key_id", ["master", "index-1", "index-2", "audit-1", "signing-1"])
def test_the_keys_of_the_house_cannot_be_destroyed(folder, key_id):
    with pytest.raises(ValueError, match=key_id):
        keys.destroy(key_id)


def test_a_lost_index_key_is_said_and_not_replaced(folder):
    seal.seal("张三", guest(), Retention.GUEST)
    (folder / "index-1.key").unlink()
    with pytest.raises(keys.KeyMissing, match="index-1"):
        as_another_process(folder, allow_create=True)


def test_production_never_makes_a_master_key(tmp_path):
    with pytest.raises(keys.KeyMissing, match="MASTER_KEY"):
        keys.configure(tmp_path)
    assert list(tmp_path.glob("*.key")) == []


def test_a_lost_master_key_is_not_replaced(folder):
    (folder / "master.key").unlink()
    with pytest.raises(keys.KeyMissing, match=r"master\.key"):
        as_another_process(folder, allow_create=True)


@pytest.mark.parametrize("master", ["short", base64.b64encode(bytes(31)).decode(), "ä" * 44])
def test_a_master_key_of_another_shape_is_refused_in_words(tmp_path, master):
    with pytest.raises(keys.KeyUnusable, match="openssl"):
        keys.configure(tmp_path, master)


def test_another_master_key_opens_nothing_and_says_so(folder):
    with pytest.raises(keys.KeyUnusable, match="MASTER_KEY"):
        as_another_process(folder, master=base64.b64encode(bytes(32)).decode())


def test_the_master_key_may_come_from_the_settings(tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "_ring", None)
    master, where = base64.b64encode(b"m" * 32).decode(), guest()
    keys.configure(tmp_path, master)
    blob = seal.seal("张三", where, Retention.GUEST)
    as_another_process(tmp_path, master=master)
    assert seal.unseal(blob, where) == "张三"
    assert not (tmp_path / "master.key").exists()


def test_an_unreadable_wrap_is_a_fault_and_not_an_erasure(folder):
    where = guest()
    blob = seal.seal("张三", where, Retention.GUEST, NOVEMBER)
    (folder / "guest-2026-11.key").write_bytes(b"AQ==\n")
    as_another_process(folder)
    with pytest.raises(keys.KeyUnusable):
        seal.unseal_or_none(blob, where)
    assert any("guest-2026-11" in fault for fault in keys.check())


def test_keys_can_be_read_by_nobody_else(folder):
    seal.seal("张三", guest(), Retention.GUEST)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert keys.check() == []
    (folder / "master.key").chmod(0o644)
    assert len(keys.check()) == 1


def test_values_of_both_algorithms_live_side_by_side(tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "_ring", None)
    where, blobs = guest(), []
    for algorithm in ("sm4", "aes256", "sm4"):
        keys.configure(tmp_path, allow_create=True, algorithm=algorithm)
        blobs.append(seal.seal("张三", where, Retention.GUEST))
    assert [blob[1] for blob in blobs] == [1, 2, 1]
    assert {seal.unseal(blob, where) for blob in blobs} == {"张三"}


RACER = """
import sys
from datetime import UTC, datetime
from uuid import UUID
from rental_mgmt.core import keys, seal
keys.configure(sys.argv[1], allow_create=True)
print(flush=True)
sys.stdin.readline()
for month in range(1, 13):
    at = datetime(2026, month, 1, tzinfo=UTC)
    print(seal.seal("张三", seal.Where("guest", "name_sealed", UUID(int=0)), seal.Retention.GUEST, at).hex())
print(seal.fingerprint("name", "张三").hex())
"""


def test_processes_that_start_and_make_keys_at_once_end_with_the_same_keys(tmp_path, monkeypatch):
    command = [sys.executable, "-c", RACER, str(tmp_path)]
    racers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    for racer in racers:
        racer.stdout.readline()
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    lines = [racer.communicate(timeout=60)[0].split() for racer in racers]
    monkeypatch.setattr(keys, "_ring", None)
    keys.configure(tmp_path)
    where = guest("name_sealed", UUID(int=0))
    assert [len(line) for line in lines] == [13, 13, 13]
    assert {seal.unseal(bytes.fromhex(blob), where) for line in lines for blob in line[:-1]} == {"张三"}
    assert {line[-1] for line in lines} == {seal.fingerprint("name", "张三").hex()}
    assert list(tmp_path.glob("*.part")) == []


def test_fingerprints_are_stable_short_and_apart_by_kind(folder):
    first = seal.fingerprint("id_number", "11010119900307851x")
    assert len(first) == 16
    as_another_process(folder)
    assert seal.fingerprint("id_number", " １１０１０１ 19900307851X") == first
    assert seal.fingerprint("name", "11010119900307851x") != first


def test_while_rotating_both_fingerprints_are_made_and_then_the_next_one_counts(folder):
    now = seal.fingerprint("phone", "13812345678")
    assert seal.fingerprints("phone", "13812345678") == (now, None)
    keys.use_index(1, 2)
    current, following = seal.fingerprints("phone", "13812345678")
    assert current == now != following
    keys.use_index(2)
    assert seal.fingerprint("phone", "13812345678") == following


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("13812345678", "138 1234 5678"),
        ("13812345678", "+86-138-1234-5678"),
        ("13812345678", "0086 13812345678"),
        ("13812345678", "8613812345678"),
        ("13812345678", "１３８12345678"),
        ("051262881234", "+86 512 6288 1234"),
        ("01062223333", "+86 10 6222 3333"),
        ("+85291234567", "00852 9123-4567"),
    ],
)
def test_a_phone_number_is_one_number_however_it_is_typed(typed, same):
    assert normal.phone(same) == normal.phone(typed) == typed


def test_a_foreign_number_is_not_a_mainland_one():
    assert normal.phone("+1 381 234 5678") != normal.phone("13812345678")


@pytest.mark.parametrize("dot", "·•・‧．.･∙⋅")
def test_every_middle_dot_is_the_same_dot(dot):
    assert normal.name(f"买买提 {dot} 艾力") == normal.name("买买提·艾力") == "买买提·艾力"


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("张 三", "张三"),
        ("　欧阳\u3000娜娜 ", "欧阳娜娜"),
        ("john  SMITH", "John Smith"),
        ("Ｊｏｈｎ Smith", "john smith"),
        ("e\u0301ric", "\u00c9ric"),
        ("\u200f阿里\u202c", "阿里"),
        ("葛\U000e0100城", "葛城"),
    ],
)
def test_a_name_is_one_name_however_it_is_typed(typed, same):
    assert normal.name(typed) == normal.name(same)


def test_rare_characters_stay_themselves_and_names_are_whole():
    assert normal.name("䶮𠮷") == "䶮𠮷"
    assert normal.name("𠮷田") != normal.name("吉田")
    assert normal.name("张三丰") != normal.name("张三")


def test_a_signature_is_checked_with_the_public_key_alone(folder, monkeypatch):
    manifest, public = b'{"rows": 3}', keys.public_key_pem()
    signature = keys.sign(manifest)
    monkeypatch.setattr(keys, "_ring", None)
    assert keys.is_signed(manifest, signature, public)
    assert not keys.is_signed(manifest + b" ", signature, public)


def secrets():
    audit = keys.audit_mac()(b"x")
    return keys.derive("cookie"), keys.keyed_hash("idempotency", b"x"), audit, keys.check_value()


def test_secrets_of_different_purposes_differ_and_last(folder):
    before = secrets()
    assert len({*before, keys.derive("cursor")}) == 5
    as_another_process(folder)
    assert secrets() == before


def test_an_own_key_ends_with_its_thing(folder):
    where, key = guest(), keys.own_key(uuid4().hex)
    blob = seal.seal_under(key, "出口", where)
    assert seal.unseal(blob, where) == "出口"
    keys.destroy(key.id)
    assert seal.unseal_or_none(blob, where) is None
