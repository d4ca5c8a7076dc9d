"""One cell, one value: numbers that Excel spoiled, phones, quantities, days, moments and doors as written."""

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rental_mgmt.imports.cells import (
    Unreadable,
    read_amount,
    read_count,
    read_id_text,
    read_name_text,
    read_phone,
    read_plain,
    read_text,
)
from rental_mgmt.imports.dates import BIRTH_SERIALS, Written, read_day, read_moment, read_written
from rental_mgmt.imports.doors import Door, read_door
from rental_mgmt.imports.reader import Cell, column_letters
from rental_mgmt.imports.unit_rows import read_bedrooms

TODAY = date(2026, 3, 10)


def text(value: str) -> Cell:
    return Cell("t", value)


def number(value: str, kind: str = "n") -> Cell:
    return Cell(kind, value)


# --- texts and numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("nothing", ["", "  ", "/", "-", "无", "N/A", "\u3000"])
def test_words_for_nothing_are_nothing(nothing):
    assert read_text(text(nothing)) == ""


def test_texts_lose_their_layout_and_keep_their_characters():
    assert read_text(text(" 东方\n新城\u200b ")) == "东方 新城"
    assert read_name_text(text("䶮𠮷·买买提\u200f")) == "䶮𠮷·买买提\u200f"
    assert read_plain(text("３栋 １２０３Ａ")) == "3栋1203A"


@pytest.mark.parametrize("kind", ["f", "e", "d"])
def test_formulas_error_values_and_strayed_dates_are_refused_with_the_remedy(kind):
    with pytest.raises(Unreadable):
        read_text(Cell(kind, "=A1" if kind == "f" else "#REF!"))


def test_a_csv_formula_is_refused_but_the_quoted_number_is_taken():
    with pytest.raises(Unreadable, match="公式"):
        read_text(text("=1+1"))
    assert read_id_text(text('="510104199003070015"')) == "510104199003070015"
    assert read_id_text(Cell("f", '="510104199003070015"')) == "510104199003070015"


@pytest.mark.parametrize("spoiled", ["5.10104199003071E+17", "510104199003071000", "5.1e17"])
def test_a_rounded_identity_number_is_refused_with_the_remedy(spoiled):
    with pytest.raises(Unreadable, match="单元格格式请设为文本"):
        read_id_text(number(spoiled))
    if "e" in spoiled.lower():
        with pytest.raises(Unreadable, match="单元格格式请设为文本"):
            read_id_text(text(spoiled))


def test_identity_numbers_are_texts():
    assert read_id_text(text(" 510104 19900307 001x ")) == "51010419900307001X"
    assert read_id_text(text("５１０１０４１９９００３０７００１５")) == "510104199003070015"
    assert read_id_text(number("12345678.0")) == "12345678"
    assert read_id_text(text("'510104199003070015")) == "510104199003070015"


@pytest.mark.parametrize(
    "written",
    [
        "13800138000",
        "138 0013 8000",
        "138-0013-8000",
        "+86 13800138000",
        "008613800138000",
        "１３８００１３８０００",
    ],
)
def test_mobiles_as_written(written):
    assert read_phone(text(written)) == "13800138000"


def test_phones_in_number_cells_two_in_a_cell_and_from_abroad():
    assert read_phone(number("1.3800138E10")) == "13800138000"
    assert read_phone(text("13800138000/13900139000")) == "13800138000"
    assert read_phone(text("+852 5123 4567")) == "+85251234567"
    assert read_phone(text("023-61234567")) == "02361234567"
    assert read_phone(None) == ""


@pytest.mark.parametrize("wrong", ["1380013800", "二三", "12345678901", "1" * 50])
def test_a_wrong_phone_is_refused(wrong):
    with pytest.raises(Unreadable, match="11 位"):
        read_phone(text(wrong))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("35㎡", 35),
        ("35.5 平方米", 35.5),
        ("约３５平", 35),
        ("35m²", 35),
        ("1,200", 1200),
        ("", None),
        ("三十", 30),
    ],
)
def test_quantities_with_their_units(written, value):
    assert read_amount(text(written), 0, 5000) == value


def test_quantities_out_of_range_or_not_whole():
    assert read_amount(number("35.199999999999996"), 0, 100) == 35.2
    assert read_count(text("两张"), 0, 50) == 2
    assert read_count(text("十二人"), 0, 50) == 12
    for wrong in (text("99999"), text("35-40"), text("x"), number("1e300"), text("2.5")):
        with pytest.raises(Unreadable):
            read_count(wrong, 0, 50)


@pytest.mark.parametrize(
    ("written", "rooms"), [("2室1厅", 2), ("两室一厅", 2), ("单间", 1), ("3", 3), ("", None)]
)
def test_bedrooms(written, rooms):
    assert read_bedrooms(text(written)) == rooms


@given(st.text(max_size=60), st.sampled_from("tnfed"))
def test_no_cell_breaks_a_reader(value, kind):
    if kind in "nd":
        value = "1e308"
    cell = Cell(kind, value)
    readers = (read_text, read_id_text, read_phone, read_written, read_bedrooms, read_name_text)
    for reader in (*readers, lambda c: read_amount(c, 0, 9), lambda c: read_day(c, TODAY)):
        try:
            reader(cell)
        except Unreadable as said:
            assert str(said)  # noqa: PT017 - either is right


