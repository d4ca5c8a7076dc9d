"""What people may upload: known by its content and bounded, before anything of it is decoded or stored."""

import codecs
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from . import images
from .errors import Invalid
from .i18n import _, lazy
from .seal import Retention

MB = 1 << 20
PIECE = 64 * 1024
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PICTURES = frozenset(images.TYPES.values())


class FileKind(StrEnum):
    PHOTO = "photo"
    PAPER = "paper"
    SIGNATURE = "signature"
    IMPORT = "import"
    EXPORT = "export"


# Kind: types by content, most bytes, what to say to any other type.
ACCEPTED = {
    FileKind.PHOTO: (PICTURES, 10 * MB, lazy("只收 JPEG 或 PNG 照片：请直接拍摄，或截图后上传")),
    FileKind.PAPER: (PICTURES | {"application/pdf"}, 10 * MB, lazy("只收 JPEG、PNG 照片或 PDF 文件")),
    FileKind.SIGNATURE: (PICTURES, MB, lazy("只收 JPEG 或 PNG 图片")),
    FileKind.IMPORT: (
        frozenset({XLSX, "text/csv"}),
        50 * MB,
        lazy("只收 XLSX 或 CSV 表格：请用表格软件另存为 .xlsx 后上传"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class About:
    """What a new file is: its kind, how long it lives, what for, and what the person's device called it."""

    kind: FileKind
    name: str = ""
    retention: Retention = Retention.FILE
    purpose: str = ""
    community_id: int | None = None
    # Sealed under a key of its own, destroyed with the file (exports).
    own_key: bool = False


@dataclass(frozen=True, kw_only=True)
class Upload(About):
    """A file as it came in: bytes or a seekable stream. `field` is where its errors are shown."""

    source: bytes | BinaryIO
    field: str = "file"

    def refuse(self, remedy: str) -> Invalid:
        return Invalid(errors={self.field: [remedy]})


@dataclass(frozen=True)
class Content:
    """An upload that was accepted, ready to be stored; `size` in bytes, width and height in pixels."""

    content_type: str
    source: BinaryIO
    size: int
    width: int | None = None
    height: int | None = None

    def pieces(self) -> Iterator[bytes]:
        while piece := self.source.read(PIECE):
            yield piece


def accept(upload: Upload) -> Content:
    """The upload with its true type, pictures cleaned. Raises Invalid naming the remedy."""
    types, limit, remedy = ACCEPTED[upload.kind]
    source = io.BytesIO(upload.source) if isinstance(upload.source, bytes) else upload.source
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    if not size:
        raise upload.refuse(_("文件是空的，请重新选择"))
    if size > limit:
        raise upload.refuse(_("文件超过 %(mb)s MB：请压缩或拆分后再上传", mb=limit // MB))
    start = source.read(PIECE)
    content_type = type_of(start)
    if content_type not in types:
        raise upload.refuse(_said_of(start) or str(remedy))
    source.seek(0)
    return _picture(upload, source) if content_type in PICTURES else Content(content_type, source, size)


def _picture(upload: Upload, source: BinaryIO) -> Content:
    try:
        clean = images.clean(source.read())
    except images.BadPicture as bad:
        raise upload.refuse(str(bad)) from None
    return Content(clean.content_type, io.BytesIO(clean.data), len(clean.data), clean.width, clean.height)


def type_of(start: bytes) -> str | None:
    """The media type that the first bytes show, or None for any that nobody here needs (SVG among them)."""
    for magic, content_type in (
        (images.JPEG, "image/jpeg"),
        (images.PNG, "image/png"),
        (b"%PDF-", "application/pdf"),
        (b"PK\x03\x04", XLSX),
    ):
        if start.startswith(magic):
            return content_type
    return "text/csv" if _is_table_text(start) else None


def _is_table_text(start: bytes) -> bool:
    plain = start.removeprefix(codecs.BOM_UTF8)
    if b"\0" in plain or plain.lstrip().startswith(b"<"):
        return False
    return _reads_as(plain, "utf-8") or _reads_as(plain, "gb18030")


def _reads_as(start: bytes, encoding: str) -> bool:
    try:
        # Not final: the first bytes may end in the middle of a character.
        codecs.getincrementaldecoder(encoding)().decode(start)
    except UnicodeDecodeError:
        return False
    return True


def _said_of(start: bytes) -> str:
    if start[4:8] == b"ftyp" and start[8:12] in (b"heic", b"heix", b"heif", b"mif1", b"hevc"):
        return _("这是 HEIC 照片：请在手机“设置 → 相机 → 格式”里选“兼容性最佳”后重拍，或截图后上传")
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        return _("这是旧版 Excel 文件（.xls）：请用表格软件另存为 .xlsx 后上传")
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _("这是 UTF-16 编码的文本：请另存为“CSV UTF-8”或 .xlsx 后上传")
    return ""
