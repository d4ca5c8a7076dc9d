"""Reads any file as rows of cells, in a small process of its own: a hostile one cannot grow a worker."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import IO, NamedTuple

from ..core.errors import Invalid
from ..core.i18n import _, lazy

FILE_BYTES = 50 << 20
SANDBOX = Path(__file__).parent / "sandbox"
# The child's own limit is CPU time; this one ends a child that hangs, however slowly its rows are taken.
WALL_SECONDS = 900
_LINE_BYTES = 4 << 20

_REFUSALS = {
    "archive": lazy("这是压缩包，请先解压，再上传其中的 .xlsx 或 .csv 文件"),
    "cell": lazy("单元格 %(cell)s 的内容超过 %(limit)s 个字；如果是 CSV，请检查引号是否成对"),
    "cells": lazy("单元格太多，最多 %(limit)s 个，请按月份拆成几个文件"),
    "columns": lazy("第 %(limit)s 列以后还有内容（%(cell)s），请删除多余的列后另存"),
    "corrupt": lazy("文件已损坏或没有传完，请用 Excel 或 WPS 打开后另存为 .xlsx，再上传"),
    "document": lazy("这是文字文档，请上传 .xlsx 或 .csv 表格"),
    "dtd": lazy("文件里有不安全的内容（DTD），没有读取；请把数据复制到新的表格后另存为 .xlsx"),
    "empty": lazy("文件是空的"),
    "encoding": lazy("文字编码无法识别，请另存为 .xlsx，或 UTF-8、GB18030 编码的 .csv"),
    "encrypted": lazy("文件有打开密码，请在 Excel 或 WPS 中取消密码后再上传"),
    "file": lazy("文件超过 %(limit)s MB，请按月份拆成几个文件"),
    "html": lazy("这个文件其实是网页，请用 Excel 或 WPS 打开后另存为 .xlsx"),
    "line": lazy("第 %(row)s 行太长，不像表格；请检查引号是否成对"),
    "macro": lazy("文件带有宏，请另存为不带宏的 .xlsx 后再上传"),
    "memory": lazy("文件展开后太大，没有读取；请把数据复制到新的表格后另存为 .xlsx"),
    "merges": lazy("合并单元格太多，最多 %(limit)s 处，请取消合并后再上传"),
    "not_workbook": lazy("压缩包里没有表格，请上传 .xlsx 或 .csv 文件"),
    "nul": lazy("第 %(row)s 行含有空字符，这不是文本表格；请另存为 .xlsx 后再上传"),
    "pdf": lazy("这是 PDF，请上传 .xlsx 或 .csv 表格"),
    "picture": lazy("这是图片，请上传 .xlsx 或 .csv 表格"),
    "rows": lazy("超过 %(limit)s 行，请按月份拆成几个文件"),
    "sheets": lazy("工作表太多，最多 %(limit)s 个"),
    "time": lazy("文件太复杂，读取超时；请把数据复制到新的表格后另存为 .xlsx"),
    "too_large_inside": lazy("文件展开后太大，没有读取；请把数据复制到新的表格后另存为 .xlsx"),
    "xls": lazy("这是旧版 .xls，请用 Excel 或 WPS 另存为 .xlsx 后再上传"),
}
_NOTES = {
    "hidden_sheet": lazy("工作表「%(sheet)s」是隐藏的，没有读取"),
    "blank_run": lazy("工作表「%(sheet)s」第 %(row)s 行以前是大片空行，之后的内容没有读取"),
}


class UnreadableFile(Invalid):
    """The file as a whole cannot be taken; the sentence says what to do with it and quotes nothing of it."""

    def __init__(self, sentence: str):
        super().__init__(sentence, errors={"file": [sentence]})


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet begins; `name` is empty for CSV."""

    name: str
    date1904: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was left out and that a person must be told."""

    text: str


class Row(NamedTuple):
    """One row that is not blank, with its number as shown in a table program; take cells by `cell`."""

    number: int
    cells: list

    def cell(self, column: int) -> "Cell | None":
        value = self.cells[column] if column < len(self.cells) else None
        if value is None:
            return None
        kind, text = ("t", value) if isinstance(value, str) else value
        return Cell(kind, text)


class Cell(NamedTuple):
    """`kind` is t (text), n (number), d (number shown as a date), f (formula, as text) or e (error)."""

    kind: str
    text: str


def read_file(source: bytes | Path) -> Iterator[Sheet | Note | Row]:
    """Every visible sheet with its rows, streamed.

    Limits: 50 MB, 200,000 rows, 100 columns, 5,000,000 cells, 2,000 characters in a cell. Raises
    UnreadableFile, also after rows have been given: store nothing before the end. Close it to stop early.
    """
    with _as_file(source) as file:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", str(SANDBOX)],
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
        )
        timer = Timer(WALL_SECONDS, child.kill)
        timer.daemon = True
        timer.start()
        try:
            yield from _items(child)
        finally:
            timer.cancel()
            child.kill()
            child.stdout.close()
            child.wait()


def column_letters(column: int) -> str:
    """0 → A, 26 → AA."""
    letters = ""
    while column >= 0:
        letters, column = chr(65 + column % 26) + letters, column // 26 - 1
    return letters


def _items(child: subprocess.Popen) -> Iterator[Sheet | Note | Row]:
    while line := child.stdout.readline(_LINE_BYTES):
        item = json.loads(line)
        if isinstance(item, list):
            yield Row(*item)
        elif "sheet" in item and "note" not in item:
            yield Sheet(item["sheet"], item["date1904"])
        elif "note" in item:
            yield Note(_(_NOTES[item.pop("note")].message, **item))
        elif "refused" in item:
            raise UnreadableFile(_(_REFUSALS[item.pop("refused")].message, **item))
        else:
            return
    # No last line: the kernel ended it (time, memory) or it fell over.
    raise UnreadableFile(str(_REFUSALS["time" if child.wait() < 0 else "memory"]))


def _as_file(source: bytes | Path) -> IO[bytes]:
    if isinstance(source, Path):
        return source.open("rb")
    if len(source) > FILE_BYTES:
        raise UnreadableFile(_(_REFUSALS["file"].message, limit=FILE_BYTES >> 20))
    # The ledger is full of people: where the system can, it is handed over in memory and never lies on a disk.
    if hasattr(os, "memfd_create"):
        file = os.fdopen(os.memfd_create("ledger"), "w+b")
    else:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    file.write(source)
    file.seek(0)
    return file


def _environment() -> dict[str, str]:
    """Only what an interpreter needs to start: the master key stays with us."""
    return {name: os.environ[name] for name in ("SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
