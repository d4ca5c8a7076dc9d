"""Which paper a guest showed: the kinds, their GA/T 517 codes, and who can hold which."""

from enum import StrEnum
from typing import NamedTuple

from ..core.i18n import _, lazy


class DocumentKind(StrEnum):
    """OTHER takes a number as typed, NONE a reason: nobody stays unregistrable."""

    RESIDENT_ID = "resident_id"
    TEMPORARY_ID = "temporary_id"
    HOUSEHOLD_REGISTER = "household_register"
    PASSPORT = "passport"
    OTHER = "other"
    NONE = "none"

    @property
    def label(self):
        return KIND_LABELS[self]

    @property
    def carries_resident_number(self) -> bool:
        """Is its number the eighteen digits of GB 11643?"""
        return self in (DocumentKind.RESIDENT_ID, DocumentKind.TEMPORARY_ID, DocumentKind.HOUSEHOLD_REGISTER)


KIND_LABELS = {
    DocumentKind.RESIDENT_ID: lazy("居民身份证"),
    DocumentKind.TEMPORARY_ID: lazy("临时居民身份证"),
    DocumentKind.HOUSEHOLD_REGISTER: lazy("户口簿"),
    DocumentKind.PASSPORT: lazy("护照"),
    DocumentKind.OTHER: lazy("其他证件"),
    DocumentKind.NONE: lazy("暂无证件"),
}


class OtherDocument(StrEnum):
    """What OTHER may be."""

    MILITARY_ID = "military_id"
    BIRTH_CERTIFICATE = "birth_certificate"
    DRIVING_LICENCE = "driving_licence"
    TAIWAN_TRAVEL_PERMIT = "taiwan_travel_permit"
    HK_MACAO_EXIT_PERMIT = "hk_macao_exit_permit"
    HK_MACAO_TRAVEL_PERMIT = "hk_macao_travel_permit"
    TAIWAN_EXIT_PERMIT = "taiwan_exit_permit"
    RESIDENCE_PERMIT = "residence_permit"
    PERMANENT_RESIDENCE = "permanent_residence"
    UNLISTED = "unlisted"

    @property
    def label(self):
        return OTHER_LABELS[self]


OTHER_LABELS = {
    OtherDocument.TAIWAN_TRAVEL_PERMIT: lazy("台湾居民来往大陆通行证"),
    OtherDocument.HK_MACAO_TRAVEL_PERMIT: lazy("港澳居民来往内地通行证"),
    OtherDocument.RESIDENCE_PERMIT: lazy("港澳台居民居住证"),
    OtherDocument.PERMANENT_RESIDENCE: lazy("外国人永久居留身份证"),
    OtherDocument.MILITARY_ID: lazy("军人证"),
    OtherDocument.BIRTH_CERTIFICATE: lazy("出生医学证明"),
    OtherDocument.DRIVING_LICENCE: lazy("驾驶证"),
    OtherDocument.HK_MACAO_EXIT_PERMIT: lazy("往来港澳通行证"),
    OtherDocument.TAIWAN_EXIT_PERMIT: lazy("大陆居民往来台湾通行证"),
    OtherDocument.UNLISTED: lazy("其他"),
}

GA_T_517: dict[StrEnum, str] = {
    DocumentKind.RESIDENT_ID: "111",
    DocumentKind.TEMPORARY_ID: "112",
    DocumentKind.HOUSEHOLD_REGISTER: "113",
    DocumentKind.PASSPORT: "414",
    OtherDocument.MILITARY_ID: "114",
    OtherDocument.BIRTH_CERTIFICATE: "117",
    OtherDocument.DRIVING_LICENCE: "335",
    OtherDocument.TAIWAN_TRAVEL_PERMIT: "511",
    OtherDocument.HK_MACAO_EXIT_PERMIT: "513",
    OtherDocument.HK_MACAO_TRAVEL_PERMIT: "516",
    OtherDocument.TAIWAN_EXIT_PERMIT: "517",
    OtherDocument.RESIDENCE_PERMIT: "550",
    OtherDocument.PERMANENT_RESIDENCE: "553",
}


