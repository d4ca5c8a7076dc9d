"""Any file at all: read as rows, or refused in a sentence, in bounded memory and time."""

import contextlib
import io
import json
import subprocess
import sys
import zipfile
from datetime import datetime

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rental_mgmt.imports import reader
from rental_mgmt.imports.reader import Note, Row, Sheet, UnreadableFile, read_file

from .files import MAIN, OFFICE, XML, sheet, text_row, xlsx, zipped

MEGABYTE = 1 << 20


def rows(data: bytes) -> list[list]:
    return [row.cells for row in read_file(data) if isinstance(row, Row)]


def refusal(data: bytes) -> str:
    with pytest.raises(UnreadableFile) as caught:
        list(read_file(data))
    return caught.value.message


# --- hostile files ------------------------------------------------------------------------------------------

LAUGHS = (
    f'{XML}<!DOCTYPE w [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("abcdefgh", "bcdefghi", strict=True))
    + f']><worksheet xmlns="{MAIN}"><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&i;</t></is></c></row>'
    "</sheetData></worksheet>"
)
UTF16_LAUGHS = LAUGHS.replace("UTF-8", "UTF-16").encode("utf-16")


def far_rows() -> bytes:
    """16 KB whose every row has one cell in XFD."""
    return xlsx(sheet("".join(f'<row r="{n}"><c r="XFD{n}"><v>1</v></c></row>' for n in range(1, 3001))))


def bomb() -> bytes:
    """130 KB that unpack to 50 MB of a million rows."""
    return xlsx(sheet('<row><c t="inlineStr"><is><t>1</t></is></c></row>' * 1_000_000))


def rows_without_end() -> bytes:
    return xlsx(sheet("".join(text_row(n, f"x{n * n}") for n in range(200_001))))


def wide_bomb() -> bytes:
    """A hundred KB, six million cells."""
    row = "<row>" + "<c><v>1</v></c>" * 100 + "</row>"
    return xlsx(sheet(row * 60_000))


def string_bomb() -> bytes:
    body = f'{XML}<sst xmlns="{MAIN}">' + "<si><t>" + "啊" * 10_000_000 + "</t></si></sst>"
    return xlsx(sheet('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'), **{"xl__sharedStrings.xml": body})


def many_members() -> bytes:
    return zipped({f"{n}": b"" for n in range(20_000)})


def encrypted_member() -> bytes:
    data = bytearray(xlsx())
    for signature, flag in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(signature)
        while at >= 0:
            data[at + flag] |= 1
            at = data.find(signature, at + 4)
    return bytes(data)


def lying_size() -> bytes:
    """Says of a sheet of 400 KB that it has ten bytes."""
    data = bytearray(xlsx(sheet("".join(text_row(n, "x" * 100) for n in range(1, 3001)))))
    at = data.rfind(b"PK\x01\x02", 0, data.rfind(b"xl/worksheets/sheet1.xml"))
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    return bytes(data)


def ole(marker: str = "") -> bytes:
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1024 + marker.encode("utf-16-le") + b"\0" * 2048


