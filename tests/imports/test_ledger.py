"""A ledger as people keep it: columns in any order under titles, typed rows, and every problem by its cell."""

import csv
import io
from datetime import UTC, date, datetime, time

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rental_mgmt.core import clock
from rental_mgmt.imports.columns import SheetKind, headers_of
from rental_mgmt.imports.guest_rows import StayGuestRow
from rental_mgmt.imports.headers import read_header
from rental_mgmt.imports.ledger import SheetReport, read_ledger
from rental_mgmt.imports.reader import Row, UnreadableFile
from rental_mgmt.imports.rows import Level
from rental_mgmt.imports.unit_rows import UnitRow
from rental_mgmt.stays.identity import DocumentKind, DocumentState, Sex
from rental_mgmt.stays.models import Relation
from rental_mgmt.units.models import PartyRoleKind

from ..support.people import id_number

NOW = clock.local_time(date(2026, 3, 10), time(9))
BORN = date(1990, 3, 7)
GOOD = id_number("510100", BORN, "male", 7)
WRONG = GOOD[:17] + ("1" if GOOD[17] == "0" else "0")


def read(*rows: list[str]) -> list:
    file = io.StringIO()
    csv.writer(file).writerows(rows)
    return list(read_ledger(file.getvalue().encode(), NOW))


def guest(**cells: str) -> StayGuestRow:
    """One row of stays, past and without fault but for what is given."""
    good = {
        "房号": "3-1203",
        "住客姓名": "王伟",
        "证件号码": GOOD,
        "入住时间": "2026-3-1 15:00",
        "离店时间": "2026-3-2 11:00",
    }
    row = {name: value for name, value in (good | cells).items() if value is not None}
    return read(list(row), list(row.values()))[-1]


def unit(**cells: str) -> UnitRow:
    good = {"楼栋": "3栋", "房号": "1203", "面积": "35㎡", "户主": "王伟", "联系电话": "13800138000"}
    row = good | cells
    return read(list(row), list(row.values()))[-1]


def said(item) -> list[tuple[str, str]]:
    return [(problem.cell, problem.level.value) for problem in item.problems]


def local(*at: int) -> datetime:
    return datetime(*at, tzinfo=clock.LOCAL).astimezone(UTC)


# --- headers ------------------------------------------------------------------------------------------------

UNIT_HEADERS = {
    "compound": ["小区"],
    "building": ["楼栋", "楼 号", "栋", "幢"],
    "entrance": ["单元", "单元号"],
    "floor": ["楼层"],
    "door": ["房号", "门牌", "室", "房间号"],
    "area": ["面积（㎡）", "建筑面积\n(平方米)"],
    "bedrooms": ["户型"],
    "beds": ["床位", "床位数"],
    "declared_capacity": ["核定人数", "*可住人数"],
    "landlord_name": ["房东姓名", "经营者", "二房东"],
    "landlord_phone": ["联系电话", "房东电话", "手机"],
    "landlord_role": ["经营类型"],
    "owner_name": ["户主", "产权人", "业主姓名"],
    "safety_contact_name": ["治安责任人"],
    "platform": ["平台", "发布平台"],
}
STAY_HEADERS = {
    "building": ["楼栋"],
    "entrance": ["单元"],
    "door": ["房号", "房间"],
    "guest_name": ["住客姓名", "姓名", "入住人", "客人 姓名"],
    "document_kind": ["证件类型"],
    "id_number": ["证件号码", "身份证号", "*身份证号码（18位）"],
    "nationality": ["国籍", "国家/地区"],
    "arrived_at": ["入住时间", "入住日期", "入住"],
    "left_at": ["离店", "退房时间", "离店日期"],
    "planned_out_at": ["预离时间", "预计离店"],
    "relation": ["同住人关系"],
    "phone": ["联系电话", "住客手机号"],
    "guardian_name": ["监护人"],
    "guardian_phone": ["监护人电话"],
    "recorded_at": ["登记时间"],
}


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(SheetKind))
def test_columns_are_understood_in_any_order_and_by_any_of_their_names(data, kind):
    table = UNIT_HEADERS if kind is SheetKind.UNITS else STAY_HEADERS
    fields = data.draw(st.permutations(sorted(table)))
    names = [data.draw(st.sampled_from(table[name])) for name in fields]
    names.insert(data.draw(st.integers(0, len(names))), "备注")
    fields.insert(names.index("备注"), None)
    header = read_header(Row(4, names), kind)
    assert header.columns == {name: column for column, name in enumerate(fields) if name}
    assert [text for _column, text in header.ignored] == ["备注"]
    assert header.missing == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_shuffled_ledger_says_the_same(data):
    rows = [
        ["房号", "姓名", "身份证号", "入住时间", "离店时间", "备注"],
        ["3-1203", "王伟", GOOD, "2026-3-1 15:00", "2026-3-2 11:00", "x"],
    ]
    order = data.draw(st.permutations(range(6)))
    titles = data.draw(
        st.lists(st.sampled_from(["东方新城二期入住登记台账", "2026年3月", "填表人：李"]), max_size=4)
    )
    shuffled = read(*([title] for title in titles), *([row[i] for i in order] for row in rows))[-1]
    plain = guest()
    for name in ("door", "name", "paper", "arrived_at", "left_at"):
        assert getattr(shuffled, name) == getattr(plain, name)


