"""Reads one row of a sheet of units."""

from dataclasses import dataclass, field

from ..core.i18n import _
from ..units.models import PartyRoleKind
from .cells import Unreadable, chinese_number, read_amount, read_count, read_phone, read_plain
from .doors import Door
from .rows import Problem, Reading
from .words import is_company, role_of

_SEPARATORS = str.maketrans(dict.fromkeys("/、,，;；|+＋&", " "))


@dataclass(slots=True)
class UnitRow:
    """A unit as a ledger knows it; what the ledger does not say is None or "". Areas in square metres."""

    sheet: str
    number: int
    door: Door | None
    area: float | None = None
    bedrooms: int | None = None
    beds: int | None = None
    declared_capacity: int | None = None
    landlord_name: str = ""
    landlord_phone: str = ""
    landlord_role: PartyRoleKind | None = None
    landlord_is_company: bool = False
    owner_name: str = ""
    owner_phone: str = ""
    safety_contact_name: str = ""
    safety_contact_phone: str = ""
    platforms: tuple[str, ...] = ()
    listing_url: str = ""
    grid: str = ""
    problems: list[Problem] = field(default_factory=list)


def read_unit(reading: Reading, sheet: str) -> UnitRow:
    """The unit of this row. No door is an error; an unreadable detail is left out with a warning."""
    unit = UnitRow(sheet, reading.row.number, reading.door(), problems=reading.problems)
    unit.area = reading.take("area", read_amount, 3, 5000)
    unit.bedrooms = reading.take("bedrooms", read_bedrooms)
    unit.beds = reading.take("beds", read_count, 0, 100)
    unit.declared_capacity = reading.take("declared_capacity", read_count, 1, 200)
    unit.platforms = tuple(reading.text("platform", 100).translate(_SEPARATORS).split())
    unit.grid = reading.text("grid", 50)
    unit.listing_url = _link(reading)
    _read_people(unit, reading)
    return unit


def read_bedrooms(cell) -> int | None:
    """2室1厅, 两室一厅, 3房 or a number; 单间 and 开间 are one."""
    text = read_plain(cell, 40)
    if "单间" in text or "开间" in text or "一居" in text:
        return 1
    rooms = text.partition("室")[0].partition("房")[0].partition("居")[0]
    count = int(rooms) if rooms.isdigit() and len(rooms) < 3 else chinese_number(rooms) if rooms else None
    if text and count is None:
        raise Unreadable(_("应为卧室数，如 2 或 2室1厅"))
    return None if count is None else int(count)


def _read_people(unit: UnitRow, reading: Reading) -> None:
    for name in ("landlord_name", "owner_name", "safety_contact_name"):
        setattr(unit, name, reading.text(name, 50))
    for phone in ("landlord_phone", "owner_phone", "safety_contact_phone"):
        setattr(unit, phone, reading.take(phone, read_phone) or "")
    # A ledger that names only the 户主 means the one who runs the unit.
    if not unit.landlord_name:
        unit.landlord_name = unit.owner_name
        unit.landlord_phone = unit.landlord_phone or unit.owner_phone
    if not unit.landlord_phone and reading.cell("landlord_phone") is None:
        reading.warn("landlord_phone", _("没有房东电话，只能凭认领码认领"))
    unit.landlord_is_company = is_company(unit.landlord_name)
    if word := reading.text("landlord_role", 30):
        unit.landlord_role = role_of(word)
        if unit.landlord_role is None:
            reading.warn("landlord_role", _("应为自营、二房东或托管公司（此项未采用）"))


def _link(reading: Reading) -> str:
    link = reading.text("listing_url", 500)
    if link and not link.lower().startswith("https://"):
        reading.warn("listing_url", _("链接应以 https:// 开头（此项未采用）"))
        return ""
    return link
