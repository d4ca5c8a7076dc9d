"""What each role finds in its navigation, the daily things first."""

from dataclasses import dataclass

from flask import current_app, request, url_for

from ..core.access import Actor, Role
from ..core.i18n import Lazy, lazy


@dataclass(frozen=True)
class Entry:
    """One entry: where it leads, its word, its drawing."""

    endpoint: str
    label: Lazy
    icon: str


HOME = Entry("overview.home", lazy("首页"), "home")
ALERTS = Entry("alerts.index", lazy("预警"), "alert")
ORDERS = Entry("workorders.index", lazy("工单"), "order")
APPROVALS = Entry("workorders.approvals", lazy("审核"), "check")
UNITS = Entry("units.index", lazy("房源"), "unit")
FILINGS = Entry("units.filings", lazy("备案"), "document")
WALK = Entry("units.walk", lazy("楼层核查"), "inspection")
NOTICES = Entry("notices.index", lazy("通知"), "complaint")
ELEVATION = Entry("overview.compound", lazy("楼栋"), "building")
LOOKUP = Entry("exports.look_up", lazy("查询"), "search")
EXPORTS = Entry("exports.index", lazy("导出"), "download")
STATISTICS = Entry("reporting.index", lazy("统计"), "chart")
IMPORTS = Entry("imports.index", lazy("台账导入"), "upload")
PEOPLE = Entry("accounts.people", lazy("人员"), "people")
DEVICES = Entry("devices.index", lazy("设备"), "lock")
RULES = Entry("rules.index", lazy("规则"), "book")
PLACES = Entry("places.index", lazy("地点与网格"), "pin")
TRAIL = Entry("overview.trail", lazy("审计"), "audit")
SEEN = Entry("exports.who_saw", lazy("谁看过"), "eye")
HEALTH = Entry("overview.health", lazy("运行状况"), "shield")
KEYS = Entry("accounts.api_keys", lazy("接口密钥"), "key")

BY_ROLE: dict[Role, tuple[Entry, ...]] = {
    Role.LANDLORD: (HOME, UNITS, ALERTS, NOTICES, DEVICES, PEOPLE, RULES),
    Role.HELPER: (HOME, UNITS, NOTICES),
    Role.PROPERTY_MANAGER: (
        *(HOME, ALERTS, ORDERS, ELEVATION, APPROVALS, UNITS),
        *(NOTICES, IMPORTS, DEVICES, PEOPLE, STATISTICS, RULES),
    ),
    Role.GRID_WORKER: (HOME, ALERTS, ORDERS, WALK, UNITS, NOTICES, APPROVALS, RULES),
    Role.COMMUNITY_OFFICER: (
        *(HOME, STATISTICS, ALERTS, APPROVALS, RULES, UNITS),
        *(ELEVATION, PEOPLE, PLACES, IMPORTS, NOTICES),
    ),
    Role.POLICE_LIAISON: (
        *(HOME, LOOKUP, ALERTS, FILINGS, EXPORTS),
        *(UNITS, ORDERS, APPROVALS, STATISTICS, NOTICES, RULES),
    ),
    Role.STATION_LEAD: (HOME, EXPORTS, LOOKUP, ALERTS, APPROVALS, FILINGS, UNITS, STATISTICS, NOTICES, RULES),
    Role.SYSTEM_ADMIN: (HOME, PEOPLE, PLACES, RULES, KEYS, HEALTH, NOTICES),
    Role.SECURITY_ADMIN: (HOME, PEOPLE, HEALTH, NOTICES),
    Role.AUDITOR: (HOME, TRAIL, SEEN, STATISTICS, NOTICES, RULES),
}


def navigation(who: Actor | None, unread: int = 0) -> list[dict]:
    """The entries of a role as the layout draws them."""
    if who is None:
        return []
    return [
        {
            "url": url_for(entry.endpoint),
            "label": str(entry.label),
            "icon": entry.icon,
            "current": entry.endpoint == request.endpoint,
            "count": unread if entry is NOTICES else 0,
        }
        for entry in BY_ROLE.get(who.role, (HOME,))
        if entry.endpoint in current_app.view_functions
    ]
