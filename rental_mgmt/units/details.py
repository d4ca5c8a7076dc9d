"""What a landlord says about a unit, written to its row: sealed where it names a person."""

import re
from datetime import time
from urllib.parse import urlsplit

from sqlalchemy import delete, select

from ..core import clock
from ..core.db import session
from ..core.errors import Invalid
from ..core.i18n import _, lazy
from ..core.seal import Retention, Where, seal, unseal_or_none
from .models import CleaningWindow, PartyRole, PartyRoleKind, Unit, UnitListing
from .packs import pack_of

# What a filing decides; after that it changes only by another filing.
DECIDED = ("area", "bedrooms", "beds", "declared_capacity", "legal_regime")
PLAIN = ("nickname", "house_rules", "neighbour_consent", "neighbour_consent_on")
CONTACT = ("safety_contact_name", "safety_contact_phone")

PLATFORMS = {
    "airbnb": lazy("爱彼迎"),
    "booking": lazy("Booking"),
    "ctrip": lazy("携程"),
    "fliggy": lazy("飞猪"),
    "meituan": lazy("美团民宿"),
    "muniao": lazy("木鸟"),
    "qunar": lazy("去哪儿"),
    "tujia": lazy("途家"),
    "xiaozhu": lazy("小猪"),
}
WEEKDAYS = (lazy("周一"), lazy("周二"), lazy("周三"), lazy("周四"), lazy("周五"), lazy("周六"), lazy("周日"))
# As typed in either language: 周三 10:00-11:30, 每天 …, Wed 10:00-11:30, daily ….
_DAYS = {
    **dict.fromkeys(("", "每天", "每日", "daily")),
    **{f"{start}{day}": n for n, day in enumerate("一二三四五六日") for start in ("周", "星期")},
    **{f"{start}天": 6 for start in ("周", "星期")},
    **{day: n for n, day in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))},
}
_WINDOW = re.compile(
    r"(?P<day>\D*?)\s*(?P<from>\d{1,2}[:：]\d{2})\s*[-–—~～至到]\s*(?P<to>\d{1,2}[:：]\d{2})", re.ASCII
)


def write_decided(unit: Unit, details: dict) -> None:
    """Area, beds and so on, and the provisional limit that follows from them."""
    for name in DECIDED:
        setattr(unit, name, details[name])
    unit.capacity = pack_of(unit).capacity.limit(unit.beds, unit.area, unit.declared_capacity)


def write_words(unit: Unit, details: dict) -> None:
    """Names, rules, consent and the safety contact: a landlord may change them at any time."""
    for name in PLAIN:
        setattr(unit, name, details[name])
    write_contact(unit, details)


def write_contact(unit: Unit, details: dict) -> None:
    """Who answers for the unit's safety, sealed."""
    for name in CONTACT:
        given = details[name]
        setattr(unit, f"{name}_sealed", seal(given, _where(unit, name), Retention.UNIT) if given else None)


def write_lists(unit: Unit, details: dict) -> None:
    """Where the unit is offered and when it is cleaned, in place of what was there."""
    _replace(UnitListing, unit, [_listing(unit, url) for url in dict.fromkeys(details["listings"])])
    windows = dict.fromkeys(_read_windows(details["cleaning_windows"]))
    _replace(CleaningWindow, unit, [CleaningWindow(unit_id=unit.id, **dict(window)) for window in windows])


def _replace(table, unit: Unit, rows: list) -> None:
    session.execute(delete(table).where(table.unit_id == unit.id))
    session.add_all(rows)


def _where(unit: Unit, name: str) -> Where:
    return Where("unit", f"{name}_sealed", unit.uid)


def contact_of(unit: Unit) -> dict[str, str]:
    """The safety contact in clear: for the landlord's own forms, or to be masked."""
    return {name: unseal_or_none(getattr(unit, f"{name}_sealed"), _where(unit, name)) or "" for name in CONTACT}


# --- listings -----------------------------------------------------------------------------------------------


def _listing(unit: Unit, url: str) -> UnitListing:
    host = urlsplit(url).hostname or ""
    platform = next((name.message for word, name in PLATFORMS.items() if word in host), host)
    return UnitListing(unit_id=unit.id, platform=platform, url=url)


def listings_of(unit: Unit) -> list[UnitListing]:
    return list(
        session.scalars(select(UnitListing).where(UnitListing.unit_id == unit.id).order_by(UnitListing.id))
    )


# --- cleaning windows ---------------------------------------------------------------------------------------


def _read_windows(lines: list[str]) -> list[tuple]:
    try:
        return [_read_window(line) for line in lines]
    except ValueError:
        example = _("一行一段，如“每天 10:00-14:00”或“周三 09:30-11:00”，结束要晚于开始")
        raise Invalid(errors={"cleaning_windows": [example]}) from None


def _read_window(line: str) -> tuple:
    found = _WINDOW.fullmatch(line.strip())
    day = found["day"].strip().lower() if found else None
    if day not in _DAYS:
        raise ValueError(line)
    start, end = _minute(found["from"]), _minute(found["to"])
    if not start < end:
        raise ValueError(line)
    return ("weekday", _DAYS[day]), ("from_minute", start), ("to_minute", end)


def _minute(words: str) -> int:
    hour, minute = (int(part) for part in words.replace("：", ":").split(":"))
    if (hour, minute) == (24, 0):
        return 24 * 60
    at = time(hour, minute)
    return at.hour * 60 + at.minute


def windows_of(unit: Unit) -> list[str]:
    """The cleaning windows as a landlord types them."""
    query = select(CleaningWindow).where(CleaningWindow.unit_id == unit.id).order_by(CleaningWindow.id)
    return [_written(window) for window in session.scalars(query)]


def _written(window: CleaningWindow) -> str:
    day = _("每天") if window.weekday is None else str(WEEKDAYS[window.weekday])
    start, end = (f"{at // 60:02}:{at % 60:02}" for at in (window.from_minute, window.to_minute))
    return f"{day} {start}-{end}"


# --- roles --------------------------------------------------------------------------------------------------


def present_role(unit: Unit) -> PartyRole | None:
    """The dated role of the party that runs the unit now."""
    return session.scalar(
        select(PartyRole)
        .where(PartyRole.unit_id == unit.id, PartyRole.party_id == unit.party_id, PartyRole.valid_to.is_(None))
        .order_by(PartyRole.id.desc())
        .limit(1)
    )


def write_role(unit: Unit, kind: PartyRoleKind) -> None:
    """From now on the unit's party runs it in this role; what was before keeps its dates."""
    at, role = clock.now(), present_role(unit)
    if role is not None:
        if role.role is kind:
            return
        role.valid_to = at
    session.add(PartyRole(unit_id=unit.id, party_id=unit.party_id, role=kind, valid_from=at))


def end_role(unit: Unit) -> None:
    if role := present_role(unit):
        role.valid_to = clock.now()
