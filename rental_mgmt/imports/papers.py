"""What paper a row says a guest showed: kind, number, holder, and the state to keep it with."""

import re
from dataclasses import dataclass
from datetime import date

from ..core.i18n import _
from ..stays.identity import (
    DocumentKind,
    DocumentState,
    IdDocument,
    IdReading,
    OtherDocument,
    Sex,
    check_holder,
    document_state,
    ga_code,
    read_id_number,
    read_passport,
)
from .cells import read_id_text
from .dates import BIRTH_SERIALS, read_day
from .rows import Level, Reading
from .words import document_kind_of, nationality_of, sex_of

_RESIDENT = re.compile(r"[0-9]{14,19}[0-9X]", re.ASCII)
_HOLDERS = {
    OtherDocument.TAIWAN_TRAVEL_PERMIT: "TWN",
    OtherDocument.MILITARY_ID: "CHN",
    OtherDocument.BIRTH_CERTIFICATE: "CHN",
    OtherDocument.DRIVING_LICENCE: "CHN",
    OtherDocument.HK_MACAO_EXIT_PERMIT: "CHN",
    OtherDocument.TAIWAN_EXIT_PERMIT: "CHN",
}
UNKNOWN_COUNTRY = "XXX"


@dataclass(slots=True)
class Paper:
    """A guest's paper. `name` is which other document it is, or why there is none; `nationality` as ICAO."""

    kind: DocumentKind = DocumentKind.NONE
    name: str = ""
    number: str = ""
    nationality: str = UNKNOWN_COUNTRY
    sex: Sex = Sex.UNKNOWN
    birth_on: date | None = None
    valid_until: date | None = None
    state: DocumentState = DocumentState.OK


def read_paper(reading: Reading, arrived_on: date, is_past: bool) -> Paper:
    """The paper of this row, judged on the day of arrival.

    In a past stay whatever is wrong with a number is a warning kept as the paper's state: nobody can ask again.
    Who is still in house can be asked, so there it is an error. A number that Excel has rounded is always one.
    """
    paper = Paper()
    other = _read_kind(paper, reading)
    level = Level.WARNING if is_past else Level.ERROR
    said = _read_number(paper, reading, arrived_on, level)
    _read_nationality(paper, reading, said, other)
    if paper.kind is DocumentKind.PASSPORT:
        _read_passport(paper, reading, level)
    _check_holder(paper, reading, other, level)
    _read_holder(paper, reading, said)
    _judge(paper, reading, arrived_on)
    return paper


def _read_kind(paper: Paper, reading: Reading) -> OtherDocument | None:
    """Kind and number together: a number says much about its paper."""
    word = reading.text("document_kind", 40)
    paper.number = reading.take("id_number", read_id_text, level=Level.ERROR) or ""
    found = document_kind_of(word) if word else None
    if not paper.number:
        _nothing_shown(paper, reading, found)
        return None
    if found is None and word:
        paper.kind, paper.name = DocumentKind.OTHER, word
        return OtherDocument.UNLISTED
    paper.kind, other = found or _guessed(paper.number, reading)
    paper.name = other.value if other else ""
    return other


def _nothing_shown(paper: Paper, reading: Reading, found) -> None:
    paper.kind, paper.name = DocumentKind.NONE, _("台账未记载证件号码")
    if (found is None or found[0] is not DocumentKind.NONE) and not reading.has_error_at("id_number"):
        reading.warn("id_number", _("没有证件号码，按“暂无证件”登记"))


def _guessed(number: str, reading: Reading) -> tuple[DocumentKind, OtherDocument | None]:
    if _RESIDENT.fullmatch(number):
        return DocumentKind.RESIDENT_ID, None
    if nationality_of(reading.text("nationality", 60)) not in (None, "CHN", "HKG", "MAC", "TWN"):
        return DocumentKind.PASSPORT, None
    reading.warn("id_number", _("没有写证件类型，按“其他证件”登记"))
    return DocumentKind.OTHER, OtherDocument.UNLISTED


def _read_number(paper: Paper, reading: Reading, arrived_on: date, level: Level) -> IdReading | None:
    if not paper.kind.carries_resident_number:
        return None
    said = read_id_number(paper.number, arrived_on)
    paper.number = said.number
    for words in said.errors:
        reading.say("id_number", level, words)
    for words in said.warnings:
        reading.warn("id_number", words)
    return said


def _read_nationality(paper: Paper, reading: Reading, said: IdReading | None, other) -> None:
    word = reading.text("nationality", 60)
    named = nationality_of(word) if word else None
    if word and named is None:
        reading.warn("nationality", _("不认识这个国家或地区（此项未采用）"))
    by_permit = (
        {"H": "HKG", "M": "MAC"}.get(paper.number[:1])
        if other is OtherDocument.HK_MACAO_TRAVEL_PERMIT
        else None
    )
    by_paper = (said and said.nationality) or by_permit or _HOLDERS.get(other)
    if by_paper is None and (paper.kind.carries_resident_number or paper.kind is DocumentKind.NONE):
        by_paper = "CHN"
    paper.nationality = named or by_paper or UNKNOWN_COUNTRY
    if paper.nationality == UNKNOWN_COUNTRY:
        reading.warn("nationality", _("没有国籍，按“国籍未注明”登记"))


def _read_passport(paper: Paper, reading: Reading, level: Level) -> None:
    said = read_passport(paper.number, paper.nationality)
    paper.number = said.number
    for words in said.errors:
        reading.say("id_number", level, words)
    for words in said.warnings:
        reading.warn("id_number", words)


def _check_holder(paper: Paper, reading: Reading, other, level: Level) -> None:
    found = check_holder(paper.nationality, ga_code(paper.kind, paper.number, other))
    for words in found.errors:
        reading.say("document_kind" if "document_kind" in reading.header.columns else "id_number", level, words)
    for words in found.warnings:
        reading.warn("document_kind" if "document_kind" in reading.header.columns else "id_number", words)


def _read_holder(paper: Paper, reading: Reading, said: IdReading | None) -> None:
    """Birth and sex as the ledger gives them; where it does not, as the number does."""
    word = reading.text("sex", 20)
    sex = sex_of(word) if word else None
    if word and sex is None:
        reading.warn("sex", _("应为男或女（此项未采用）"))
    birth_on = reading.take("birth_on", read_day, reading.near, reading.date1904, BIRTH_SERIALS)
    paper.sex = sex or (said and said.sex) or Sex.UNKNOWN
    paper.birth_on = birth_on or (said and said.birth_on)
    paper.valid_until = reading.take("document_valid_until", read_day, reading.near, reading.date1904)


def _judge(paper: Paper, reading: Reading, arrived_on: date) -> None:
    as_given = IdDocument(paper.kind, paper.number, paper.birth_on, paper.sex, paper.valid_until)
    paper.state = document_state(as_given, arrived_on)
    if paper.state is DocumentState.EXPIRED:
        reading.warn("document_valid_until", _("入住当日证件已过期"))
    elif paper.state is DocumentState.BIRTH_OR_SEX_DIFFERS:
        reading.warn("id_number", _("出生日期或性别与证件号码不符"))
