"""What follows from the details a guest gave: the clear columns rules need, and what is sealed.

Pure: no session, no clock of its own. Errors name the field and the remedy; a doubt is a warning.
"""

from dataclasses import dataclass, field
from datetime import date

from ..core.errors import Invalid
from ..core.i18n import _, lazy
from ..places.pack import national_ages
from .divisions import country_code
from .identity import (
    DocumentKind,
    DocumentState,
    IdDocument,
    OtherDocument,
    Sex,
    age_on,
    check_holder,
    document_state,
    ga_code,
    needs_overseas_report,
    read_id_number,
    read_passport,
)
from .models import MINOR, Missing, Relation, is_minor

SENSITIVE = national_ages().sensitive
HOME = "CHN"
NO_NUMBER = lazy("请填写证件号码；暂时没有证件的，证件种类请选“暂无证件”")
NO_COUNTRY = lazy("请选择国家或地区")
# Papers that nobody of the mainland holds: whoever shows one says from where they are.
NOT_OF_HERE = (
    OtherDocument.TAIWAN_TRAVEL_PERMIT,
    OtherDocument.HK_MACAO_TRAVEL_PERMIT,
    OtherDocument.RESIDENCE_PERMIT,
    OtherDocument.PERMANENT_RESIDENCE,
)


