"""The words ledgers use for papers, relations, sexes, countries and kinds of operation."""

import json
import re
from functools import cache

from ..stays.divisions import country_code, country_codes, country_name
from ..stays.identity import DocumentKind, OtherDocument, Sex
from ..stays.models import Relation
from ..units.models import PartyRoleKind
from .columns import DATA

_MEANINGS = {
    "kinds": DocumentKind,
    "others": OtherDocument,
    "relations": Relation,
    "sexes": Sex,
    "roles": PartyRoleKind,
    "countries": str,
}
_COMPANY = re.compile(
    r"公司|企业|民宿|酒店|公寓|合作社|中心|事务所|工作室|\(个体工商户\)|（个体工商户）|经营部|商行|店$"
)


def document_kind_of(word: str) -> tuple[DocumentKind, OtherDocument | None] | None:
    """The kind of paper (and which, if it is another document); a paper that is not known is OTHER as named."""
    plain = word.upper()
    if kind := _known("kinds").get(plain):
        return kind, None
    return (DocumentKind.OTHER, other) if (other := _known("others").get(plain)) else None


def relation_of(word: str) -> Relation:
    """How a guest relates to the one who booked; a word we do not know is still a relation given."""
    return _known("relations").get(word, Relation.OTHER)


def sex_of(word: str) -> Sex | None:
    return _known("sexes").get(word.upper())


def role_of(word: str) -> PartyRoleKind | None:
    return _known("roles").get(word)


def nationality_of(word: str) -> str | None:
    """The three-letter code of a country named in Chinese, English or by its code."""
    return country_code(word) or _known("countries").get(word.upper().removesuffix("籍"))


def is_company(name: str) -> bool:
    """Does this landlord's name sound like a company's?"""
    return bool(_COMPANY.search(name))


@cache
def _known(table: str) -> dict:
    words = json.loads((DATA / "words.json").read_text("utf-8"))[table]
    known = {word: _MEANINGS[table](meaning) for meaning, said in words.items() for word in said.split()}
    if table != "countries":
        return known
    return {country_name(code, lang).upper(): code for code in country_codes() for lang in ("en", "zh")} | known
