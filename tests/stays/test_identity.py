"""Identity papers as people show and type them: what is read, what is refused in words, what is only asked."""

import json
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from rental_mgmt.core.i18n import LOCALES
from rental_mgmt.stays import divisions
from rental_mgmt.stays.divisions import country_code, country_codes, country_name, division_name
from rental_mgmt.stays.document_kinds import KIND_LABELS, OTHER_LABELS, SEX_LABELS, STATE_LABELS
from rental_mgmt.stays.identity import (
    GA_T_517,
    LONG_TERM,
    BadName,
    DocumentKind,
    DocumentState,
    IdDocument,
    Origin,
    OtherDocument,
    Sex,
    age_on,
    check_digit,
    check_holder,
    clean_name,
    document_state,
    ga_code,
    needs_overseas_report,
    origin_of,
    read_id_number,
    read_passport,
    validity_warning,
    validity_years,
)

from ..support import people

TODAY = people.TODAY
GOOD = "11010519491231002X"


def read(text):
    return read_id_number(text, TODAY)


# --- resident numbers ---------------------------------------------------------------------------------------


def test_a_number_says_where_when_and_which_sex():
    reading = read(GOOD)
    assert (reading.number, reading.division) == (GOOD, "110105")
    assert (reading.birth_on, reading.sex) == (date(1949, 12, 31), Sex.FEMALE)
    assert (reading.nationality, reading.state) == ("CHN", DocumentState.OK)
    assert (reading.errors, reading.warnings) == ((), ())


@given(st.from_regex(r"[0-9]{17}", fullmatch=True))
def test_the_check_digit_is_the_one_of_the_standard(digits):
    assert check_digit(digits) == ric.calc_check_digit(digits + "0")


@given(
    division=st.sampled_from(people.PREFECTURES),
    birth_on=st.dates(date(1900, 1, 1), TODAY),
    sex=st.sampled_from(["male", "female"]),
    serial=st.integers(0, 499),
)
def test_every_number_reads_back_as_what_it_was_made_of(division, birth_on, sex, serial):
    reading = read(people.id_number(division, birth_on, sex, serial))
    assert reading.state is DocumentState.OK
    assert (reading.division, reading.birth_on, reading.sex) == (division, birth_on, sex)


@given(seed=st.integers(0, 10**6), place=st.integers(0, 17), digit=st.sampled_from("0123456789X"))
def test_one_wrong_digit_is_always_noticed(seed, place, digit):
    number = people.person(seed).id_number
    wrong = number[:place] + digit + number[place + 1 :]
    assert wrong == number or read(wrong).errors


@given(seed=st.integers(0, 10**6), place=st.integers(0, 16))
def test_two_neighbours_that_changed_places_are_always_noticed(seed, place):
    number = people.person(seed).id_number
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert swapped == number or read(swapped).errors


@given(st.text(max_size=40))
def test_whatever_is_typed_gets_an_answer(text):
    reading = read(text)
    assert (reading.state is DocumentState.OK) == (not reading.errors)
    read_passport(text, "DEU")


@pytest.mark.parametrize(
    "typed",
    [
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２Ｘ",
        "110105 19491231 002X",
        "110105-19491231-002X",
        "　110105　19491231002x\n",
        "\u202d11010519491231002X\u202c",
        "11010519491231002×",
    ],
)
def test_what_people_type_and_paste_is_made_plain(typed):
    assert read(typed).number == GOOD
    assert not read(typed).errors


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("110105194912310021", "身份证号第 18 位应为 X，请核对"),
        ("510104199003070012", "身份证号第 18 位应为 5，请核对"),
        ("110105491231002", "15 位身份证号已停止使用，请填写 18 位号码"),
        ("CHN110105491231", "这是旧版外国人永久居留身份证号，请选择“其他证件”登记"),
        ("1101051949123100", "身份证号应为 18 位，现在有 16 位"),
        ("", "身份证号应为 18 位，现在有 0 位"),
        ("11010519491231O02X", "身份证号第 15 位有误：前 17 位是数字，第 18 位是数字或 X"),
        ("11010519491231002Y", "身份证号第 18 位有误：前 17 位是数字，第 18 位是数字或 X"),
        ("1101051949123100²X", "身份证号第 17 位有误：前 17 位是数字，第 18 位是数字或 X"),
        ("١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "身份证号第 1 位有误：前 17 位是数字，第 18 位是数字或 X"),
        ("110105199002300017", "身份证号第 7 至 14 位不是真实的日期，请核对"),
        ("110105000001010017", "身份证号第 7 至 14 位不是真实的日期，请核对"),
    ],
)
def test_a_refused_number_says_what_to_do(typed, said):
    assert read(typed).errors == (said,)


