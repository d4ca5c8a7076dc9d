"""Writers of table files: rows of text cells in, bytes out piece by piece, in constant memory.

A writer takes a target with `write` and `flush` that need not be seekable, such as a sealed file being made.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import xlsxwriter

from ..core.disk import make_folder
from ..core.spreadsheet import clean, csv_lines
from ..core.uploads import XLSX
from .models import FileFormat

ROWS_A_PART = 200_000
LINES_AT_ONCE = 500
BOM = b"\xef\xbb\xbf"
CSV, ZIP = "text/csv", "application/zip"
# Text stays text: a name is never a formula, an address never a link, a number never 1.1E+17.
AS_TEXT = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
Rows = Iterable[list[str]]


def content_type(file_format: FileFormat, expected: int) -> tuple[str, str]:
    """The media type and ending of a file with so many rows: large workbooks are split and come as a ZIP."""
    if file_format is FileFormat.CSV:
        return CSV, "csv"
    return (ZIP, "zip") if expected > ROWS_A_PART else (XLSX, "xlsx")


def write_csv(target: BinaryIO, heads: list[str], rows: Rows) -> None:
    """UTF-8 with a byte order mark, RFC 4180, no cell that a spreadsheet would run."""
    target.write(BOM)
    rows = chain([heads], rows)
    while some := list(islice(rows, LINES_AT_ONCE)):
        target.write(csv_lines(some).encode())


def write_xlsx(target: BinaryIO, heads: list[str], rows: Rows, folder: Path) -> None:
    """One workbook with one sheet of text cells; the plain sheet lies in a private folder until it is done."""
    with private_folder(folder) as own:
        book = xlsxwriter.Workbook(target, AS_TEXT | {"tmpdir": str(own)})
        try:
            sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
            sheet.freeze_panes(1, 0)
            sheet.set_column(0, len(heads) - 1, 16)
            for column, head in enumerate(heads):
                sheet.write_string(0, column, clean(head), bold)
            for number, row in enumerate(rows, 1):
                for column, cell in enumerate(row):
                    if cell:
                        sheet.write_string(number, column, clean(cell))
        finally:
            book.close()


def write_parts(target: BinaryIO, heads: list[str], rows: Rows, folder: Path) -> None:
    """Workbooks of at most 200,000 rows each, in a ZIP that is written straight through."""
    rows = iter(rows)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for number, first in enumerate(_begun(rows), 1):
            part = islice(chain([first], rows), ROWS_A_PART)
            with archive.open(f"{number:02}.xlsx", "w", force_zip64=True) as out:
                write_xlsx(out, heads, part, folder)


def _begun(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    """The first row of each part, while there is one."""
    while (first := next(rows, None)) is not None:
        yield first


@contextmanager
def private_folder(parent: Path) -> Iterator[Path]:
    """A folder that nobody else reads and that is gone when the block ends."""
    make_folder(parent)
    own = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield own
    finally:
        shutil.rmtree(own, ignore_errors=True)
