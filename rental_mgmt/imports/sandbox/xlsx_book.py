"""The parts around the sheets of a workbook: which sheets there are, shared strings, which styles are dates."""

import re
from array import array
from zipfile import BadZipFile, ZipFile

from limits import CELL_CHARS, CELLS, MEMBERS, PART_BYTES, SHEETS, STRINGS_BYTES, Refused
from xml_parts import Handler, Member, local, read_whole, unescape

# Formats 27-36 and 50-58 are dates in Chinese Excel and WPS.
_BUILT_IN_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_NOT_FORMAT = re.compile(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.|General|[EeＥ][+-]')
_DATE_LETTER = re.compile(r"[ymdhs年月日时]", re.IGNORECASE)


def open_zip(stream) -> ZipFile:
    """The archive, once its directory is known to be small, unencrypted and free of macros."""
    _check_directory(stream)
    try:
        archive = ZipFile(stream)
    except (BadZipFile, ValueError, NotImplementedError, OSError) as fault:
        raise Refused("corrupt") from fault
    names = [member.filename for member in archive.infolist()]
    if len(names) != len(set(names)):
        raise Refused("corrupt")
    if any(member.flag_bits & 1 for member in archive.infolist()):
        raise Refused("encrypted")
    if any(name.lower().endswith(("vbaproject.bin", ".xlm")) for name in names):
        raise Refused("macro")
    return archive


class Workbook(Handler):
    """Names, targets and dates system of the sheets, in order."""

    def __init__(self, archive: ZipFile):
        self.sheets, self.hidden, self.date1904 = [], [], False
        self._targets = {}
        root = _relations(archive, "_rels/.rels", "")
        path = next((to for kind, to in root.values() if kind == "officeDocument"), None)
        if path is None:
            raise Refused("not_workbook")
        folder, _, name = path.rpartition("/")
        self.relations = _relations(archive, f"{folder}/_rels/{name}.rels".lstrip("/"), folder)
        read_whole(Member(archive, path, PART_BYTES), self)

    def start(self, name: str, attrs: dict) -> None:
        kind = local(name)
        if kind == "workbookPr":
            self.date1904 = attrs.get("date1904") in ("1", "true", "on")
        elif kind == "sheet":
            self._add(attrs)

    def _add(self, attrs: dict) -> None:
        title = attrs.get("name", "")[:100]
        key = next((value for name, value in attrs.items() if name.endswith(":id")), "")
        relation, path = self.relations.get(key, ("", ""))
        if attrs.get("state", "visible") != "visible":
            self.hidden.append(title)
        elif relation == "worksheet":
            self.sheets.append((title, path))
        if len(self.sheets) > SHEETS:
            raise Refused("sheets", limit=SHEETS)

    def part(self, kind: str) -> str | None:
        return next((to for relation, to in self.relations.values() if relation == kind), None)


class SharedStrings(Handler):
    """All strings of the workbook in one buffer: a million small objects would be three times the size."""

    def __init__(self):
        self._buffer, self._ends = bytearray(), array("I", [0])
        self._taking, self._aside, self._text, self._length = False, False, [], 0

    def __getitem__(self, index: int) -> str:
        if not 0 <= index < len(self._ends) - 1:
            raise Refused("corrupt")
        return self._buffer[self._ends[index] : self._ends[index + 1]].decode()

    def start(self, name: str, attrs: dict) -> None:
        kind = local(name)
        if kind == "si":
            self._text, self._length = [], 0
        self._taking = kind == "t" and not self._aside
        self._aside = self._aside or kind == "rPh"

    def text(self, data: str) -> None:
        if self._taking and self._length <= CELL_CHARS * 8:
            self._text.append(data)
            self._length += len(data)

    def end(self, name: str) -> None:
        kind = local(name)
        self._taking = False
        if kind == "rPh":
            self._aside = False
        elif kind == "si":
            # One character over the limit is kept, so that the cell which uses it can be named.
            self._buffer += unescape("".join(self._text))[: CELL_CHARS + 1].encode()
            self._ends.append(len(self._buffer))
            if len(self._ends) > CELLS:
                raise Refused("cells", limit=CELLS)


class DateStyles(Handler):
    """The style numbers that show a number as a date."""

    def __init__(self):
        self.indexes: set[str] = set()
        self._formats, self._in_cells, self._count = set(_BUILT_IN_DATES), False, 0

    def start(self, name: str, attrs: dict) -> None:
        kind = local(name)
        if kind == "numFmt" and _is_date(attrs.get("formatCode", "")):
            self._formats.add(_whole(attrs.get("numFmtId")))
        elif kind == "cellXfs":
            self._in_cells = True
        elif kind == "xf" and self._in_cells:
            if _whole(attrs.get("numFmtId")) in self._formats:
                self.indexes.add(str(self._count))
            self._count += 1

    def end(self, name: str) -> None:
        self._in_cells = self._in_cells and local(name) != "cellXfs"


def read_strings(archive: ZipFile, book: Workbook) -> SharedStrings:
    path = book.part("sharedStrings")
    return read_whole(Member(archive, path, STRINGS_BYTES), SharedStrings()) if path else SharedStrings()


def read_date_styles(archive: ZipFile, book: Workbook) -> set[str]:
    path = book.part("styles")
    return read_whole(Member(archive, path, PART_BYTES), DateStyles()).indexes if path else set()


class _Relations(Handler):
    def __init__(self, folder: str):
        self.found, self._folder = {}, folder

    def start(self, name: str, attrs: dict) -> None:
        if local(name) == "Relationship" and attrs.get("TargetMode") != "External":
            target = attrs.get("Target", "")
            path = target.lstrip("/") if target.startswith("/") else f"{self._folder}/{target}".lstrip("/")
            self.found[attrs.get("Id", "")] = (attrs.get("Type", "").rpartition("/")[2], path)


def _relations(archive: ZipFile, path: str, folder: str) -> dict[str, tuple[str, str]]:
    return read_whole(Member(archive, path, PART_BYTES), _Relations(folder)).found


def _check_directory(stream) -> None:
    """Count the entries before zipfile builds an object for each: a directory can hold a million."""
    entries, tail = 0, b""
    stream.seek(0)
    while piece := stream.read(1 << 20):
        entries += (tail + piece).count(b"PK\x01\x02")
        tail = piece[-3:]
    stream.seek(0)
    if entries > MEMBERS:
        raise Refused("too_large_inside")


def _is_date(code: str) -> bool:
    return bool(_DATE_LETTER.search(_NOT_FORMAT.sub("", code[:200])))


def _whole(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"[0-9]{1,6}", text) else -1