# --- days and moments ---------------------------------------------------------------------------------------

WHOLE = Written(date(2026, 3, 5), at=time(14, 30))


@pytest.mark.parametrize(
    "written",
    [
        "2026年3月5日 14:30",
        "2026年03月05日14时30分",
        "2026-3-5 14:30",
        "2026-03-05T14:30:25",
        "2026/3/5 下午2:30",
        "2026.3.5 2:30 PM",
        "2026年3月5日（周四）14点半",
        "２０２６年３月５日　１４：３０",
        "20260305 1430",
        "202603051430",
        "26/3/5 14:30",
        " 2026 年 3 月 5 日 14 : 30 ",
    ],
)
def test_moments_as_written(written):
    assert read_written(text(written)) == WHOLE


@pytest.mark.parametrize(
    "written", ["2026年3月5日", "2026-03-05 00:00:00", "2026.3.5", "20260305", "2026年3月5号"]
)
def test_days_as_written(written):
    assert read_written(text(written)) == Written(date(2026, 3, 5))


@pytest.mark.parametrize("written", ["3/5 14:30", "3月5日14:30", "3-5 14:30", "03月05号 14点30分"])
def test_a_day_without_a_year_is_the_last_or_the_next_one(written):
    said = read_written(text(written))
    assert said == Written(month_day=(3, 5), at=time(14, 30))
    assert said.on(TODAY, before=True) == date(2026, 3, 5)
    assert said.on(date(2026, 2, 1), before=True) == date(2025, 3, 5)
    assert said.on(date(2026, 3, 1), before=False) == date(2026, 3, 5)
    assert read_written(text("2/29")).on(TODAY, before=True) == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("serial", "date1904", "said"),
    [
        ("46086", False, Written(date(2026, 3, 5))),
        ("46086.604166666664", False, WHOLE),
        ("44624.604166666664", True, WHOLE),
        ("20260305", False, Written(date(2026, 3, 5))),
        ("0.6041666666", False, Written(at=time(14, 30))),
    ],
)
def test_serials_of_both_date_systems(serial, date1904, said):
    assert read_written(number(serial), date1904) == said
    if serial != "20260305":
        assert read_written(number(serial, "d"), date1904) == said


@pytest.mark.parametrize(
    "wrong",
    [
        "昨天",
        "2026-02-30",
        "13/45",
        "3/5/26",
        "5/3/2026",
        "2026-3-5 25:00",
        "12/10/09",
        "3月",
        "2026年",
        "1",
        "14/30 12:00",
    ],
)
def test_what_is_no_moment_is_refused_with_an_example(wrong):
    with pytest.raises(Unreadable, match="2026-03-05"):
        read_written(text(wrong))


@pytest.mark.parametrize("wrong", ["3.5", "35", "1e300", "-1", "99999999"])
def test_numbers_that_are_no_days(wrong):
    with pytest.raises(Unreadable):
        read_written(number(wrong))


def test_still_here_long_term_and_births():
    assert read_moment(text("在住")) is None
    assert read_day(text("长期"), TODAY) == date.max
    assert read_day(number("32938", "d"), TODAY, False, BIRTH_SERIALS) == date(1990, 3, 6)
    with pytest.raises(Unreadable):
        read_day(number("32938", "d"), TODAY)


@given(st.dates(date(2010, 1, 1), date(2090, 1, 1)), st.integers(0, 1439))
def test_every_minute_survives_its_serial(day, minute):
    serial = (day - date(1899, 12, 30)).days + minute / 1440
    said = read_written(number(repr(serial)))
    assert (said.day, said.at or time(0)) == (day, time(minute // 60, minute % 60))


# --- doors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cells",
    [
        ("3栋", "2单元", "1203室"),
        ("三号楼", "二单元", "1203"),
        ("3", "2", "1203"),
        ("3幢", "2", "3-2-1203"),
        ("", "", "3-2-1203"),
        ("", "", "３栋２单元１２０３"),
        ("", "", "东方新城二期3号楼2单元12层1203室"),
        ("", "", "", "", "东方新城二期 3栋2单元 1203号"),
        ("03", "02", "1203"),
    ],
)
def test_one_door_however_it_is_written(cells):
    assert read_door(*cells) == Door("3", "2", "1203", 12)


def test_doors_without_entrance_with_letters_and_with_a_floor_of_their_own():
    assert read_door("A座", "", "1203A").key == ("A", "1203A")
    assert read_door("", "", "3-1203") == Door("3", "", "1203", 12)
    assert read_door("3栋", "", "02", "5层").floor == 5
    assert Door("3", "2", "1203").code == "2-1203"


@pytest.mark.parametrize(
    "cells", [("3栋", "", ""), ("3栋", "", "东边那间"), ("3栋", "", "5栋1203"), ("??", "", "1203")]
)
def test_no_door_two_doors_or_no_building_is_refused(cells):
    with pytest.raises(Unreadable):
        read_door(*cells)


def test_columns_are_named_as_table_programs_do():
    assert [column_letters(n) for n in (0, 25, 26, 99)] == ["A", "Z", "AA", "CV"]