def test_a_birth_date_tomorrow_or_151_years_ago_is_refused():
    def of(birth_on):
        return read(people.id_number("510100", birth_on, "male"))

    assert not of(TODAY).errors
    assert of(TODAY + timedelta(days=1)).state is DocumentState.UNREADABLE
    oldest = TODAY.replace(year=TODAY.year - 151) + timedelta(days=1)
    assert not of(oldest).errors
    assert "出生日期不合理" in of(oldest - timedelta(days=1)).errors[0]


def test_an_unknown_division_is_asked_about_and_no_more():
    reading = read("235407195106112745")
    assert reading.state is DocumentState.OK
    assert "前 6 位" in reading.warnings[0]


@pytest.mark.parametrize(
    ("number", "nationality"),
    [
        ("810000199408230021", "HKG"),
        ("830000199201300022", "TWN"),
        ("932682198501010017", "SAU"),
        ("500154199804106120", "CHN"),
    ],
)
def test_genuine_numbers_that_others_refuse_are_read(number, nationality):
    reading = read(number)
    assert (reading.nationality, reading.errors, reading.warnings) == (nationality, (), ())


def test_a_county_younger_than_its_people_is_no_fault():
    number = people.id_number("330113", date(1985, 5, 5), "female")
    assert read(number).warnings == ()


def test_a_former_division_is_known():
    assert read(people.id_number("512301", date(1970, 1, 1), "male")).warnings == ()
    assert read(people.id_number("510103", date(1985, 1, 1), "male")).warnings == ()


def test_a_permanent_residence_card_of_no_country_is_asked_about():
    digits = "93200019850101001"
    assert "国家代码" in read(digits + check_digit(digits)).warnings[0]


def test_a_reading_names_nobody_in_a_log():
    for shown in (
        read(GOOD),
        read_passport("C01X00T47", "DEU"),
        IdDocument(DocumentKind.PASSPORT, "C01X00T47"),
    ):
        assert not any(secret in repr(shown) for secret in (GOOD, "1949", "C01X00T47"))


# --- ages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("birth_on", "day", "age"),
    [
        (date(2008, 6, 10), date(2026, 6, 9), 17),
        (date(2008, 6, 10), date(2026, 6, 10), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2026, 6, 10), date(2026, 6, 10), 0),
    ],
)
def test_age_in_full_years(birth_on, day, age):
    assert age_on(birth_on, day) == age


@pytest.mark.parametrize(
    ("age", "years"), [(0, 5), (15, 5), (16, 10), (25, 10), (26, 20), (45, 20), (46, None), (90, None)]
)
def test_a_card_is_issued_for_as_long_as_the_law_says(age, years):
    assert validity_years(age) == years


def card_of(age, issued_on):
    birth_on = people.birth_of_age(age, issued_on, days_ago=30)
    return read_id_number(people.id_number("510100", birth_on, "male"), TODAY)


@pytest.mark.parametrize(
    ("age", "until"),
    [(10, date(2025, 3, 1)), (20, date(2030, 3, 1)), (30, date(2040, 3, 1)), (50, LONG_TERM)],
)
def test_a_term_that_fits_the_age_is_let_be(age, until):
    assert validity_warning(card_of(age, date(2020, 3, 1)), date(2020, 3, 1), until) is None


def test_a_card_issued_on_29_february_ends_a_day_either_way():
    issued_on = date(2020, 2, 29)
    for until in (date(2030, 2, 28), date(2030, 3, 1)):
        assert validity_warning(card_of(20, issued_on), issued_on, until) is None