def test_a_sheet_says_what_it_understood_ignored_and_did_not_find():
    report = read(["台账"], ["房号", "姓名", "入住时间", "备注"])[0]
    assert (report.kind, report.header_row, report.problem) == (SheetKind.STAYS, 2, None)
    assert report.understood == [
        ("A", "房号", "房号"),
        ("B", "姓名", "住客姓名"),
        ("C", "入住时间", "入住时间"),
    ]
    assert report.ignored == [("D", "备注")]
    assert "证件号码" in report.absent
    assert "房号" not in report.absent


def test_a_stays_sheet_without_arrivals_is_refused_as_a_whole():
    [report] = read(["房号", "姓名", "证件号码", "国籍"], ["3-1203", "王伟", GOOD, ""])
    assert report.problem.level is Level.ERROR
    assert "入住时间" in report.problem.words


def test_a_file_without_any_known_table_is_refused():
    with pytest.raises(UnreadableFile, match="没有找到表头"):
        read(["a", "b"], ["1", "2"])


def test_a_lone_phone_is_the_landlords_and_two_belong_to_the_names_before_them():
    assert unit().landlord_phone == "13800138000"
    rows = [
        ["房号", "户主", "电话", "治安责任人", "电话"],
        ["1203", "王伟", "13800138000", "李娟", "13900139000"],
    ]
    both = read(*rows)[-1]
    assert (both.landlord_phone, both.safety_contact_phone) == ("13800138000", "13900139000")


def test_a_day_and_a_time_in_two_columns_are_one_moment():
    row = guest(入住日期="2026-3-1", 入住时间="15:20")
    assert row.arrived_at == local(2026, 3, 1, 15, 20)


def test_headers_repeated_on_every_page_and_sums_are_skipped():
    head, row = ["房号", "姓名", "入住时间", "离店时间"], ["3-1203", "王伟", "2026-3-1", "2026-3-2"]
    items = read(head, row, ["合计", "1"], head, ["3-1204", *row[1:]], ["填表人：王"])
    assert [type(item) for item in items] == [SheetReport, StayGuestRow, StayGuestRow]
    assert (items[0].rows, items[0].skipped) == (2, 3)


def test_two_sheets_and_a_strange_one():
    book = openpyxl.Workbook()
    book.active.append(["说明"])
    book.create_sheet("房源").append(["房号", "面积", "床位"])
    book["房源"].append(["1203", 35, 2])
    stays = book.create_sheet("入住")
    stays.append(["一房多人", None, None])
    stays.append(["房号", "姓名", "入住时间"])
    stays.append(["1203", "王伟", datetime(2026, 3, 1, 15)])  # noqa: DTZ001
    stays.append([None, "李娟", datetime(2026, 3, 1, 15)])  # noqa: DTZ001
    stays.merge_cells("A3:A4")
    file = io.BytesIO()
    book.save(file)
    items = list(read_ledger(file.getvalue(), NOW))
    assert [type(item) for item in items] == [
        SheetReport,
        SheetReport,
        UnitRow,
        SheetReport,
        StayGuestRow,
        StayGuestRow,
    ]
    assert items[0].kind is None
    assert items[4].stay_key == items[5].stay_key


def test_every_header_means_one_thing():
    for kind in SheetKind:
        assert len(headers_of(kind)) > 80


# --- units --------------------------------------------------------------------------------------------------


def test_a_unit_in_full():
    row = unit(
        床位="2张", 核定人数="四人", 户型="2室1厅", 平台="途家/美团", 经营类型="二房东", 安全责任人="李娟"
    )
    assert (row.door.key, row.door.floor, row.area, row.beds) == (("3", "1203"), 12, 35, 2)
    assert (row.declared_capacity, row.bedrooms, row.platforms) == (4, 2, ("途家", "美团"))
    assert (row.landlord_name, row.landlord_role) == ("王伟", PartyRoleKind.SUBLESSOR)
    assert (row.safety_contact_name, row.problems) == ("李娟", [])


