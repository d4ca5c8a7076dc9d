"""Resident identity numbers by GB 11643: eighteen digits that say where, when, which sex, and check themselves.

Cards of Hong Kong, Macao and Taiwan residents (81, 82, 83 + 0000) and foreigners' permanent residence cards of
the new style (9, issuing province, numeric country) are built and checked the same way.
"""

import re
from dataclasses import dataclass, field
from datetime import date

from ..core import clock
from ..core.i18n import _
from ..core.normal import INVISIBLE
from .divisions import country_of_numeric, division_name, table_date
from .document_kinds import DocumentState, Sex

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_DIGITS = "10X98765432"
OLDEST = 150
# Full-width letters, digits and dash, and the × that stands for X; nothing else is guessed.
PLAIN = {full: full - 0xFEE0 for full in range(0xFF01, 0xFF5F)} | {ord("×"): "X"}
SPACING = re.compile(r"[\s\-‐‑–—]+")
WHOLE = re.compile(r"[0-9]{17}[0-9X]", re.ASCII)
OLD_PERMANENT_CARD = re.compile(r"[A-Z]{3}[0-9]{12}", re.ASCII)
REGIONS = {"81": "HKG", "82": "MAC", "83": "TWN"}


@dataclass(frozen=True)
class IdReading:
    """What a number says; `errors` stop a form, `warnings` ask to look again. Its repr names nobody."""

    number: str = field(repr=False)
    division: str = field(default="", repr=False)
    birth_on: date | None = field(default=None, repr=False)
    sex: Sex | None = None
    nationality: str | None = None
    state: DocumentState = DocumentState.OK
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


def plain(text: str) -> str:
    """A number without layout: full-width made plain, spaces and dashes taken out, capitals."""
    return SPACING.sub("", INVISIBLE.sub("", text).translate(PLAIN)).upper()


def is_whole(text: str) -> bool:
    """Has it the shape of a whole number, whatever it says?"""
    number = plain(text)
    return bool(WHOLE.fullmatch(number) or OLD_PERMANENT_CARD.fullmatch(number))


def check_digit(first_seventeen: str) -> str:
    """The eighteenth digit that belongs to seventeen others (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(first_seventeen, WEIGHTS, strict=True))
    return CHECK_DIGITS[total % 11]


def age_on(birth_on: date, day: date) -> int:
    """Full years on a day; who was born on 29 February is a year older on 1 March of common years."""
    return day.year - birth_on.year - ((day.month, day.day) < (birth_on.month, birth_on.day))


def read_id_number(text: str, on: date | None = None) -> IdReading:
    """Read a number as typed, judged on a day (today). Only its shape, date and check digit are hard errors."""
    number = plain(text)
    if not WHOLE.fullmatch(number):
        return _unreadable(number, _what_is_wrong(number))
    birth_on = _birth(number)
    if birth_on is None:
        return _unreadable(number, _("身份证号第 7 至 14 位不是真实的日期，请核对"))
    today = on or clock.local_day(clock.now())
    if not birth_on <= today or age_on(birth_on, today) > OLDEST:
        return _unreadable(number, _("身份证号中的出生日期不合理，请核对第 7 至 14 位"))
    return _read(number, birth_on)


def _read(number: str, birth_on: date) -> IdReading:
    expected = check_digit(number[:17])
    wrong = number[17] != expected
    nationality, warnings = _holder(number)
    return IdReading(
        number=number,
        division=number[:6],
        birth_on=birth_on,
        sex=Sex.MALE if int(number[16]) % 2 else Sex.FEMALE,
        nationality=nationality,
        state=DocumentState.BAD_CHECK_DIGIT if wrong else DocumentState.OK,
        warnings=warnings,
        errors=(_("身份证号第 18 位应为 %(digit)s，请核对", digit=expected),) if wrong else (),
    )


def _holder(number: str) -> tuple[str | None, tuple[str, ...]]:
    """Whose number it is, and what looks odd about where it was issued: never more than a warning."""
    if number[0] == "9":
        nationality = country_of_numeric(number[3:6])
        odd = _("永久居留身份证第 4 至 6 位不是已知的国家代码，请核对")
        return nationality, () if nationality else (odd,)
    if division_name(number[:6]) is None:
        odd = _("身份证号前 6 位不在行政区划表中（截至 %(date)s），请核对", date=table_date())
        return "CHN", (odd,)
    return REGIONS.get(number[:2], "CHN"), ()


def _birth(number: str) -> date | None:
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def _unreadable(number: str, error: str) -> IdReading:
    return IdReading(number=number, state=DocumentState.UNREADABLE, errors=(error,))


def _what_is_wrong(number: str) -> str:
    if len(number) == 15 and number.isascii() and number.isdigit():
        return _("15 位身份证号已停止使用，请填写 18 位号码")
    if OLD_PERMANENT_CARD.fullmatch(number):
        return _("这是旧版外国人永久居留身份证号，请选择“其他证件”登记")
    if len(number) != 18:
        return _("身份证号应为 18 位，现在有 %(n)s 位", n=len(number))
    place = next((i for i, digit in enumerate(number[:17], 1) if not ("0" <= digit <= "9")), 18)
    return _("身份证号第 %(n)s 位有误：前 17 位是数字，第 18 位是数字或 X", n=place)