@pytest.mark.parametrize(
    ("age", "until", "said"),
    [
        (10, date(2030, 3, 1), "应为 5 年"),
        (20, date(2040, 3, 1), "应为 10 年"),
        (30, LONG_TERM, "应为 20 年"),
        (50, date(2040, 3, 1), "应为长期有效"),
    ],
)
def test_a_term_that_does_not_fit_the_age_is_asked_about(age, until, said):
    assert said in validity_warning(card_of(age, date(2020, 3, 1)), date(2020, 3, 1), until)


def test_a_card_older_than_its_holder_is_asked_about():
    assert "早于出生日期" in validity_warning(card_of(20, date(2020, 3, 1)), date(1990, 1, 1), date(2000, 1, 1))


def test_a_residence_permit_is_issued_for_five_years():
    permit = read("810000199408230021")
    assert validity_warning(permit, date(2020, 3, 1), date(2025, 3, 1)) is None
    assert "应为 5 年" in validity_warning(permit, date(2020, 3, 1), date(2040, 3, 1))


# --- passports ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "nationality", "number", "country"),
    [
        ("c01x 00t47", "D<<", "C01X00T47", "DEU"),
        ("Ｅ12345678", "CHN", "E12345678", "CHN"),
        ("EA1234567", "chn", "EA1234567", "CHN"),
        ("AB1234<<<", "GBD", "AB1234", "GBD"),
        ("12345", "RKS", "12345", "RKS"),
        ("X1234567", "XXA", "X1234567", "XXA"),
    ],
)
def test_a_passport_as_it_is_printed(typed, nationality, number, country):
    reading = read_passport(typed, nationality)
    assert (reading.number, reading.nationality) == (number, country)
    assert (reading.errors, reading.warnings) == ((), ())


@pytest.mark.parametrize("typed", ["", "A123", "A" * 21, "护照12345", "P<D<<MUSTER", "AB 12/345"])
def test_what_is_no_passport_number_is_refused(typed):
    assert read_passport(typed, "DEU").errors == ("护照号码应为 5 至 20 位字母和数字，请核对",)


def test_a_passport_of_no_country_is_refused():
    assert read_passport("C01X00T47", "GER").errors == ("请选择国家或地区",)


def test_an_odd_chinese_passport_or_a_resident_number_is_asked_about():
    assert "中国护照" in read_passport("123456", "CHN").warnings[0]
    assert "像是身份证号" in read_passport(GOOD, "CHN").warnings[0]


@given(seed=st.integers(0, 10**6))
def test_made_up_travellers_have_good_passports(seed):
    traveller = people.passport(seed)
    assert read_passport(traveller.number, traveller.nationality).errors == ()
    assert traveller.valid_until > TODAY


# --- kinds, holders, states ---------------------------------------------------------------------------------


def test_every_kind_has_its_word_and_its_code():
    assert set(KIND_LABELS) == set(DocumentKind)
    assert set(OTHER_LABELS) == set(OtherDocument)
    assert set(STATE_LABELS) == set(DocumentState)
    assert set(SEX_LABELS) == set(Sex)
    assert len(set(GA_T_517.values())) == len(GA_T_517)


@pytest.mark.parametrize(
    ("kind", "number", "other", "code"),
    [
        (DocumentKind.RESIDENT_ID, GOOD, None, "111"),
        (DocumentKind.TEMPORARY_ID, GOOD, None, "112"),
        (DocumentKind.HOUSEHOLD_REGISTER, GOOD, None, "113"),
        (DocumentKind.RESIDENT_ID, "810000199408230021", None, "550"),
        (DocumentKind.RESIDENT_ID, "932682198501010017", None, "553"),
        (DocumentKind.PASSPORT, "912345678", None, "414"),
        (DocumentKind.OTHER, "12345678", OtherDocument.TAIWAN_TRAVEL_PERMIT, "511"),
        (DocumentKind.OTHER, "12345678", OtherDocument.UNLISTED, None),
        (DocumentKind.NONE, "", None, None),
    ],
)
def test_the_code_of_a_paper(kind, number, other, code):
    assert ga_code(kind, number, other) == code


