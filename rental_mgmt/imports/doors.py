"""Which door a row speaks of, however it is written: 3栋 2单元 1203室, 3-2-1203, 东方新城3号楼2单元1203."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from ..core.i18n import _
from .cells import Unreadable, chinese_number

_NUMBER = r"[0-9]{1,4}|[A-Z][0-9]{0,3}|[一二三四五六七八九十]{1,3}"
_BUILDING = re.compile(rf"(?:第)?({_NUMBER})(?:号?[栋幢楼座]|号楼|#楼?|号)?(?:楼)?", re.ASCII)
_ENTRANCE = re.compile(rf"(?:第)?({_NUMBER})(?:单元|门|梯|号门)?", re.ASCII)
_WHOLE = re.compile(
    rf"(?P<compound>.*?)(?P<building>{_NUMBER})(?:号?[栋幢楼座]|号楼|#楼?)"
    rf"(?:(?P<entrance>{_NUMBER})(?:单元|门))?(?:(?P<floor>[0-9]{{1,2}})[层楼])?(?P<door>[0-9A-Z][0-9A-Z\-]{{0,9}})",
    re.ASCII,
)
_DOOR = re.compile(r"[0-9A-Z][0-9A-Z\-]{0,9}", re.ASCII)
_FLOOR = re.compile(r"-?[0-9]{1,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Door:
    """A door inside its compound. `building` and `entrance` are "" where the ledger has none."""

    building: str
    entrance: str
    door: str
    floor: int | None = None

    @property
    def code(self) -> str:
        """What tells the door from others in the building: 2-1203, or 1203 where there are no entrances."""
        return f"{self.entrance}-{self.door}" if self.entrance else self.door

    @property
    def key(self) -> tuple[str, str]:
        return self.building, self.code

    def __str__(self) -> str:
        building = _("%(n)s栋", n=self.building) if self.building else ""
        entrance = _("%(n)s单元", n=self.entrance) if self.entrance else ""
        return _("%(building)s%(entrance)s%(door)s", building=building, entrance=entrance, door=self.door)


# A ledger names the same few hundred doors over and over.
@lru_cache(maxsize=4096)
def read_door(building: str, entrance: str, door: str, floor: str = "", address: str = "") -> Door:
    """The door that these cells name. Raises Unreadable when they name none, or two different ones."""
    inside = _taken_apart(door) or (_taken_apart(address) if not door else None)
    if inside is None:
        number = _plain(door).removesuffix("室").removesuffix("号").removesuffix("房")
        if not number:
            raise Unreadable(_("没有房号"))
        if not _DOOR.fullmatch(number):
            raise Unreadable(_("房号看不懂，请写成 1203 或 3-2-1203（栋-单元-房号）"))
        inside = ("", "", number)
    building = _same(_numbered(_BUILDING, building, _("楼栋看不懂，请写成 3栋 或 3")), inside[0])
    entrance = _same(_numbered(_ENTRANCE, entrance, _("单元看不懂，请写成 2单元 或 2")), inside[1])
    return Door(building, entrance, inside[2], _floor(floor, inside[2]))


def _taken_apart(text: str) -> tuple[str, str, str] | None:
    """(building, entrance, door) out of one text, or None if it is a door number alone."""
    plain = _plain(text).removesuffix("室").removesuffix("号").removesuffix("房")
    if found := _WHOLE.fullmatch(plain):
        return _digits(found["building"]), _digits(found["entrance"] or ""), found["door"]
    parts = plain.split("-")
    if len(parts) in (2, 3) and all(re.fullmatch(r"[0-9A-Z]{1,5}", part, re.ASCII) for part in parts):
        # 3-1203 is building and door; 12-3 could be a door as well, but nobody writes a floor of its own so.
        entrance = parts[1] if len(parts) == 3 else ""
        return _digits(parts[0]), _digits(entrance), parts[-1]
    return None


def _numbered(pattern: re.Pattern, text: str, remedy: str) -> str:
    plain = _plain(text)
    if not plain:
        return ""
    found = pattern.fullmatch(plain)
    if not found:
        raise Unreadable(remedy)
    return _digits(found[1])


def _same(alone: str, inside: str) -> str:
    if alone and inside and alone != inside:
        raise Unreadable(_("楼栋、单元与房号里写的不一致"))
    return alone or inside


def _floor(text: str, door: str) -> int | None:
    plain = _plain(text).removesuffix("层").removesuffix("楼").removesuffix("F")
    if _FLOOR.fullmatch(plain):
        return int(plain)
    return int(door[:-2]) if door.isdigit() and len(door) in (3, 4) else None


def _digits(text: str) -> str:
    """Leading zeros off and words to digits: 03 → 3, 十二 → 12; A2 stays."""
    number = chinese_number(text) if text else None
    if number is not None:
        return str(int(number))
    return text.lstrip("0") or text if text.isdigit() else text


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).upper()
    return re.sub(r"[\s,，、]", "", re.sub(r"[‐‑–—－_/]", "-", text))