HOSTILE = {
    "zip bomb": (bomb, "展开后太大"),
    "wide zip bomb": (wide_bomb, "展开后太大"),
    "one string of 30 MB": (string_bomb, "展开后太大"),
    "cells in column XFD": (far_rows, "第 100 列以后还有内容（XFD1）"),
    "billion laughs": (lambda: xlsx(LAUGHS), "DTD"),
    "billion laughs in UTF-16": (lambda: xlsx(UTF16_LAUGHS), "DTD"),
    "a DTD in the workbook part": (
        lambda: xlsx(**{"xl__workbook.xml": f"{XML}<!DOCTYPE a><workbook/>"}),
        "DTD",
    ),
    "a file from outside": (
        lambda: xlsx(LAUGHS.replace('a "ha"', 'a SYSTEM "file:///etc/passwd"')),
        "DTD",
    ),
    "truncated": (lambda: xlsx()[:-200], "损坏"),
    "cut in the middle": (lambda: xlsx(sheet(text_row(1, "a" * 1000) * 100))[:700], "损坏"),
    "broken inside": (lambda: xlsx(sheet("<row><c>")), "损坏"),
    "no sheet behind the name": (lambda: xlsx(**{"xl__worksheets__sheet1.xml": None}), "损坏"),
    "a zip without a table": (lambda: zipped({"a.txt": "x"}), "损坏"),
    "macros": (lambda: xlsx(**{"xl__vbaProject.bin": b"\0"}), "宏"),
    "encrypted zip": (encrypted_member, "密码"),
    "a lying size": (lying_size, "损坏"),
    "encrypted OLE": (lambda: ole("EncryptedPackage"), "密码"),
    "old xls": (lambda: ole("Workbook"), ".xls"),
    "20,000 members": (many_members, "太大"),
    "CSV with NUL": (lambda: "姓名,房号\na\0b,1\n".encode(), "第 2 行含有空字符"),
    "a line of ten megabytes": (lambda: b"a,b\n" + b"x" * 10 * MEGABYTE, "第 2 行太长"),
    "an open quote": (lambda: b'a,b\n"' + b"x,1\n" * 5000, "单元格 2 "),
    "a cell of 2,001 characters": (
        lambda: xlsx(sheet(text_row(7, "x", "啊" * 2001))),
        "单元格 B7 的内容超过 2000",
    ),
    "101 columns": (lambda: b",".join([b"x"] * 101) + b"\n", "第 100 列以后"),
    "200,001 rows of XLSX": (
        lambda: xlsx(sheet("".join(text_row(n, "x") for n in range(200_001)))),
        "超过 200000 行",
    ),
    "200,001 rows": (lambda: b"1,2\n" * 200_001, "超过 200000 行"),
    "neither UTF-8 nor GB18030": (lambda: b"\xff\xff\xfe\x80\x80,1\n", "编码"),
    "PDF": (lambda: b"%PDF-1.7", "PDF"),
    "a photo": (lambda: b"\xff\xd8\xff\xe0\0\0", "图片"),
    "a web page named xls": (lambda: b"<html><table><tr><td>1</td></tr></table></html>", "网页"),
    "empty": (lambda: b"", "空的"),
    "a tag of megabytes": (lambda: xlsx(sheet(f'<row x="{"a" * 3 * MEGABYTE}"/>')), "损坏"),
    "51 MB": (lambda: b"1,2\n" * (51 * MEGABYTE // 4), "超过 50 MB"),
    "row number of 5,000 digits": (lambda: xlsx(sheet(f'<row r="{"9" * 5000}"><c><v>1</v></c></row>')), "损坏"),
    "an index beyond the strings": (lambda: xlsx(sheet('<row><c t="s"><v>9</v></c></row>')), "损坏"),
}


@pytest.fixture(scope="module")
def measured(tmp_path_factory) -> dict[str, list]:
    """Each hostile file → what was said, seconds, MB of the reading process, MB of its children."""
    folder = tmp_path_factory.mktemp("hostile")
    paths = []
    for number, (make, _words) in enumerate(HOSTILE.values()):
        paths.append(folder / str(number))
        paths[-1].write_bytes(make())
    run = [sys.executable, "-m", "tests.imports.measure", *map(str, paths)]
    lines = subprocess.run(run, capture_output=True, check=True, text=True).stdout.splitlines()
    return dict(zip(HOSTILE, map(json.loads, lines), strict=True))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_words_in_bounded_memory_and_time(name, measured):
    said, seconds, parent, child = measured[name]
    assert HOSTILE[name][1] in said
    assert seconds < 5
    assert parent < 256
    assert child < 256


CHILD = """
import runpy, sys
sandbox = runpy.run_path({path!r}, run_name="sandbox")
sandbox["_limit"].__globals__["CPU_SECONDS"] = 1
sandbox["_limit"]()
{deed}
"""


@pytest.mark.parametrize(
    ("deed", "words"), [("bytearray(1 << 30)", "展开后太大"), ("while True: pass", "读取超时")]
)
def test_a_child_that_takes_too_much_is_ended(deed, words, tmp_path, monkeypatch):
    """Whatever a file may find in the parser, the kernel holds the limits."""
    script = CHILD.format(path=str(reader.SANDBOX / "__main__.py"), deed=deed)
    (tmp_path / "__main__.py").write_text(f"import sys\nsys.path.insert(0, {str(reader.SANDBOX)!r})\n{script}")
    monkeypatch.setattr(reader, "SANDBOX", tmp_path)
    assert words in refusal(b"1,2")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2000), st.binary(min_size=1, max_size=40))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(at, noise):
    data = bytearray(xlsx(sheet(text_row(1, "房号", "姓名") + text_row(2, "1203", "王伟"))))
    at %= len(data)
    data[at : at + len(noise)] = noise
    with contextlib.suppress(UnreadableFile):
        list(read_file(bytes(data)))


def test_a_reader_that_stops_early_leaves_no_process_behind():
    items = read_file(b"1,2\n" * 100_000)
    assert isinstance(next(items), Sheet)
    next(items)
    items.close()


def test_the_child_cannot_see_our_settings_and_leaves_no_copy(monkeypatch, tmp_path):
    monkeypatch.setenv("MASTER_KEY", "secret")
    assert "MASTER_KEY" not in reader._environment()
    assert rows("房号\n1203\n".encode()) == [["房号"], ["1203"]]


