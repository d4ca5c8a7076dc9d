"""Writes the demo ledger as a property office keeps it: titles, an odd order of columns, days in several hands.

`python -m rental_mgmt.demo.ledger` writes the shipped file anew; the same code makes a copy that ends today.
"""

import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import xlsxwriter

from .compound import COMPOUND, LedgerUnit, units
from .oddities import plant, spoil
from .people import Guest, names
from .stays import DAYS, LAST_DAY, Book, LedgerStay, fill_with_rhythm

SHIPPED = Path(__file__).with_name("dongfang_xincheng.xlsx")
_MOMENTS = {"入住时间", "预离时间", "退房时间", "登记时间"}
# The same bytes every time: a workbook carries the day it was made.
_MADE_AT = datetime(2026, 11, 1, 9)  # noqa: DTZ001 - xlsxwriter knows no zones


def shifted_copy(today: date) -> bytes:
    """The ledger with every day moved so that its last one is `today`; children keep their ages."""
    return write_ledger(today)


@cache
def stays(last_day: date = LAST_DAY) -> tuple[LedgerStay, ...]:
    """All stays of the ledger in the order of arrival."""
    book = Book(last_day)
    plant(book)
    fill_with_rhythm(book)
    spoil(book)
    return tuple(sorted(book.stays, key=lambda stay: (stay.arrived, stay.unit.building, stay.unit.door)))


def write_ledger(last_day: date) -> bytes:
    """The workbook with its sheets 房源 and 入住."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"title": f"{COMPOUND}网约房台账", "created": _MADE_AT})
    pen = Pen.of(book)
    _write_units(book.add_worksheet("房源"), pen, last_day)
    _write_stays(book.add_worksheet("入住"), pen, last_day)
    book.close()
    return file.getvalue()


@dataclass
class Pen:
    """The looks of a cell."""

    title: object
    head: object
    text: object
    moment: object

    @classmethod
    def of(cls, book: xlsxwriter.Workbook) -> "Pen":
        return cls(
            title=book.add_format({"bold": True, "font_size": 16, "align": "center"}),
            head=book.add_format({"bold": True, "border": 1, "text_wrap": True, "bg_color": "#DDE8E0"}),
            text=book.add_format({"num_format": "@"}),
            moment=book.add_format({"num_format": "yyyy/m/d h:mm"}),
        )


def _write_units(sheet, pen: Pen, last_day: date) -> None:
    width = len(names()["unit_columns"]) - 1
    sheet.merge_range(0, 0, 0, width, f"{COMPOUND}网约房房源台账", pen.title)
    sheet.merge_range(1, 0, 1, width, f"填报单位：{COMPOUND}物业服务中心    填报日期：{last_day:%Y年%m月%d日}")
    sheet.write_row(2, 0, names()["unit_columns"], pen.head)
    for number, unit in enumerate(units()):
        sheet.write_formula(3 + number, 0, "=ROW()-3", value=number + 1)
        for column, value in enumerate(_unit_cells(number, unit), 1):
            _write(sheet, 3 + number, column, value, pen)
    sheet.write(3 + len(units()), 0, f"合计：{len(units())} 套")


def _unit_cells(number: int, unit: LedgerUnit) -> list:
    landlord = unit.landlord
    phone = landlord.phone.replace("-", "") if number % 4 else landlord.phone
    return [
        *(landlord.name, int(phone) if number % 11 == 0 and phone.isdigit() else phone),
        f"{unit.door}室" if number % 9 == 0 else unit.door,
        unit.building,
        unit.entrance,
        f"{unit.area}㎡" if number % 13 == 5 else unit.area,
        unit.layout,
        f"{unit.beds}张" if number % 17 == 3 else unit.beds,
        unit.declared,
        *(unit.platforms, landlord.role, landlord.contact, landlord.phone, unit.grid, ""),
    ]


def _write_stays(sheet, pen: Pen, last_day: date) -> None:
    columns, first = names()["stay_columns"], last_day - timedelta(days=DAYS - 1)
    title = f"{COMPOUND}住客入住登记台账（{first:%Y年}{first.month}月—{last_day:%Y年}{last_day.month}月）"
    sheet.merge_range(0, 0, 0, len(columns) - 1, title, pen.title)
    sheet.write_row(1, 0, columns, pen.head)
    sheet.set_column(1, len(columns) - 1, 14)
    row = 2
    for number, stay in enumerate(stays(last_day), 1):
        for place in range(len(stay.party)):
            _write(sheet, row, 0, row - 1, pen)
            for name, value in _stay_cells(number, stay, place).items():
                _write(sheet, row, columns.index(name), _as_kept(name, value, stay, row), pen)
            row += 1


def _stay_cells(number: int, stay: LedgerStay, place: int) -> dict:
    guest, relation = stay.party[place]
    guardian = stay.guardian if relation in ("子女",) or "minors_alone" in stay.oddness else None
    return {
        "入住时间": stay.arrived,
        "预离时间": stay.planned,
        "退房时间": stay.left,
        "登记时间": stay.recorded,
        "楼栋": stay.unit.building,
        "单元": stay.unit.entrance,
        "房号": stay.unit.door,
        "住客姓名": guest.name,
        "性别": guest.sex,
        "证件类型": guest.paper,
        "国籍": guest.nationality,
        "证件号码": _spaced(guest) if number % 997 == 3 else guest.number,
        "有效期至": _until(guest),
        "联系电话": guest.phone,
        "同住人关系": relation,
        "来源平台": stay.platform,
        "监护人": guardian.name if guardian else "",
        "监护人电话": guardian.phone if guardian else "",
        "登记单号": f"DF{number:05}",
        "备注": names()["remarks"][number % len(names()["remarks"])],
    }


def _as_kept(name: str, value, stay: LedgerStay, row: int):
    """Most write days as Excel wants them; some have a hand of their own."""
    if name not in _MOMENTS or value is None or not stay.unit.landlord.writes_badly:
        return value
    hand = row % 4
    if hand == 0:
        return f"{value.year}年{value.month}月{value.day}日 {value:%H:%M}"
    if hand == 1:
        return f"{value.month}/{value.day} {value:%H:%M}"
    return f"{value.year}.{value.month}.{value.day} {value.hour}点{value.minute:02}分" if hand == 2 else value


def _spaced(guest: Guest) -> str:
    return f"{guest.number[:6]} {guest.number[6:14]} {guest.number[14:]}"


def _until(guest: Guest) -> str:
    if guest.valid_until is None:
        return ""
    return "长期" if guest.valid_until == date.max else f"{guest.valid_until:%Y.%m.%d}"


def _write(sheet, row: int, column: int, value, pen: Pen) -> None:
    if isinstance(value, datetime):
        sheet.write_datetime(row, column, value, pen.moment)
    elif isinstance(value, int):
        sheet.write_number(row, column, value)
    elif value:
        sheet.write_string(row, column, value, pen.text)


if __name__ == "__main__":
    SHIPPED.write_bytes(write_ledger(LAST_DAY))
