"""Where a number was first issued and whose passport it is: two small tables with their source and date."""

import json
from functools import cache
from pathlib import Path

from ..core import i18n

DATA = Path(__file__).parent / "data"


@cache
def _table(name: str) -> dict:
    return json.loads((DATA / f"{name}.json").read_text("utf-8"))


@cache
def _divisions() -> dict[str, str]:
    table = _table("divisions")
    return table["former"] | table["current"]


@cache
def _prefectures_with_counties() -> frozenset[str]:
    return frozenset(code[:4] for code in _divisions() if len(code) == 6)


def division_name(code: str) -> str | None:
    """The names of a six-digit division as far as the table knows them (四川省成都市武侯区), None if unknown.

    A county is unknown only where the table lists the counties of its prefecture.
    """
    names = _divisions()
    province, prefecture, county = names.get(code[:2]), names.get(code[:4]), names.get(code)
    if code[:2] in ("81", "82", "83"):
        return province if code[2:] == "0000" else None
    if not province or not prefecture:
        return None
    if not county and code[4:] != "00" and code[:4] in _prefectures_with_counties():
        return None
    return province + "".join(name for name in (prefecture, county) if name and not _is_filler(name))


def _is_filler(name: str) -> bool:
    """A row of the table that is no place by itself: 市辖区, 县, 省直辖县级行政单位."""
    return name in ("市辖区", "市", "县") or "直辖" in name


def table_date() -> str:
    """The day as of which the divisions are listed, ISO 8601."""
    return _table("divisions")["date"]


def country_code(text: str) -> str | None:
    """The three-letter code (ICAO 9303) as typed or as a passport prints it (D<<), None if there is none."""
    code = text.strip().upper().rstrip("<")
    code = _table("countries")["aliases"].get(code, code)
    return code if code in _table("countries")["countries"] else None


def country_name(code: str, locale: str | None = None) -> str:
    """The name of a country in a language (zh, en; else the present one); an unknown code is its own name."""
    names = _table("countries")["countries"].get(code, {})
    return names.get(locale or i18n.locale(), code)


@cache
def _numeric_codes() -> dict[str, str]:
    return {row["numeric"]: code for code, row in _table("countries")["countries"].items() if row["numeric"]}


def country_of_numeric(digits: str) -> str | None:
    """The three-letter code of an ISO 3166 numeric code, as permanent residence cards carry it."""
    return _numeric_codes().get(digits)


def country_codes() -> tuple[str, ...]:
    """All codes a nationality may have, for a list to choose from."""
    return tuple(_table("countries")["countries"])


# Home, and what carries a permit of its own.
FIRST = ("CHN", "HKG", "MAC", "TWN")


def countries_to_choose() -> list[tuple[str, str]]:
    """(code, name) for a list on a form: home first, then by name; in Chinese as GB 18030 sorts, by sound."""
    named = ((country_name(code), code) for code in country_codes() if code not in FIRST)
    rest = sorted(named, key=lambda one: one[0].encode("gb18030"))
    return [(code, country_name(code)) for code in FIRST] + [(code, name) for name, code in rest]