# --- what people keep ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_csv_in_every_encoding_with_rare_characters(encoding, separator):
    text = "\r\n".join(
        separator.join(row) for row in (["姓名", "房号"], ["䶮𠮷", "3-1203"], [], ['"a""b"', " "])
    )
    assert rows(text.encode(encoding)) == [["姓名", "房号"], ["䶮𠮷", "3-1203"], ['a"b', None]]


def test_blank_lines_of_a_csv_count_as_rows():
    assert [r.number for r in read_file(b"a\n\n\nb\n") if isinstance(r, Row)] == [1, 4]


def test_formulas_are_text_and_are_not_evaluated():
    cells = '<c r="A1"><f>1+1</f><v>2</v></c><c r="B1"><v>2</v></c><c r="C1" t="e"><v>#REF!</v></c>'
    assert rows(xlsx(sheet(f'<row r="1">{cells}</row>'))) == [[["f", "=1+1"], ["n", "2"], ["e", "#REF!"]]]


def test_the_size_a_sheet_claims_is_ignored():
    claim = sheet(text_row(3, "x")).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    assert rows(xlsx(claim)) == [["x"]]


def test_a_cell_merged_downwards_belongs_to_all_its_rows():
    merged = '<mergeCells count="1"><mergeCell ref="A2:A4"/></mergeCells>'
    body = text_row(1, "房号", "姓名") + text_row(2, "1203", "a")
    body += '<row r="3"><c r="B3" t="inlineStr"><is><t>b</t></is></c></row><row r="4"/><row r="5">'
    body += '<c r="B5" t="inlineStr"><is><t>c</t></is></c></row>'
    assert rows(xlsx(sheet(body, merged))) == [["房号", "姓名"], ["1203", "a"], ["1203", "b"], [None, "c"]]


def test_borders_down_to_the_last_row_end_the_table_with_a_note():
    blank = "".join(f'<row r="{n}"><c r="A{n}" s="1"/></row>' for n in range(3, 30_000))
    items = list(read_file(xlsx(sheet(text_row(1, "x") + text_row(2, "y") + blank))))
    assert [item.cells for item in items if isinstance(item, Row)] == [["x"], ["y"]]
    assert any(isinstance(item, Note) and "空行" in item.text for item in items)


def test_hidden_sheets_are_left_out_and_said():
    book = openpyxl.Workbook()
    book.active.append(["x"])
    book.create_sheet("字典").append(["y"])
    book["字典"].sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    items = list(read_file(file.getvalue()))
    assert [type(item) for item in items] == [Note, Sheet, Row]
    assert "字典" in items[0].text


def test_strict_names_and_prefixes_read_the_same():
    prefixed = sheet(text_row(1, "房号")).replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?")
    prefixed = prefixed.replace("xmlns=", "xmlns:x=")
    assert rows(xlsx(prefixed)) == [["房号"]]


def test_a_date_is_told_from_a_number_by_its_style():
    book = openpyxl.Workbook()
    book.active.append([datetime(2026, 3, 5, 14, 30), 46086.5, "文字", True])  # noqa: DTZ001
    book.active["B1"].number_format = "yyyy年m月d日"
    file = io.BytesIO()
    book.save(file)
    [[first, second, third, fourth]] = rows(file.getvalue())
    assert (first[0], second, third, fourth) == ("d", ["d", "46086.5"], "文字", "1")


values = st.one_of(
    st.none(),
    st.integers(-(10**14), 10**14),
    st.text(
        st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
        min_size=1,
        max_size=30,
    ),
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(values, min_size=1, max_size=6), min_size=1, max_size=8))
def test_it_reads_what_openpyxl_reads(table):
    book = openpyxl.Workbook()
    for row in table:
        book.active.append(row)
        for cell in book.active[book.active.max_row]:
            if isinstance(cell.value, str):
                cell.data_type = "s"
    file = io.BytesIO()
    book.save(file)
    theirs = list(openpyxl.load_workbook(file, read_only=True).active.iter_rows(values_only=True))
    ours = {row.number: row.cells for row in read_file(file.getvalue()) if isinstance(row, Row)}
    for number, row in enumerate(theirs, 1):
        mine = ours.get(number, [])
        for column, value in enumerate(row):
            cell = mine[column] if column < len(mine) else None
            assert _plain(cell) == (None if value is None or not str(value).strip() else str(value))


def _plain(cell):
    return cell if cell is None or isinstance(cell, str) else cell[1]


def test_several_sheets_come_in_order():
    book = openpyxl.Workbook()
    book.active.title = "房源"
    book.active.append(["a"])
    book.create_sheet("入住").append(["b"])
    file = io.BytesIO()
    book.save(file)
    assert [item.name for item in read_file(file.getvalue()) if isinstance(item, Sheet)] == ["房源", "入住"]


def test_a_zip_of_another_kind_is_no_table():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("_rels/.rels", f'<Relationships xmlns="{OFFICE}"/>')
    assert "没有表格" in refusal(file.getvalue())