@pytest.mark.parametrize(
    ("nationality", "code", "errors", "warnings"),
    [
        ("CHN", "111", 0, 0),
        ("CHN", "414", 0, 0),
        ("CHN", "550", 0, 1),
        ("CHN", "553", 0, 1),
        ("HKG", "516", 0, 0),
        ("MAC", "550", 0, 0),
        ("HKG", "111", 1, 0),
        ("HKG", "511", 0, 1),
        ("HKG", "414", 0, 1),
        ("TWN", "511", 0, 0),
        ("TWN", "516", 0, 1),
        ("DEU", "414", 0, 0),
        ("DEU", "553", 0, 0),
        ("DEU", "111", 1, 0),
        ("DEU", "113", 1, 0),
        ("DEU", "114", 0, 1),
        ("DEU", None, 0, 0),
    ],
)
def test_who_can_hold_which_paper(nationality, code, errors, warnings):
    problems = check_holder(nationality, code)
    assert (len(problems.errors), len(problems.warnings)) == (errors, warnings)


@pytest.mark.parametrize(
    ("nationality", "code", "origin", "reported"),
    [
        ("CHN", "111", Origin.MAINLAND, False),
        ("DEU", "414", Origin.FOREIGN, True),
        ("DEU", "553", Origin.FOREIGN, True),
        ("XXA", None, Origin.FOREIGN, True),
        ("HKG", "516", Origin.HK_MACAO, True),
        ("MAC", None, Origin.HK_MACAO, True),
        ("TWN", "511", Origin.TAIWAN, True),
        ("TWN", "550", Origin.TAIWAN, False),
    ],
)
def test_who_is_reported_within_a_day(nationality, code, origin, reported):
    assert origin_of(nationality) is origin
    assert needs_overseas_report(nationality, code) is reported


@pytest.mark.parametrize(
    ("document", "state"),
    [
        (IdDocument(DocumentKind.RESIDENT_ID, GOOD), DocumentState.OK),
        (IdDocument(DocumentKind.RESIDENT_ID, GOOD, date(1949, 12, 31), Sex.FEMALE), DocumentState.OK),
        (IdDocument(DocumentKind.RESIDENT_ID, GOOD, sex=Sex.UNKNOWN), DocumentState.OK),
        (IdDocument(DocumentKind.RESIDENT_ID, GOOD, sex=Sex.MALE), DocumentState.BIRTH_OR_SEX_DIFFERS),
        (IdDocument(DocumentKind.RESIDENT_ID, GOOD, date(1949, 12, 30)), DocumentState.BIRTH_OR_SEX_DIFFERS),
        (IdDocument(DocumentKind.HOUSEHOLD_REGISTER, "110105194912310021"), DocumentState.BAD_CHECK_DIGIT),
        (IdDocument(DocumentKind.TEMPORARY_ID, "110105491231002"), DocumentState.UNREADABLE),
        (IdDocument(DocumentKind.RESIDENT_ID, GOOD, valid_until=TODAY), DocumentState.OK),
        (IdDocument(DocumentKind.RESIDENT_ID, GOOD, valid_until=TODAY - timedelta(1)), DocumentState.EXPIRED),
        (IdDocument(DocumentKind.RESIDENT_ID, GOOD, valid_until=LONG_TERM), DocumentState.OK),
        (
            IdDocument(DocumentKind.RESIDENT_ID, GOOD, sex=Sex.MALE, valid_until=date(2001, 1, 1)),
            DocumentState.BIRTH_OR_SEX_DIFFERS,
        ),
        (IdDocument(DocumentKind.PASSPORT, "C01X00T47", date(1990, 1, 1), Sex.MALE), DocumentState.OK),
        (IdDocument(DocumentKind.PASSPORT, "C01X00T47", valid_until=date(2026, 1, 1)), DocumentState.EXPIRED),
        (IdDocument(DocumentKind.PASSPORT, "护照"), DocumentState.UNREADABLE),
        (IdDocument(DocumentKind.OTHER, "军字第 0012345 号"), DocumentState.OK),
        (IdDocument(DocumentKind.OTHER, " "), DocumentState.UNREADABLE),
        (IdDocument(DocumentKind.NONE), DocumentState.OK),
    ],
    ids=str,
)
def test_the_state_of_a_paper_is_the_worst_that_is_true(document, state):
    assert document_state(document, TODAY) is state


