"""Files: known by content, cleaned, bounded, sealed frame by frame, and gone when nothing speaks of them."""

import hashlib
import io
import os
import struct
import time
import zipfile
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from PIL import Image, ImageCms, PngImagePlugin
from sqlalchemy import select

from rental_mgmt.core import clock, db, files, frames, images, keys, seal
from rental_mgmt.core.access import Actor, Role
from rental_mgmt.core.errors import Conflict, Invalid, NotFound
from rental_mgmt.core.files import StoredFile
from rental_mgmt.core.seal import Retention, SealBroken, Where
from rental_mgmt.core.uploads import XLSX, About, FileKind, Upload, accept

MB = 1 << 20
WORKER = Actor(user_id=7, uid=uuid4(), role=Role.GRID_WORKER)


@pytest.fixture
def ring(tmp_path, monkeypatch):
    monkeypatch.setattr(keys, "_ring", None)
    keys.configure(tmp_path / "keys", allow_create=True)


@pytest.fixture
def store(ring, database, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_settings", None)
    engine = db.connect(database.url)
    files.configure(tmp_path / "data")
    yield tmp_path / "data" / "files"
    db.session.remove()
    engine.dispose()


def picture(kind="JPEG", size=(60, 40), mode="RGB", **options):
    out = io.BytesIO()
    Image.new(mode, size, 200 if len(mode) == 1 else (200, 30, 30, 99)[: len(mode)]).save(out, kind, **options)
    return out.getvalue()


def photo(source=None, **more):
    return Upload(**{"kind": FileKind.PHOTO, "source": source or picture(), "field": "photo"} | more)


def keep(upload):
    with db.unit_of_work():
        return files.store(WORKER, upload)


def export(*pieces, content_type="text/csv", **more):
    """A file that the product makes, kept."""
    about = About(**{"kind": FileKind.EXPORT} | more)
    with db.unit_of_work(), files.create(WORKER, about, content_type) as new:
        for piece in pieces:
            new.write(piece)
    return new.file


def refused(act, upload):
    with pytest.raises(Invalid) as refusal:
        act(upload)
    [(field, [remedy])] = refusal.value.errors.items()
    assert field == upload.field
    return remedy


def on_disk(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


# --- frames -------------------------------------------------------------------------------------------------


def sealed_file(data, where, piece=300_000):
    out = io.BytesIO()
    writer = frames.FrameWriter(out, keys.data_key("file", clock.now()), where)
    for at in range(0, len(data), piece):
        writer.write(data[at : at + piece])
    writer.close()
    return out.getvalue()


def opened(blob, where, start=0):
    return b"".join(frames.read_frames(io.BytesIO(blob), where, start))


def taken_apart(blob):
    head = len(frames.read_head(io.BytesIO(blob))[0])
    step = frames.SEALED_FRAME
    return blob[:head], [blob[at : at + step] for at in range(head, len(blob), step)]


@pytest.mark.parametrize("size", [0, 1, MB - 1, MB, MB + 1, 2 * MB, 3 * MB + 5])
def test_a_file_of_any_length_comes_back_exactly(ring, size):
    where, data = Where("stored_file", "bytes", uuid4()), os.urandom(size)
    blob = sealed_file(data, where)
    assert opened(blob, where) == data
    for start in {0, size // 2, max(size - 1, 0)}:
        assert opened(blob, where, start) == data[start:]


def test_frames_that_were_reordered_left_out_or_repeated_do_not_open(ring):
    where = Where("stored_file", "bytes", uuid4())
    head, (a, b, c) = taken_apart(sealed_file(os.urandom(2 * MB + 9), where))
    for forged in ((b, a, c), (a, c), (a, b), (a,), (), (a, a, b, c), (a, b, c, c), (a, b, b + c)):
        with pytest.raises(SealBroken):
            opened(head + b"".join(forged), where)
    assert len(opened(head + a + b + c, where)) == 2 * MB + 9


def test_a_file_cut_at_any_byte_does_not_open(ring):
    where = Where("stored_file", "bytes", uuid4())
    blob = sealed_file(b"x" * 100, where)
    for end in range(len(blob)):
        with pytest.raises((SealBroken, keys.KeyMissing)):
            opened(blob[:end], where)
    with pytest.raises(SealBroken):
        opened(blob + b"\0", where)


def test_frames_of_two_files_do_not_mix(ring):
    one, other = (Where("stored_file", "bytes", uuid4()) for _ in range(2))
    (head, (a, b)), (_, (_c, d)) = (taken_apart(sealed_file(os.urandom(MB + 9), w)) for w in (one, other))
    assert opened(head + a + b, one)
    with pytest.raises(SealBroken):
        opened(head + a + d, one)
    with pytest.raises(SealBroken):
        opened(head + a + b, other)


def test_a_sealed_value_is_not_taken_for_a_file(ring):
    where = Where("stored_file", "bytes", uuid4())
    with pytest.raises(SealBroken):
        opened(seal.seal("张三", where, Retention.FILE), where)


# --- pictures -----------------------------------------------------------------------------------------------


def with_everything():
    """A photo as phones make them: lying on its side, with position, camera, comment and colour profile."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x9286] = 6, "CAMERA-OF-LI", "note"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 18.0, 30.0), 3: "E", 4: (120.0, 36.0, 30.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return picture(exif=exif, comment=b"COMMENT-OF-LI", icc_profile=profile, dpi=(72, 72))


def test_a_photo_loses_position_camera_comment_and_profile_and_stands_upright():
    before = with_everything()
    assert Image.open(io.BytesIO(before)).getexif().get_ifd(0x8825)
    clean = images.clean(before)
    after = Image.open(io.BytesIO(clean.data))
    assert not after.getexif()
    assert not {"exif", "comment", "icc_profile"} & set(after.info)
    assert b"OF-LI" not in clean.data
    assert (after.size, clean.width, clean.height) == ((40, 60), 40, 60)


def test_a_png_loses_its_texts():
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "TEXT-OF-LI")
    texts.add_itxt("Title", "TEXT-OF-LI", zip=True)
    after = Image.open(io.BytesIO(images.clean(picture("PNG", pnginfo=texts)).data))
    assert after.info == {}


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("1", "L", "P", "RGB", "RGBA", "LA", "I;16")),
        *(("JPEG", mode) for mode in ("L", "RGB", "CMYK")),
    ],
)
def test_pictures_of_every_colour_mode_are_kept(kind, mode):
    out = io.BytesIO()
    Image.new(mode, (30, 20)).save(out, kind)
    assert images.clean(out.getvalue())[1:] == (images.TYPES[kind], 30, 20)


def test_a_signature_stays_see_through():
    clean = images.clean(picture("PNG", mode="RGBA"))
    assert Image.open(io.BytesIO(clean.data)).getpixel((0, 0)) == (200, 30, 30, 99)


def test_a_phone_photo_with_a_second_picture_inside_is_its_first_picture():
    out = io.BytesIO()
    Image.new("RGB", (60, 40)).save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (6, 4))])
    clean = images.clean(out.getvalue())
    assert clean[1:] == ("image/jpeg", 60, 40)
    assert Image.open(io.BytesIO(clean.data)).format == "JPEG"


def test_a_large_photo_is_shrunk():
    clean = images.clean(picture(size=(6000, 3000)))
    assert (clean.width, clean.height) == (2560, 1280)


def png_of(width, height):
    """A picture that says its size and brings no pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rest = chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    return images.PNG + chunk(b"IHDR", header) + rest


@pytest.mark.parametrize("side", [5001, 9500, 13_000, 60_000])
def test_a_pixel_bomb_is_refused_before_it_is_decoded(side):
    began = time.perf_counter()
    with pytest.raises(images.BadPicture, match="2500 万像素"):
        images.clean(png_of(side, side))
    assert time.perf_counter() - began < 0.2


def test_a_photo_with_a_thousand_scans_is_refused():
    with pytest.raises(images.BadPicture):
        images.clean(picture() + b"\xff\xda" * 1000)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_damaged_pictures_are_refused_in_words(kind):
    good = picture(kind, size=(300, 200))
    for broken in (good[:3], good[:40], good[: len(good) // 2], good[:30] + bytes(60) + good[90:]):
        with pytest.raises(images.BadPicture, match="重新"):
            images.clean(broken)


# --- uploads ------------------------------------------------------------------------------------------------


def archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr("[Content_Types].xml", "<Types/>")
    return out.getvalue()


def test_a_photo_is_kept_sealed_and_comes_back(store):
    kept = keep(photo(purpose="检查隐患", community_id=3, name="C:\\照片\\隐患\u202e\x00.jpg"))
    with db.unit_of_work(read_only=True):
        found = db.session.scalar(select(StoredFile).where(StoredFile.uid == kept.uid))
        assert (found.content_type, found.width, found.height) == ("image/jpeg", 60, 40)
        assert (found.owner_user_id, found.community_id, found.retention) == (7, 3, Retention.FILE)
        assert found.legal_hold is False
        assert found.name == "隐患.jpg"
        data = files.open_file(found)
    assert len(data) == found.size
    assert Image.open(io.BytesIO(data)).size == (60, 40)
    [path] = on_disk(store)
    assert path.name == kept.uid.hex
    assert path.stat().st_mode & 0o777 == 0o600
    assert data[:20] not in path.read_bytes()


@pytest.mark.parametrize(
    ("kind", "source", "content_type"),
    [
        (FileKind.PHOTO, picture("PNG"), "image/png"),
        (FileKind.PAPER, b"%PDF-1.7\n...", "application/pdf"),
        (FileKind.PAPER, picture(), "image/jpeg"),
        (FileKind.SIGNATURE, picture("PNG", mode="RGBA"), "image/png"),
        (FileKind.IMPORT, archive(), XLSX),
        (FileKind.IMPORT, "\ufeff姓名,证件号\n".encode(), "text/csv"),
        (FileKind.IMPORT, "姓名,证件号\n".encode("gb18030"), "text/csv"),
        (FileKind.IMPORT, ("a" * 65_535 + "姓名").encode(), "text/csv"),
    ],
)
def test_the_type_is_what_the_content_shows(kind, source, content_type):
    assert accept(photo(source, kind=kind, name="x.exe")).content_type == content_type


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("kind", "source", "remedy"),
    [
        (FileKind.PHOTO, SVG, "JPEG"),
        (FileKind.PHOTO, b'<?xml version="1.0"?>' + SVG, "JPEG"),
        (FileKind.PHOTO, b"GIF89a" + bytes(50), "截图"),
        (FileKind.PHOTO, b"%PDF-1.7", "JPEG"),
        (FileKind.PHOTO, b"\0\0\0\x18ftypheic" + bytes(50), "兼容性最佳"),
        (FileKind.PHOTO, images.JPEG + bytes(50), "重新拍摄"),
        (FileKind.PHOTO, png_of(9000, 9000), "2500 万像素"),
        (FileKind.PHOTO, b"", "空的"),
        (FileKind.PHOTO, images.JPEG + bytes(10 * MB), "10 MB"),
        (FileKind.SIGNATURE, images.PNG + bytes(MB), "1 MB"),
        (FileKind.PAPER, archive(), "PDF"),
        (FileKind.IMPORT, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "xlsx"),
        (FileKind.IMPORT, "姓名".encode("utf-16"), "UTF-8"),
        (FileKind.IMPORT, b"<html><table>", "xlsx"),
        (FileKind.IMPORT, b"\x7fELF\0\0", "xlsx"),
        (FileKind.IMPORT, picture(), "xlsx"),
    ],
)
def test_anything_else_is_refused_beside_its_field_with_the_remedy(kind, source, remedy):
    assert remedy in refused(accept, replace(photo(), kind=kind, source=source))


def test_an_upload_over_the_size_is_refused_before_it_is_read():
    class Huge(io.BytesIO):
        def seek(self, offset, whence=0):
            return 51 * MB if whence == os.SEEK_END else super().seek(offset, whence)

        def read(self, *_):
            raise AssertionError("read")

    assert "50 MB" in refused(accept, photo(Huge(), kind=FileKind.IMPORT))


def test_a_refused_upload_leaves_nothing(store):
    refused(keep, photo(SVG))
    assert on_disk(store) == []


def test_the_quota_of_a_person_begins_anew_each_day(store):
    files.configure(store.parent, user_day_mb=1)
    paper = photo(b"%PDF-" + bytes(600_000), kind=FileKind.PAPER, field="paper")
    evening = datetime(2026, 11, 2, 15, 30, tzinfo=UTC)  # half past eleven at night in Shanghai
    with clock.freeze_at(evening):
        keep(paper)
        assert "1 MB" in refused(keep, paper)
        with db.unit_of_work():
            files.store(replace(WORKER, user_id=8), paper)
    with clock.freeze_at(evening + timedelta(hours=1)):
        keep(paper)


def test_the_quota_of_a_community_counts_everyone_but_not_exports(store):
    files.configure(store.parent, community_mb=1)
    with (
        db.unit_of_work(),
        files.create(WORKER, About(kind=FileKind.EXPORT, community_id=3), "text/csv") as new,
    ):
        new.write(bytes(MB))
    paper = photo(b"%PDF-" + bytes(600_000), kind=FileKind.PAPER, community_id=3)
    keep(paper)
    with db.unit_of_work():
        files.store(WORKER, replace(paper, community_id=4))
    assert "社区" in refused(keep, paper)


# --- made files, their end ----------------------------------------------------------------------------------


def test_a_file_is_written_and_read_in_pieces(store):
    rows = [f"{number},{'䶮𠮷' * 20}\r\n".encode() for number in range(20_000)]
    made, whole = export(*rows, own_key=True, name="导出.csv"), b"".join(rows)
    assert (made.size, made.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
    assert max(map(len, files.stream_file(made))) == MB
    assert b"".join(files.stream_file(made)) == whole
    assert b"".join(files.stream_file(made, 1_500_000)) == whole[1_500_000:]
    assert made.key_id == f"one-{made.uid.hex}"


def test_an_archive_can_be_written_straight_into_a_file(store):
    about = About(kind=FileKind.EXPORT)
    with db.unit_of_work(), files.create(WORKER, about, XLSX) as new, zipfile.ZipFile(new, "w") as made:
        made.writestr("a.txt", "甲" * 1000)
    assert zipfile.ZipFile(io.BytesIO(files.open_file(new.file))).read("a.txt").decode() == "甲" * 1000


class Torn(io.BytesIO):
    """An upload that ends in the middle."""

    def read(self, size=-1):
        if self.tell() > 100_000:
            raise OSError("torn")
        return super().read(size)


def test_a_file_that_could_not_be_written_leaves_no_bytes_and_no_row(store):
    with pytest.raises(OSError, match="torn"):
        keep(photo(Torn(b"%PDF-" + bytes(200_000)), kind=FileKind.PAPER))
    assert on_disk(store) == []
    assert db.session.scalar(select(StoredFile)) is None


def test_a_damaged_file_refuses_before_the_answer_begins(store):
    kept = keep(photo())
    path = files.path_of(kept.uid)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    for reading in (files.open_file, files.stream_file):
        with pytest.raises(SealBroken):
            reading(kept)


def test_a_lost_file_is_said_and_listed(store):
    kept = keep(photo())
    assert files.lost_files() == []
    files.path_of(kept.uid).unlink()
    assert files.lost_files() == [kept.uid]
    with pytest.raises(NotFound, match="备份"):
        files.stream_file(kept)


def test_a_file_whose_key_ended_is_erased_and_so_is_its_name(store):
    kept = keep(photo(name="李.jpg"))
    keys.destroy(kept.key_id)
    with pytest.raises(keys.KeyErased):
        files.open_file(kept)
    assert kept.name == ""


def grow_old():
    for path in files.settings().folder.rglob("*"):
        os.utime(path, (time.time() - 3700,) * 2)


def refused_afterwards():
    """A photo whose request was refused after it was stored."""
    try:
        with db.unit_of_work():
            lost = files.store(WORKER, photo())
            raise Conflict("refused")
    except Conflict:
        return lost


def test_bytes_without_a_row_go_after_an_hour_and_others_stay(store):
    kept, lost = keep(photo()), refused_afterwards()
    files.path_of(lost.uid).with_suffix(".0badcafe.part").write_bytes(b"half")
    assert sweep() == 0
    grow_old()
    assert sweep() == 2
    assert on_disk(store) == [files.path_of(kept.uid)]


def sweep():
    with db.unit_of_work():
        return files.sweep_orphans()


def delete(file):
    with db.unit_of_work():
        files.delete(db.session.merge(file))


def test_a_deleted_file_goes_with_the_sweep_and_takes_its_own_key_along(store):
    keep(photo())
    made = export(b"1", own_key=True)
    delete(made)
    grow_old()
    assert sweep() == 1
    assert made.key_id not in keys.key_ids()
    with pytest.raises(NotFound):
        files.open_file(made)


def test_an_empty_database_sweeps_nothing(store):
    delete(keep(photo()))
    grow_old()
    assert sweep() == 0


def test_a_held_file_is_not_deleted(store):
    kept = keep(photo())
    with db.unit_of_work():
        db.session.merge(kept).legal_hold = True
    with pytest.raises(Conflict, match="留存"):
        delete(kept)
