"""A02 超时登记：住客到达两小时以后才登记。自愿补登只作提示，被问过才补登的才算预警。"""

from datetime import timedelta

from sqlalchemy import Integer, Select, and_, cast, func, select

from ...alerts.models import Alert, Severity
from ...core.i18n import lazy
from ...core.portable import seconds_between
from ...core.touch import Kind
from ...stays.models import Guest, Stay
from ..base import AT_ONCE, FIELD, JUDGED_FOR, LANDLORD, Item, Rule, Turn, fires, quiet
from ..bases import REGISTER
from ..lodging import is_judged, was_typed_in

OFTEN = 3


class RegisteredLate(Rule):
    code = "A02"
    title = lazy("超时登记")
    severity = Severity.P3
    turns = (Turn(AT_ONCE, LANDLORD), Turn(timedelta(hours=2), FIELD))
    resolve_within = timedelta(days=1)
    basis = REGISTER
    harbour = True
    why = lazy("登记晚了，其间住的是谁就说不清。多少分钟算晚由本平台或当地规定，法律没有写明分钟数。")
    says = lazy(
        "近 7 天有 %(guests)s 位住客到达 %(late_minutes)s 分钟以后才登记，"
        "其中 %(asked)s 位在系统提醒之后；最长晚 %(longest)s 分钟。"
    )
    advice = lazy("1. 请经营者说明晚登的原因；2. 讲清登记方法，可用住客自助链接；3. 反复发生的，当面培训。")
    false_alarms = (lazy("没有信号，事后补登"), lazy("到达时间填错"))
    checklist = (
        Item("reason", lazy("晚登的原因已问清")),
        Item("times", lazy("到达时间与登记一致")),
    )
    from_pack = {"late_minutes": "registration_breach"}
    labels = {
        "guests": lazy("晚登住客"),
        "asked": lazy("其中提醒后才登"),
        "longest": lazy("最长晚（分钟）"),
        "late_minutes": lazy("到达后多久算晚（分钟）"),
    }

    def find(self, at, ids, late_minutes=120) -> Select:
        lateness = seconds_between(Guest.arrived_at, Guest.recorded_at)
        return (
            select(
                Stay.unit_id,
                func.count().label("guests"),
                func.sum(cast(_somebody_asked(), Integer)).label("asked"),
                func.max(lateness).label("longest"),
                func.min(Guest.recorded_at).label("oldest_at"),
                func.max(Guest.recorded_at).label("newest_at"),
            )
            .join(Stay, Stay.id == Guest.stay_id)
            .where(
                is_judged(at, ids),
                Guest.voided_at.is_(None),
                was_typed_in(),
                Guest.recorded_at > at - JUDGED_FOR,
                Guest.recorded_at <= at,
                lateness > late_minutes * 60,
            )
            .group_by(Stay.unit_id)
        )

    def refine(self, facts, at):
        return facts | {"longest": int(facts["longest"]) // 60}

    def grade(self, facts, at):
        return Severity.P2 if facts["asked"] >= OFTEN else Severity.P3

    def is_note(self, facts):
        """Whoever enters late before anyone asked must never stand worse than whoever keeps silent."""
        return facts["asked"] == 0

    def fades_at(self, facts, settings):
        return facts["oldest_at"] + JUDGED_FOR

    cases = (
        fires(
            "自愿补登，只是提示",
            lambda w: w.unit("A").stay(hours=-5).guest(minutes=-121, recorded=0),
            is_note=True,
        ),
        quiet("到达两小时整登记", lambda w: w.unit("A").stay(hours=-5).guest(hours=-2, recorded=0)),
        fires(
            "提醒之后才补登",
            lambda w: w.unit("A").was_asked(hours=-3).stay(hours=-5).guest(hours=-4, recorded=0),
            severity=Severity.P3,
        ),
        fires(
            "登记的同时才提醒，不算被问过",
            lambda w: w.unit("A").was_asked(hours=0).stay(hours=-5).guest(hours=-4, recorded=0),
            is_note=True,
        ),
        fires(
            "七天里三位都是提醒之后才补登",
            lambda w: w.unit("A").was_asked(hours=-3).stay(hours=-5).guest(hours=-4, recorded=0, times=3),
            severity=Severity.P2,
        ),
        quiet("导入的历史", lambda w: w.unit("A").stay(hours=-5).guest(hours=-4, recorded=0, imported=True)),
        quiet("八天前的晚登", lambda w: w.unit("A").stay(hours=-250).guest(hours=-240, recorded=-192)),
        quiet("提前登记", lambda w: w.unit("A").stay(hours=5).guest(hours=5, recorded=0)),
    )


def _somebody_asked():
    """Had A01 asked about this unit after the guest came and before the entry?"""
    return (
        select(Alert.id)
        .where(
            Alert.rule == "A01",
            Alert.subject_kind == Kind.UNIT,
            Alert.subject_key == Stay.unit_id,
            and_(Alert.first_seen_at >= Guest.arrived_at, Alert.first_seen_at < Guest.recorded_at),
        )
        .exists()
    )
