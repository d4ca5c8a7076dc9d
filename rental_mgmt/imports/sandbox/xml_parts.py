"""Reads one XML member of a workbook piece by piece, with no DTD, no entities and a limit on everything."""

import re
import zlib
from pyexpat import ExpatError, ParserCreate
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from limits import RATIO, RATIO_FREE_BYTES, TOKEN_BYTES, Refused

_PIECE = 1 << 16
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


class Handler:
    """What is done with the elements of one member; set `done` to stop reading early."""

    done = False

    def start(self, name: str, attrs: dict) -> None:
        pass

    def end(self, name: str) -> None:
        pass

    def text(self, data: str) -> None:
        pass


class Member:
    """The unpacked bytes of one member. The sizes a zip declares are claims, so what comes out is counted."""

    def __init__(self, archive: ZipFile, path: str, limit: int):
        try:
            info = archive.getinfo(path)
            self._stream = archive.open(info)
        except (KeyError, BadZipFile, NotImplementedError, RuntimeError, OSError) as fault:
            raise Refused("corrupt") from fault
        if info.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise Refused("corrupt")
        self._left = min(limit, max(RATIO_FREE_BYTES, RATIO * info.compress_size))

    def read(self) -> bytes:
        """The next bytes; b"" at the end."""
        try:
            piece = self._stream.read(_PIECE)
        except (BadZipFile, zlib.error, EOFError) as fault:
            raise Refused("corrupt") from fault
        self._left -= len(piece)
        if self._left < 0:
            raise Refused("too_large_inside")
        return piece


def feed(member: Member, handler: Handler):
    """Drive the handler through the member; yields after every piece, so that rows can be passed on."""
    parser = _parser(handler)
    fed = 0
    try:
        while not handler.done and (piece := member.read()):
            fed += len(piece)
            parser.Parse(piece)
            # A single tag of megabytes is read again with every piece, in quadratic time.
            if fed - parser.CurrentByteIndex > TOKEN_BYTES:
                raise Refused("corrupt")
            yield
        if not handler.done:
            parser.Parse(b"", True)
    except (ExpatError, ValueError) as fault:
        raise Refused("corrupt") from fault
    yield


def read_whole(member: Member, handler: Handler) -> Handler:
    for _ in feed(member, handler):
        pass
    return handler


def local(name: str) -> str:
    """The name without its namespace prefix: strict and transitional files differ in nothing we read."""
    return name.rpartition(":")[2] if ":" in name else name


def unescape(text: str) -> str:
    """Undo Excel's `_x000D_`; anything that would become a surrogate stays as it stands."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(found: re.Match) -> str:
    point = int(found[1], 16)
    return found[0] if 0xD800 <= point <= 0xDFFF else chr(point)


def _parser(handler: Handler):
    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    return parser


def _refuse(*_):
    raise Refused("dtd")
