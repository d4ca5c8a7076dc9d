"""Text that is safe in anybody's spreadsheet: nothing is run as a formula, nothing breaks the file."""

import csv
import io
import re
from collections.abc import Iterable, Sequence

# What XML cannot hold, half characters, and what the tables on screen cannot show.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Excel, WPS and LibreOffice run a cell that begins so, also in full-width (ASVS 1.2.10).
_RUNS = frozenset("=+-@\t\r\n\0＝＋－＠")
# The same for a whole row joined by a character that no clean cell holds: one look for the many plain rows.
_BETWEEN = "\x1f"
_NOT_PLAIN = re.compile(
    f"(?:^|{_BETWEEN})[^\\S{_BETWEEN}]*[{re.escape(''.join(_RUNS))}]"
    "|[\x00-\x08\x0b\x0c\x0e-\x1e\x7f\ud800-\udfff\ufffe\uffff]"
)
REPLACEMENT = "\ufffd"


def clean(text: str) -> str:
    """The text with every character a file cannot hold shown as �; others stay as they are."""
    return text if text.isprintable() else _UNWRITABLE.sub(REPLACEMENT, text)


def inert(text: str) -> str:
    """A CSV cell that no program runs: what begins like a formula gets an apostrophe in front."""
    # Some programs pass over spaces first.
    runs = not _RUNS.isdisjoint((text[:1], text.lstrip()[:1]))
    text = clean(text)
    return f"'{text}" if runs else text


def inert_row(cells: Sequence[str]) -> Sequence[str]:
    """A row of inert cells; most rows are plain and are given back as they are."""
    joined = _BETWEEN.join(cells)
    if _NOT_PLAIN.search(joined) is None and joined.count(_BETWEEN) == len(cells) - 1:
        return cells
    return [inert(cell) for cell in cells]


def csv_lines(rows: Iterable[Sequence[str]]) -> str:
    """Rows of inert cells as RFC 4180 lines, ended by CR LF."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows(map(inert_row, rows))
    return out.getvalue()