class DocumentState(StrEnum):
    """What the paper says of itself, worst first: kept in clear because rules need it."""

    UNREADABLE = "unreadable"
    BAD_CHECK_DIGIT = "bad_check_digit"
    BIRTH_OR_SEX_DIFFERS = "birth_or_sex_differs"
    EXPIRED = "expired"
    OK = "ok"

    @property
    def label(self):
        return STATE_LABELS[self]


STATE_LABELS = {
    DocumentState.UNREADABLE: lazy("证件号无法识别"),
    DocumentState.BAD_CHECK_DIGIT: lazy("证件号校验位不符"),
    DocumentState.BIRTH_OR_SEX_DIFFERS: lazy("出生日期或性别与证件号不符"),
    DocumentState.EXPIRED: lazy("证件已过期"),
    DocumentState.OK: lazy("证件无误"),
}


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"

    @property
    def label(self):
        return SEX_LABELS[self]


SEX_LABELS = {Sex.MALE: lazy("男"), Sex.FEMALE: lazy("女"), Sex.UNKNOWN: lazy("未说明")}


class Origin(StrEnum):
    """Where a guest is from, as the law of registration asks (eel-2012-39-2, tw-2015-16, hkmo-1986-17)."""

    MAINLAND = "mainland"
    HK_MACAO = "hk_macao"
    TAIWAN = "taiwan"
    FOREIGN = "foreign"


ORIGINS = {"CHN": Origin.MAINLAND, "HKG": Origin.HK_MACAO, "MAC": Origin.HK_MACAO, "TWN": Origin.TAIWAN}

# GA/T 517 codes: all that residents of these places hold, and what nobody of the others holds.
HELD_BY = {Origin.HK_MACAO: {"516", "550"}, Origin.TAIWAN: {"511", "550"}}
NEVER_HELD_BY = {
    Origin.MAINLAND: {"511", "516", "550", "553"},
    Origin.FOREIGN: {"111", "112", "113", "114", "117", "513", "517"},
}
RESIDENT_NUMBERS = {"111", "112", "113"}


class Problems(NamedTuple):
    """Sentences for the person at the form: errors stop, warnings ask to look again."""

    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def origin_of(nationality: str) -> Origin:
    """Where the law of registration puts a three-letter code; whoever is not Chinese is foreign."""
    return ORIGINS.get(nationality, Origin.FOREIGN)


def ga_code(kind: DocumentKind, number: str = "", other: OtherDocument | None = None) -> str | None:
    """The GA/T 517 code of a paper, None where the standard has none that we know.

    A card with a resident number may be a residence permit (81, 82, 83) or a permanent residence card (9).
    """
    if kind.carries_resident_number and number[:6] in ("810000", "820000", "830000"):
        return GA_T_517[OtherDocument.RESIDENCE_PERMIT]
    if kind.carries_resident_number and number[:1] == "9":
        return GA_T_517[OtherDocument.PERMANENT_RESIDENCE]
    return GA_T_517.get(other if kind is DocumentKind.OTHER else kind)


def check_holder(nationality: str, code: str | None) -> Problems:
    """Can a person of this nationality hold a paper of this GA/T 517 code?"""
    origin = origin_of(nationality)
    if code is None or (code not in NEVER_HELD_BY.get(origin, ()) and code in HELD_BY.get(origin, {code})):
        return Problems()
    if code in RESIDENT_NUMBERS:
        return Problems(errors=(_("这个国家或地区的人不使用居民身份证号，请核对国籍或改选证件种类"),))
    return Problems(warnings=(_("这个国家或地区的人一般不使用这种证件，请核对"),))


def needs_overseas_report(nationality: str, code: str | None) -> bool:
    """Is this guest to be reported within a day? Holders of residence permits are not in the texts read."""
    return origin_of(nationality) is not Origin.MAINLAND and code != GA_T_517[OtherDocument.RESIDENCE_PERMIT]