@dataclass(frozen=True)
class Judged:
    """A guest's details, judged: `clear` are columns, `secret` what gets sealed. The repr names nobody."""

    clear: dict
    secret: dict = field(repr=False)
    # What the person's fingerprint is made of; None for somebody without a number.
    identity: str | None = field(repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def is_sensitive(self) -> bool:
        """Under fourteen: a retention class of its own (个人信息保护法 28, 31)."""
        age = self.clear["age_at_check_in"]
        return age is not None and age < SENSITIVE


@dataclass
class _Paper:
    """What was read from the paper."""

    number: str | None = field(default=None, repr=False)
    birth_on: date | None = field(default=None, repr=False)
    sex: Sex | None = None
    nationality: str = HOME
    state: DocumentState = DocumentState.OK
    warnings: list[str] = field(default_factory=list)


def judge(given: dict, on: date) -> Judged:
    """Judge the details of GuestIn as of a local day; raises Invalid naming each field to change."""
    if errors := lacking(given):
        raise Invalid(errors=errors)
    paper = _read(given, on)
    age = None if paper.birth_on is None else age_on(paper.birth_on, on)
    code = ga_code(given["document_kind"], paper.number or "", given["other_document"])
    holder = check_holder(paper.nationality, code)
    if holder.errors:
        raise Invalid(errors={"nationality": list(holder.errors)})
    clear = {
        "document_kind": given["document_kind"],
        "document_state": paper.state,
        "document_valid_until": given["valid_until"],
        "document_name": given["other_document"] and given["other_document"].value,
        "issuing_place": given["issuing_place"],
        "nationality": paper.nationality,
        "sex": paper.sex or given["sex"] or Sex.UNKNOWN,
        "age_at_check_in": age,
        "relation": given["relation"],
        "relation_given": given["relation"] is not None,
        "guardian_contact_given": bool(given["guardian_phone"]),
        "is_overseas": needs_overseas_report(paper.nationality, code),
    }
    clear["missing"] = missing_of(clear)
    return Judged(clear, _secret(given, paper), _identity(given, paper), (*paper.warnings, *holder.warnings))


def missing_of(clear: dict, has_report: bool = False) -> list[str]:
    """What a registration with these clear columns still lacks; the stay is saved all the same."""
    needs_guardian = is_minor(clear["age_at_check_in"])
    lacks = {
        Missing.DOCUMENT: clear["document_kind"] is DocumentKind.NONE,
        Missing.VALID_NUMBER: clear["document_state"]
        in (DocumentState.BAD_CHECK_DIGIT, DocumentState.UNREADABLE),
        Missing.GUARDIAN_CONTACT: needs_guardian and not clear["guardian_contact_given"],
        Missing.RELATION: needs_guardian and not clear["relation_given"],
        Missing.OVERSEAS_REPORT: clear["is_overseas"] and not has_report,
    }
    return [what.value for what, is_lacking in lacks.items() if is_lacking]


def lacking(given: dict) -> dict[str, list[str]]:
    """What the chosen kind of paper cannot do without, by field. Having none takes only a reason."""
    match given.get("document_kind"):
        case None:
            # A kind that is not understood is said itself, and asks for nothing more.
            needed = {}
        case DocumentKind.NONE:
            needed = {"none_reason": _("请说明暂无证件的原因，登记照常保存")}
        case DocumentKind.PASSPORT:
            needed = {"number": NO_NUMBER, "nationality": NO_COUNTRY, "birth_on": _("护照住客请填写出生日期")}
        case DocumentKind.OTHER:
            needed = {
                "other_document": _("请选择是哪一种证件"),
                "issuing_place": _("请填写签发地"),
                "number": _("请照证件填写号码"),
            }
            if given.get("other_document") in NOT_OF_HERE:
                needed["nationality"] = NO_COUNTRY
        case _:
            needed = {"number": NO_NUMBER}
    return {name: [str(words)] for name, words in needed.items() if not given.get(name)}


def _read(given: dict, on: date) -> _Paper:
    match given["document_kind"]:
        case DocumentKind.NONE | DocumentKind.OTHER:
            paper = _without_rule(given)
        case DocumentKind.PASSPORT:
            paper = _passport(given)
        case _:
            paper = _resident(given, on)
    if paper.birth_on and paper.birth_on > on:
        raise Invalid(errors={"birth_on": [_("出生日期不能晚于今天")]})
    if given["valid_until"] and given["valid_until"] < on:
        paper.state = DocumentState.EXPIRED
        paper.warnings.append(_("证件已过有效期，请住客出示有效证件或到派出所开具证明"))
    return paper


def _resident(given: dict, on: date) -> _Paper:
    reading = read_id_number(given["number"], on)
    if reading.errors:
        raise Invalid(errors={"number": list(reading.errors)})
    paper = IdDocument(given["document_kind"], reading.number, given["birth_on"], given["sex"])
    if document_state(paper, on) is DocumentState.BIRTH_OR_SEX_DIFFERS:
        raise Invalid(errors=_differing(given, reading))
    nationality = reading.nationality or HOME
    return _Paper(
        reading.number, reading.birth_on, reading.sex, nationality, reading.state, list(reading.warnings)
    )


def _differing(given: dict, reading) -> dict:
    errors = {}
    if given["birth_on"] and given["birth_on"] != reading.birth_on:
        errors["birth_on"] = [_("出生日期与身份证号不一致，请核对；可留空由号码读出")]
    if given["sex"] in (Sex.MALE, Sex.FEMALE) and given["sex"] != reading.sex:
        errors["sex"] = [_("性别与身份证号不一致，请核对；可留空由号码读出")]
    return errors


def _passport(given: dict) -> _Paper:
    reading = read_passport(given["number"], given["nationality"])
    if reading.errors:
        raise Invalid(errors={"number": list(reading.errors)})
    return _Paper(
        reading.number, given["birth_on"], given["sex"], reading.nationality, warnings=list(reading.warnings)
    )


def _without_rule(given: dict) -> _Paper:
    """A paper whose number has no rule yet, or none: what was typed is kept as it is."""
    number = given["number"] if given["document_kind"] is DocumentKind.OTHER else None
    return _Paper(number, given["birth_on"], given["sex"], country_code(given["nationality"] or HOME))


def _identity(given: dict, paper: _Paper) -> str | None:
    """A resident number speaks for itself; any other number only together with kind and country."""
    if paper.number is None:
        return None
    if given["document_kind"].carries_resident_number:
        return paper.number
    return identity_text(given["document_kind"], paper.number, paper.nationality, given["other_document"])


def identity_text(
    kind: DocumentKind, number: str, nationality: str = "CHN", other: OtherDocument | None = None
) -> str:
    """The text a person's fingerprint is made of, for registering and for looking up alike."""
    if kind.carries_resident_number:
        return number
    return f"{other.value if other else kind.value}:{nationality}:{number}"


def _secret(given: dict, paper: _Paper) -> dict:
    guardian = " ".join(filter(None, (given["guardian_name"], given["guardian_phone"]))) or None
    return {
        "name": given["name"],
        "number": paper.number,
        "phone": given["phone"],
        "birth": paper.birth_on and paper.birth_on.isoformat(),
        "guardian": guardian,
        "explanation": given["explanation"] or given["none_reason"],
    }


__all__ = ["MINOR", "Judged", "Relation", "identity_text", "judge", "missing_of"]
