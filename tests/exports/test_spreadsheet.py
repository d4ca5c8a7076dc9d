"""Text for other people's spreadsheets."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rental_mgmt.core.spreadsheet import clean, csv_lines, inert, inert_row

STARTS = "=+-@\t\r\n\0＝＋－＠"


@pytest.mark.parametrize("start", STARTS)
def test_a_cell_that_begins_like_a_formula_is_inert(start):
    assert inert(f"{start}1").startswith("'")
    assert inert(f" {start}1").startswith("'") or start.isspace()


@pytest.mark.parametrize("text", ["", "张三", "阿依古丽·买买提", "𠮷田䶮", "1-1", "a=b", "'x"])
def test_other_cells_stay_as_they_are(text):
    assert inert(text) == text


@given(st.text())
def test_any_text_is_written_and_read_again(text):
    (row,) = csv.reader(io.StringIO(csv_lines([[text, "x"]]), newline=""), strict=True)
    assert row == [inert(text), "x"]
    assert not row[0][:1] or row[0][0] not in STARTS
    clean(text).encode()


@given(
    st.lists(st.text(alphabet=st.sampled_from(" \u3000\x1f\x1c\t\n=＝-@a张\0\ud800"), max_size=5), max_size=5)
)
def test_a_row_is_as_inert_as_its_cells(cells):
    assert list(inert_row(cells)) == [inert(cell) for cell in cells]


def test_what_a_file_cannot_hold_is_shown_as_replaced():
    assert clean("a\0b\x0b\ud800\uffff") == "a�b��" + "�"