def test_a_company_is_told_from_a_person():
    assert unit(户主="成都安住公寓管理有限公司").landlord_is_company
    assert not unit().landlord_is_company


def test_a_unit_without_a_door_is_an_error_and_other_faults_are_warnings():
    assert said(unit(房号="")) == [("B2", "error")]
    assert said(unit(楼栋="")) == [("A2", "error")]
    assert said(unit(面积="很大", 联系电话="12")) == [("C2", "warning"), ("E2", "warning")]
    assert said(unit(联系电话="")) == [("E2", "warning")]
    assert said(unit(链接="http://x")) == [("F2", "warning")]


def test_a_door_written_twice_is_an_error_that_names_the_other_row():
    rows = read(["楼栋", "房号", "面积"], ["3", "1203", "35"], ["三栋", "1203室", "36"])
    assert said(rows[-1])[-1] == ("B3", "error")
    assert "第 2 行" in rows[-1].problems[-1].words


# --- stays --------------------------------------------------------------------------------------------------


def test_a_guest_in_full():
    row = guest(电话="138 0013 8000", 同住人关系="夫妻", 登记时间="2026-3-1 15:10", 性别="男", 订单号="A1")
    assert (row.name, row.phone, row.relation) == ("王伟", "13800138000", Relation.SPOUSE)
    assert (row.arrived_at, row.left_at) == (local(2026, 3, 1, 15), local(2026, 3, 2, 11))
    assert (row.checks_out_at, row.recorded_at) == (row.left_at, local(2026, 3, 1, 15, 10))
    assert (row.paper.kind, row.paper.state, row.paper.nationality) == (
        DocumentKind.RESIDENT_ID,
        DocumentState.OK,
        "CHN",
    )
    assert (row.paper.birth_on, row.paper.sex, row.age_at_check_in) == (date(1990, 3, 7), Sex.MALE, 35)
    assert row.problems == []


@pytest.mark.parametrize("name", ["䶮𠮷", "阿卜杜拉·买买提·" + "伊" * 40, "Anna-María O’Neil", "王\u200f伟"])
def test_names_are_kept_exactly(name):
    assert guest(住客姓名=name).name == name


@pytest.mark.parametrize(
    ("cells", "cell"),
    [
        ({"房号": ""}, "A2"),
        ({"住客姓名": ""}, "B2"),
        ({"住客姓名": "王" * 51}, "B2"),
        ({"证件号码": "5.1E+17"}, "C2"),
        ({"入住时间": ""}, "D2"),
        ({"入住时间": "去年"}, "D2"),
        ({"入住时间": "14:30"}, "D2"),
        ({"入住时间": "1999-1-1"}, "D2"),
        ({"入住时间": "2026-3-11"}, "D2"),
        ({"离店时间": "2026-2-28"}, "E2"),
        ({"离店时间": "2026-3-1 15:00"}, "E2"),
        ({"离店时间": "下周"}, "E2"),
    ],
)
def test_what_stops_an_import(cells, cell):
    assert said(guest(**cells)) == [(cell, "error")]


@pytest.mark.parametrize(
    ("cells", "state"),
    [
        ({"证件号码": WRONG}, DocumentState.BAD_CHECK_DIGIT),
        ({"证件号码": GOOD[:17]}, DocumentState.UNREADABLE),
        ({"证件有效期": "2026-2-1"}, DocumentState.EXPIRED),
        ({"性别": "女"}, DocumentState.BIRTH_OR_SEX_DIFFERS),
        ({"出生日期": "1990-3-8"}, DocumentState.BIRTH_OR_SEX_DIFFERS),
        ({"证件号码": id_number("510199", BORN, "male", 7)}, DocumentState.OK),
    ],
)
def test_a_wrong_paper_of_a_past_stay_is_a_warning_kept_as_its_state(cells, state):
    row = guest(**cells)
    assert row.paper.state is state
    assert [level for _cell, level in said(row)] == ["warning"]


def test_who_is_still_here_can_be_asked_again():
    assert said(guest(证件号码=WRONG, 离店时间="在住", 预离时间="2026-3-12")) == [("C2", "error")]
    assert said(guest(证件有效期="2026-2-1", 离店时间="在住", 预离时间="2026-3-12")) == [("F2", "warning")]


