"""A05 未退房：过了预计离店时间仍未办理退房。三小时提醒，十二小时预警，二十四小时升级。"""

from datetime import timedelta

from sqlalchemy import Select, func, select, union_all

from ...alerts.models import Severity
from ...core.i18n import lazy
from ...core.portable import later_by
from ...stays.models import Guest, Stay
from ..base import AT_ONCE, FIELD, LANDLORD, Item, Rule, Turn, fires, quiet
from ..bases import everywhere
from ..lodging import is_open


class Overstay(Rule):
    code = "A05"
    title = lazy("未退房")
    severity = Severity.P3
    turns = (Turn(AT_ONCE, LANDLORD), Turn(timedelta(hours=12), FIELD))
    resolve_within = timedelta(days=1)
    basis = everywhere("pipl-2021-46")
    harbour = True
    why = lazy("登记上还在住的人，其实走没走不知道；今晚谁在楼里就不准。")
    says = lazy("应于 %(planned_at)s 离店，已过 %(hours)s 小时，%(guests)s 位住客尚未办理退房。")
    advice = lazy("1. 已离店的请补办退房，按真实时间；2. 续住的请改预计离店时间；3. 联系不上的，上门查看。")
    false_alarms = (lazy("已离店，忘了办退房"), lazy("续住，忘了改时间"))
    checklist = (
        Item("present", lazy("在场情况与登记一致（只数人数）")),
        Item("times", lazy("离店或续住时间已问清并更正")),
    )
    from_pack = {
        "remind_hours": "overstay_note",
        "alert_hours": "overstay_breach",
        "raise_hours": "overstay_raise",
    }
    labels = {
        "planned_at": lazy("预计离店"),
        "hours": lazy("已过（小时）"),
        "guests": lazy("未退房住客"),
        "remind_hours": lazy("过多久提醒（小时）"),
        "alert_hours": lazy("过多久预警（小时）"),
        "raise_hours": lazy("过多久升级（小时）"),
    }

    def find(self, at, ids, remind_hours=3, alert_hours=12, raise_hours=24) -> Select:
        return (
            select(
                Stay.unit_id,
                Stay.id.label("part"),
                Stay.checks_out_at.label("planned_at"),
                Stay.checks_out_at.label("newest_at"),
                func.count(Guest.id).label("guests"),
            )
            .join(Guest, Guest.stay_id == Stay.id)
            .where(
                is_open(at, ids),
                Guest.voided_at.is_(None),
                Guest.left_at.is_(None),
                Stay.checks_out_at <= at - timedelta(hours=remind_hours),
            )
            .group_by(Stay.id, Stay.unit_id, Stay.checks_out_at)
        )

    def due(self, ids, at, remind_hours=3, alert_hours=12, raise_hours=24) -> Select:
        steps = [timedelta(hours=hours) for hours in (remind_hours, alert_hours, raise_hours)]
        return union_all(
            *(
                select(Stay.unit_id.label("key"), later_by(Stay.checks_out_at, step).label("at")).where(
                    is_open(at, ids), Stay.checks_out_at > at - step
                )
                for step in steps
            )
        )

    def refine(self, facts, at):
        return facts | {"hours": int((at - facts["planned_at"]).total_seconds() // 3600)}

    def grade(self, facts, at):
        return Severity.P2 if facts["hours"] >= facts["raise_hours"] else Severity.P3

    def is_note(self, facts):
        return facts["hours"] < facts["alert_hours"]

    cases = (
        fires("过三小时，只是提醒", lambda w: w.unit("A").stay(hours=-30, out=-3).guest(), is_note=True),
        quiet("差一分钟到三小时", lambda w: w.unit("A").stay(hours=-30, out=-2.99).guest()),
        fires("过十二小时", lambda w: w.unit("A").stay(hours=-30, out=-12).guest(), severity=Severity.P3),
        fires("过二十四小时", lambda w: w.unit("A").stay(hours=-48, out=-24).guest(), severity=Severity.P2),
        quiet("已退房", lambda w: w.unit("A").stay(hours=-48, out=-24, ended=-20).guest()),
        quiet("住客都已离店", lambda w: w.unit("A").stay(hours=-48, out=-24).guest(left=-20)),
        quiet("没有住客，归 A01", lambda w: w.unit("A").stay(hours=-48, out=-24)),
        quiet("已续住", lambda w: w.unit("A").stay(hours=-48, out=5).guest()),
    )
