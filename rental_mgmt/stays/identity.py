"""The paper a guest shows: reading its number, judging its state, and how long such a paper may be valid."""

import re
from dataclasses import dataclass, field
from datetime import date, timedelta

from ..core import clock
from ..core.i18n import _
from .divisions import country_code
from .document_kinds import (
    GA_T_517,
    DocumentKind,
    DocumentState,
    Origin,
    OtherDocument,
    Problems,
    Sex,
    check_holder,
    ga_code,
    needs_overseas_report,
    origin_of,
)
from .id_number import IdReading, age_on, check_digit, plain, read_id_number
from .names import BadName, clean_name

__all__ = [
    "GA_T_517",
    "LONG_TERM",
    "BadName",
    "DocumentKind",
    "DocumentState",
    "IdDocument",
    "IdReading",
    "Origin",
    "OtherDocument",
    "PassportReading",
    "Problems",
    "Sex",
    "age_on",
    "check_digit",
    "check_holder",
    "clean_name",
    "document_state",
    "ga_code",
    "needs_overseas_report",
    "origin_of",
    "read_id_number",
    "read_passport",
    "validity_warning",
    "validity_years",
]

# How a card without an end is kept.
LONG_TERM = date(9999, 12, 31)
PASSPORT = re.compile(r"[A-Z0-9]{5,20}", re.ASCII)
CHINESE_PASSPORT = re.compile(r"[A-Z][0-9]{8}|[A-Z]{2}[0-9]{7}", re.ASCII)
RESIDENCE_PERMIT_YEARS = 5


@dataclass(frozen=True)
class PassportReading:
    """What a passport's number looks like; it carries no check digit."""

    number: str = field(repr=False)
    nationality: str | None
    warnings: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class IdDocument:
    """A paper as given: what was typed or read from it, unknown parts None. Its repr names nobody."""

    kind: DocumentKind
    number: str = field(default="", repr=False)
    birth_on: date | None = field(default=None, repr=False)
    sex: Sex | None = None
    valid_until: date | None = None


def read_passport(text: str, nationality: str) -> PassportReading:
    """Read a passport's number as typed, with the issuing country's three-letter code (D<< is Germany)."""
    number, country = plain(text).rstrip("<"), country_code(nationality)
    errors, warnings = [], []
    if not PASSPORT.fullmatch(number):
        errors.append(_("护照号码应为 5 至 20 位字母和数字，请核对"))
    if country is None:
        errors.append(_("请选择国家或地区"))
    if read_id_number(number).state is DocumentState.OK:
        warnings.append(_("这像是身份证号，请核对证件种类"))
    elif country == "CHN" and not errors and not CHINESE_PASSPORT.fullmatch(number):
        warnings.append(_("中国护照号码一般为字母加 8 位数字，请核对"))
    return PassportReading(number, country, tuple(warnings), tuple(errors))


def document_state(document: IdDocument, on: date | None = None) -> DocumentState:
    """The worst that is true of a paper on a day (today); kinds without a number rule go by their date."""
    day = on or clock.local_day(clock.now())
    state = _number_state(document, day)
    if state is DocumentState.OK and document.valid_until and document.valid_until < day:
        return DocumentState.EXPIRED
    return state


def _number_state(document: IdDocument, day: date) -> DocumentState:
    if document.kind.carries_resident_number:
        reading = read_id_number(document.number, day)
        differs = reading.state is DocumentState.OK and _differs(document, reading)
        return DocumentState.BIRTH_OR_SEX_DIFFERS if differs else reading.state
    number = plain(document.number).rstrip("<")
    readable = {DocumentKind.PASSPORT: PASSPORT.fullmatch(number), DocumentKind.OTHER: number}
    return DocumentState.OK if readable.get(document.kind, True) else DocumentState.UNREADABLE


def _differs(document: IdDocument, reading: IdReading) -> bool:
    sexes = (Sex.MALE, Sex.FEMALE)
    return (document.birth_on is not None and document.birth_on != reading.birth_on) or (
        document.sex in sexes and document.sex != reading.sex
    )


def validity_years(age_at_issue: int) -> int | None:
    """How many years a resident card is issued for, None for long-term (居民身份证法 5)."""
    if age_at_issue < 16:
        return 5
    if age_at_issue < 26:
        return 10
    return 20 if age_at_issue < 46 else None


def validity_warning(reading: IdReading, issued_on: date, valid_until: date) -> str | None:
    """A sentence if a card's term does not fit its holder's age at issue; a day either way is let be."""
    if reading.birth_on is None or issued_on < reading.birth_on:
        return _("证件签发日期早于出生日期，请核对")
    is_permit = ga_code(DocumentKind.RESIDENT_ID, reading.number) == GA_T_517[OtherDocument.RESIDENCE_PERMIT]
    years = RESIDENCE_PERMIT_YEARS if is_permit else validity_years(age_on(reading.birth_on, issued_on))
    if years is None:
        return None if valid_until == LONG_TERM else _("签发时已满 46 周岁的居民身份证应为长期有效，请核对")
    if abs(valid_until - _years_later(issued_on, years)) <= timedelta(days=1):
        return None
    return _("按签发时的年龄，证件有效期应为 %(years)s 年，请核对", years=years)


def _years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return date(day.year + years, 3, 1)
