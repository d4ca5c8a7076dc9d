"""Streams the rows of a CSV file in UTF-8, UTF-16 or GB18030, separated by comma, semicolon or tab."""

import codecs
import csv
import io

from limits import CELL_CHARS, CELLS, COLUMNS, ROWS, Refused

_LINE_CHARS = COLUMNS * CELL_CHARS
_PIECE = 1 << 18


def read_csv(stream):
    """Yield one sheet without a name; all cells are texts."""
    encoding = _encoding(stream)
    stream.seek(0)
    lines = io.TextIOWrapper(stream, encoding=encoding, newline="")
    first = [line for line, _ in zip(_lines(lines), range(20), strict=False)]
    yield {"sheet": "", "date1904": False}
    csv.field_size_limit(CELL_CHARS)
    lines.seek(0)
    # The record's place, not the line's, is the row a person sees when the file is opened in a table program.
    rows = csv.reader(_lines(lines), delimiter=_delimiter(first), strict=False)
    yield from _records(rows)


def _records(rows):
    number = filled = cells = 0
    while True:
        number += 1
        try:
            record = next(rows, None)
        except csv.Error as fault:
            raise Refused("cell", limit=CELL_CHARS, cell=f"{number}") from fault
        if record is None:
            return
        if len(record) > COLUMNS and any(text.strip() for text in record[COLUMNS:]):
            raise Refused("columns", limit=COLUMNS, cell=f"{number}")
        record = [text if text.strip() else None for text in record[:COLUMNS]]
        if any(record):
            filled, cells = filled + 1, cells + len(record)
            if filled > ROWS:
                raise Refused("rows", limit=ROWS)
            if cells > CELLS:
                raise Refused("cells", limit=CELLS)
            yield [number, record]


def _lines(lines):
    """Lines of bounded length: one line of ten megabytes is no table."""
    number = 0
    while line := lines.readline(_LINE_CHARS):
        number += 1
        if len(line) >= _LINE_CHARS:
            raise Refused("line", row=number)
        if "\0" in line:
            raise Refused("nul", row=number)
        yield line


def _encoding(stream) -> str:
    start = stream.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ("utf-16",)
    else:
        candidates = ("utf-8-sig", "gb18030")
    for encoding in candidates:
        stream.seek(0)
        if _decodes(stream, encoding):
            return encoding
    raise Refused("encoding")


def _decodes(stream, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := stream.read(_PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _delimiter(lines: list[str]) -> str:
    """The separator that cuts the first lines most evenly; a title above the table has none."""
    return max(
        ",\t;，", key=lambda sign: sorted(line.count(sign) for line in lines)[len(lines) // 2] if lines else 0
    )