def test_made_up_people_are_of_the_age_asked_for():
    for age in (0, 13, 14, 15, 16, 17, 18, 60):
        for somebody in people.people(20, age=age):
            assert somebody.age_on(TODAY) == age
            assert document_state(IdDocument(DocumentKind.RESIDENT_ID, somebody.id_number), TODAY) == "ok"
    assert all(somebody.age_on(TODAY) < 18 for somebody in people.people(20, minor=True))
    assert people.person(7) == people.person(7) != people.person(8)


# --- names --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        *(
            "王伟",
            "欧阳娜娜",
            "𠮷田䶮",
            "㛃妤",
            "X Æ A-12",
            "O'Brien",
            "NGUYỄN THỊ HOA",
            "山田　太郎",
            "\ue863某",
        ),
        *(people.MINORITY_NAME, people.LONGEST_NAME, people.RTL_NAME, "𠮷" * 50, "\U00031350某", "J. R. Smith"),
    ],
)
def test_a_name_is_kept_as_it_is(name):
    assert clean_name(name) == name


@pytest.mark.parametrize("dot", "•‧∙⋅・･᛫ㆍ\u0387·")
def test_every_middle_dot_becomes_the_one(dot):
    assert clean_name(f"阿依古丽{dot}买买提") == people.MINORITY_NAME


def test_outer_spaces_go_and_inner_ones_stay():
    assert clean_name(" 　王 伟\r\n") == "王 伟"


def test_a_compatibility_character_is_not_replaced():
    assert clean_name("\uf9d4") == "\uf9d4"


@pytest.mark.parametrize(
    "name",
    ["王\x00伟", "王\n伟", "王\t伟", "王\x1b[31m伟", "\ud842", "王\u2028伟", "王\uffff", "王\x85"],
    ids=ascii,
)
def test_what_cannot_be_stored_is_refused(name):
    with pytest.raises(BadName, match="无法保存"):
        clean_name(name)


@pytest.mark.parametrize("name", ["", "   ", "　", "·", "\u200f", "…"], ids=ascii)
def test_no_name_is_no_name(name):
    with pytest.raises(BadName, match="请填写姓名"):
        clean_name(name)


def test_fifty_characters_fit_and_fifty_one_do_not():
    assert len(clean_name("䶮" * 50)) == 50
    with pytest.raises(BadName, match="最多 50 个字，现在有 51 个"):
        clean_name("䶮" * 51)


@given(st.text(max_size=60))
def test_any_text_is_a_name_that_can_be_stored_or_refused(text):
    try:
        name = clean_name(text)
    except BadName:
        return
    assert 0 < len(name) <= 50
    assert clean_name(name) == name
    name.encode()


# --- tables -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("510107", "四川省成都市武侯区"),
        ("513402", "四川省凉山彝族自治州会理市"),
        ("510100", "四川省成都市"),
        ("110105", "北京市"),
        ("440305", "广东省深圳市"),
        ("419001", "河南省"),
        ("512301", "四川省涪陵地区涪陵市"),
        ("810000", "香港特别行政区"),
        ("810001", None),
        ("510199", None),
        ("990000", None),
        ("119900", None),
    ],
)
def test_the_name_of_a_division(code, name):
    assert division_name(code) == name


@pytest.mark.parametrize("table", ["divisions", "countries"])
def test_a_table_says_where_it_is_from_and_of_when(table):
    held = json.loads((divisions.DATA / f"{table}.json").read_text("utf-8"))
    assert held["source"]
    assert date.fromisoformat(held["date"]) < date(2027, 1, 1)


def test_every_country_has_a_name_in_every_language():
    assert len(country_codes()) > 260
    assert {"CHN", "DEU", "GBD", "RKS", "XXA", "XXB", "UNO", "HKG", "MAC", "TWN"} <= set(country_codes())
    assert all(country_name(code, locale) not in ("", code) for code in country_codes() for locale in LOCALES)


@pytest.mark.parametrize(
    ("typed", "code"), [("D<<", "DEU"), ("D", "DEU"), ("deu", "DEU"), ("GER", None), ("", None)]
)
def test_a_country_as_a_passport_prints_it(typed, code):
    assert country_code(typed) == code


def test_names_of_countries_follow_the_language():
    assert (country_name("TWN", "zh"), country_name("HKG", "en")) == ("中国台湾", "Hong Kong, China")
    assert country_name("DEU") == "德国"
