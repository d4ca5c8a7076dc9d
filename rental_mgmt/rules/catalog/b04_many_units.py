"""B04 一人频繁多房：同一证件七天内住过三处，或三十天内住过五处不同房源。"""

from datetime import timedelta

from sqlalchemy import Select, case, func, or_, select

from ...alerts.models import Severity
from ...core.i18n import lazy
from ...core.portable import among, greatest
from ...core.touch import Kind
from ...stays.models import Guest, Stay
from ...units.models import Unit
from ..base import AT_ONCE, JUDGED_FOR, POLICE, Item, Rule, Turn, fires, quiet
from ..bases import REGISTER, and_also
from ..lodging import gone_at, one_flat

WEEK, MONTH = timedelta(days=7), timedelta(days=30)


class ManyUnits(Rule):
    code = "B04"
    kind = Kind.PERSON
    title = lazy("一人频繁多房")
    severity = Severity.P3
    turns = (Turn(AT_ONCE, POLICE),)
    resolve_within = timedelta(days=1)
    basis = and_also(REGISTER, "pipl-2021-34")
    is_identity = True
    closes_when_gone = False
    # Known crews, teams and workers: judged once, they rest.
    rests_for = timedelta(days=14)
    why = lazy("短期内不断换住处，可能是躲避、组织活动或替人登记；也可能只是出差。")
    says = lazy("同一证件 7 天内登记在 %(week)s 处不同房源，30 天内 %(month)s 处。")
    advice = lazy(
        "1. 查看是否出差、团队、施工人员；2. 属实无碍的办结，十四天内不再提示；3. 有疑点的按规定核查。"
    )
    false_alarms = (lazy("出差或施工人员"), lazy("运动队、剧组"), lazy("房源更换安排"))
    checklist = (
        Item("reason", lazy("频繁更换住处的原因已问清（由民警了解）")),
        Item("persons", lazy("本人入住")),
    )
    labels = {
        "week": lazy("7 天内房源数"),
        "month": lazy("30 天内房源数"),
        "week_units": lazy("7 天内几处算频繁"),
        "month_units": lazy("30 天内几处算频繁"),
    }

    def find(self, at, ids, week_units=3, month_units=5) -> Select:
        counted = _lodgings(at, ids)
        this_week = counted.c.arrived_at > at - WEEK
        week = func.count(counted.c.flat.distinct()).filter(this_week)
        month = func.count(counted.c.flat.distinct())
        wrong = (
            select(
                counted.c.person_id,
                week.label("week"),
                month.label("month"),
                func.min(counted.c.arrived_at).filter(this_week).label("week_from"),
                func.min(counted.c.arrived_at).label("month_from"),
                func.max(greatest(counted.c.arrived_at, counted.c.recorded_at)).label("newest_at"),
            )
            .group_by(counted.c.person_id)
            .having(or_(week >= week_units, month >= month_units), func.max(counted.c.judged) == 1)
            .subquery()
        )
        return (
            select(
                wrong.c.person_id.label("key"),
                counted.c.unit_id,
                *(c for c in wrong.c if c.name != "person_id"),
            )
            .join(counted, counted.c.person_id == wrong.c.person_id)
            .order_by(wrong.c.person_id, counted.c.arrived_at.desc(), counted.c.unit_id)
        )

    def due(self, ids, at, week_units=3, month_units=5) -> Select:
        return select(Guest.person_id.label("key"), Guest.arrived_at.label("at")).where(
            among(Guest.person_id, ids),
            Guest.person_id.is_not(None),
            Guest.voided_at.is_(None),
            Guest.arrived_at > at,
        )

    def fades_at(self, facts, settings):
        by_week = facts["week_from"] + WEEK if facts["week"] >= settings["week_units"] else None
        by_month = facts["month_from"] + MONTH if facts["month"] >= settings["month_units"] else None
        return max(filter(None, (by_week, by_month)))

    cases = (
        fires(
            "七天内三处",
            lambda w: [
                w.unit(n).stay(days=-d, ended=-24 * d + 20).guest("甲")
                for n, d in (("C", 6), ("B", 4), ("A", 2))
            ],
            finds=("A", "B", "C"),
        ),
        quiet(
            "七天内两处",
            lambda w: [
                w.unit(n).stay(days=-d, ended=-24 * d + 20).guest("甲") for n, d in (("B", 4), ("A", 2))
            ],
        ),
        quiet(
            "同一处住三次",
            lambda w: [w.unit("A").stay(days=-d, ended=-24 * d + 20).guest("甲") for d in (6, 4, 2)],
        ),
        fires(
            "三十天内五处",
            lambda w: [
                w.unit(n).stay(days=-d, ended=-24 * d + 20).guest("甲")
                for n, d in zip("EDCBA", (29, 22, 15, 9, 2), strict=True)
            ],
            finds="ABCDE",
        ),
        quiet(
            "三十天内四处",
            lambda w: [
                w.unit(n).stay(days=-d, ended=-24 * d + 20).guest("甲")
                for n, d in zip("DCBA", (22, 15, 9, 2), strict=True)
            ],
        ),
        quiet(
            "都在一周以前结束",
            lambda w: [
                w.unit(n).stay(days=-d, ended=-24 * d + 20).guest("甲")
                for n, d in zip("EDCBA", (28, 25, 20, 15, 9), strict=True)
            ],
        ),
        fires(
            "导入的历史也算",
            lambda w: [
                w.unit(n).stay(days=-d, ended=-24 * d + 20).guest("甲", imported=True)
                for n, d in (("C", 6), ("B", 4), ("A", 2))
            ],
            finds=("A", "B", "C"),
        ),
    )


def _lodgings(at, ids):
    still = or_(gone_at().is_(None), gone_at() >= at - JUDGED_FOR)
    return (
        select(
            Guest.person_id,
            Guest.unit_id,
            Guest.arrived_at,
            Guest.recorded_at,
            one_flat().label("flat"),
            case((still, 1), else_=0).label("judged"),
        )
        .join(Stay, Stay.id == Guest.stay_id)
        .join(Unit, Unit.id == Guest.unit_id)
        .where(
            among(Guest.person_id, ids),
            Guest.person_id.is_not(None),
            Guest.voided_at.is_(None),
            Stay.cancelled_at.is_(None),
            Guest.arrived_at > at - MONTH,
            Guest.arrived_at <= at,
        )
        .cte("lodgings")
    )
