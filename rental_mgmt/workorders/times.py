"""When to come again: three moments to tap, in the words people use for them."""

from datetime import datetime, time, timedelta

from ..core.clock import LOCAL, local_day, local_time
from ..core.i18n import _, lazy

WEEKDAYS = (
    lazy("周一"),
    lazy("周二"),
    lazy("周三"),
    lazy("周四"),
    lazy("周五"),
    lazy("周六"),
    lazy("周日"),
)
EVENING, MORNING = time(19), time(10)
AHEAD = timedelta(hours=1)


def again_at(now: datetime) -> list[tuple[str, str]]:
    """[(iso moment, words)]: this evening if it is not near, tomorrow morning and evening, the day after."""
    today = local_day(now)
    wanted = [(0, EVENING), (1, MORNING), (1, EVENING), (2, MORNING)]
    moments = [local_time(today + timedelta(days=days), at) for days, at in wanted]
    return [(at.isoformat(), _said(at, now)) for at in moments if at > now + AHEAD][:3]


def _said(at: datetime, now: datetime) -> str:
    day = local_day(at)
    near = {0: _("今天"), 1: _("明天")}.get((day - local_day(now)).days)
    weekday = str(WEEKDAYS[day.weekday()])
    return _("%(day)s %(hour)s 点再访", day=near or weekday, hour=at.astimezone(LOCAL).hour)