def test_a_leaving_time_still_to_come_is_a_plan():
    row = guest(入住时间="2026-3-9 15:00", 离店时间="2026-3-12")
    assert (row.left_at, row.checks_out_at) == (None, local(2026, 3, 12, 12))
    assert row.problems == []


def test_nothing_said_about_leaving_means_the_next_noon_with_a_warning():
    row = guest(离店时间="")
    assert (row.left_at, row.checks_out_at) == (None, local(2026, 3, 2, 12))
    assert said(row) == [("E2", "warning")]


def test_days_without_hours_never_claim_a_short_stay():
    row = guest(入住时间="2026-3-1", 离店时间="2026-3-2")
    assert (row.arrived_at, row.left_at) == (local(2026, 3, 1, 14), local(2026, 3, 2, 12))
    row = guest(入住时间="2026-3-1", 离店时间="2026-3-1")
    assert (row.arrived_at, row.left_at) == (local(2026, 3, 1), local(2026, 3, 1, 23, 59))


def test_a_day_of_registration_without_its_hour_is_not_late():
    row = guest(登记时间="2026-3-1")
    assert row.recorded_at == row.arrived_at
    assert guest(登记时间="2026-3-2").recorded_at == local(2026, 3, 2)


def test_a_title_says_the_year_of_its_days():
    head = ["房号", "姓名", "入住时间", "离店时间"]
    assert read(["2025年12月入住"], head, ["3-1203", "王伟", "12/31", "1/2"])[-1].left_at == local(
        2026, 1, 2, 12
    )
    assert read(["2024年入住"], head, ["3-1203", "王伟", "3/1", "3/2"])[-1].arrived_at == local(2024, 3, 1, 14)
    assert read(head, ["3-1203", "王伟", "3/1", "3/2"])[-1].arrived_at == local(2026, 3, 1, 14)
    assert read(head, ["3-1203", "王伟", "12/1", "12/2"])[-1].arrived_at == local(2025, 12, 1, 14)


def test_passports_permits_other_papers_and_none():
    row = guest(证件类型="护照", 证件号码="x1234567", 国籍="美国")
    assert (row.paper.kind, row.paper.nationality, row.paper.number) == (
        DocumentKind.PASSPORT,
        "USA",
        "X1234567",
    )
    row = guest(证件号码="H12345678", 证件类型="回乡证")
    assert (row.paper.kind, row.paper.nationality) == (DocumentKind.OTHER, "HKG")
    row = guest(证件号码="12345678", 证件类型="海员证", 国籍="中国")
    assert (row.paper.kind, row.paper.name, row.problems) == (DocumentKind.OTHER, "海员证", [])
    row = guest(证件号码="")
    assert (row.paper.kind, said(row)) == (DocumentKind.NONE, [("C2", "warning")])
    row = guest(证件号码="", 证件类型="未带证件")
    assert (row.paper.kind, row.problems) == (DocumentKind.NONE, [])


def test_a_passport_without_a_known_country_is_kept_and_said():
    row = guest(证件类型="护照", 证件号码="X1234567", 国籍="亚特兰蒂斯")
    assert row.paper.nationality == "XXX"
    assert {level for _cell, level in said(row)} == {"warning"}


def test_the_same_guest_twice_in_a_stay_is_shown_and_stored_once():
    head, row = ["房号", "姓名", "证件号码", "入住时间"], ["3-1203", "王伟", GOOD, "2026-3-9 15:00"]
    *_rest, first, second = read(head, row, row)
    assert (first.repeats_row, second.repeats_row) == (None, 2)


def test_problems_name_the_cell_and_never_what_stands_in_it():
    row = guest(证件号码=GOOD[:17], 入住时间="乱写的日期", 电话="没有号码")
    assert {cell for cell, _level in said(row)} == {"C2", "D2", "F2"}
    words = "".join(problem.words for problem in row.problems)
    assert not any(value in words for value in (GOOD[:17], "乱写", "没有号码", "王伟"))
    assert row.problems[0].as_json().keys() == {"cell", "level", "said"}


cell_texts = st.text(max_size=12) | st.sampled_from(
    [GOOD, WRONG, "3-1203", "2026-3-1", "3/5", "护照", "=A1", "5e17"]
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(cell_texts, min_size=1, max_size=8), min_size=1, max_size=6))
def test_no_row_breaks_the_reading(rows):
    head = ["房号", "姓名", "证件号码", "入住时间", "离店时间", "国籍", "证件类型", "登记时间"]
    try:
        for item in read(head, *rows):
            assert item is not None
    except UnreadableFile as refused:
        assert refused.message  # noqa: PT017 - either is right
