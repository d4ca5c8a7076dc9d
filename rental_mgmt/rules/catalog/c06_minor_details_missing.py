"""C06 五必须缺项：未成年人入住，没有监护人联系方式或同住关系。当即提醒，三十分钟后升级。"""

from datetime import timedelta

from sqlalchemy import Select, func, or_, select

from ...alerts.models import Severity
from ...core.i18n import lazy
from ...core.portable import greatest, later_by
from ...stays.models import MINOR as ADULT
from ...stays.models import Guest, Stay
from ..base import AT_ONCE, LANDLORD, POLICE, Item, Rule, Turn, fires, quiet
from ..bases import HOTEL, LOCAL, MINOR, UNDECIDED
from ..lodging import is_judged, was_typed_in

PENALTY = ("mpl-2024-122",)


class MinorDetailsMissing(Rule):
    code = "C06"
    title = lazy("五必须缺项")
    severity = Severity.P3
    turns = (Turn(AT_ONCE, LANDLORD), Turn(timedelta(minutes=30), POLICE))
    resolve_within = timedelta(hours=4)
    basis = MINOR | {regime: MINOR[regime] + PENALTY for regime in (HOTEL, LOCAL, UNDECIDED)}
    is_identity = True
    why = lazy("法律要求接待未成年人时询问监护人的联系方式和同住人的关系，并记录备查。")
    says = lazy(
        "%(guests)s 位未成年住客的登记不全：缺监护人联系方式 %(without_guardian)s 人，"
        "缺与同住人关系 %(without_relation)s 人。"
    )
    advice = lazy("1. 打开这次入住，补齐监护人联系方式和关系；2. 问不出来的写明原因并联系派出所。")
    false_alarms = (lazy("已经问过，忘了填"),)
    checklist = (
        Item("guardian", lazy("监护人联系方式已补")),
        Item("relation", lazy("与同住人关系已补")),
    )
    from_pack = {"raise_minutes": "minor_fields"}
    labels = {
        "guests": lazy("登记不全的未成年住客"),
        "without_guardian": lazy("缺监护人联系方式"),
        "without_relation": lazy("缺与同住人关系"),
        "since": lazy("最早从"),
        "raise_minutes": lazy("多久后升级（分钟）"),
    }

    def find(self, at, ids, raise_minutes=30) -> Select:
        return (
            _incomplete(at, ids)
            .add_columns(
                Stay.unit_id,
                Stay.id.label("part"),
                Stay.ended_at,
                func.count().label("guests"),
                func.count().filter(~Guest.guardian_contact_given).label("without_guardian"),
                func.count().filter(~Guest.relation_given).label("without_relation"),
                func.min(_since()).label("since"),
                func.max(Guest.recorded_at).label("newest_at"),
            )
            .group_by(Stay.id, Stay.unit_id, Stay.ended_at)
        )

    def due(self, ids, at, raise_minutes=30) -> Select:
        wait = timedelta(minutes=raise_minutes)
        return (
            _incomplete(at, ids)
            .add_columns(Stay.unit_id.label("key"), later_by(_since(), wait).label("at"))
            .where(_since() > at - wait)
        )

    def grade(self, facts, at):
        late = at - facts["since"] >= timedelta(minutes=facts["raise_minutes"])
        return Severity.P2 if late else Severity.P3

    cases = (
        fires(
            "刚登记，缺监护人",
            lambda w: w.unit("A").stay(hours=-2).guest(age=10, minutes=-5, relation=True),
            severity=Severity.P3,
        ),
        fires(
            "满三十分钟仍缺",
            lambda w: w.unit("A").stay(hours=-2).guest(age=10, minutes=-30, relation=True),
            severity=Severity.P2,
        ),
        fires("缺关系", lambda w: w.unit("A").stay(hours=-2).guest(age=10, guardian=True)),
        quiet("都已填写", lambda w: w.unit("A").stay(hours=-2).guest(age=10, guardian=True, relation=True)),
        quiet("十八周岁", lambda w: w.unit("A").stay(hours=-2).guest(age=18)),
        quiet("导入的历史", lambda w: w.unit("A").stay(hours=-2).guest(age=10, imported=True)),
        fires(
            "补录的从补录时起算",
            lambda w: w.unit("A").stay(hours=-9).guest(age=10, recorded=0),
            severity=Severity.P3,
        ),
    )


def _since():
    """The clock starts when the child is there and somebody has written it down."""
    return greatest(Guest.arrived_at, Guest.recorded_at)


def _incomplete(at, ids) -> Select:
    return (
        select()
        .select_from(Stay)
        .join(Guest, Guest.stay_id == Stay.id)
        .where(
            is_judged(at, ids),
            Guest.voided_at.is_(None),
            was_typed_in(),
            Guest.age_at_check_in < ADULT,
            or_(~Guest.guardian_contact_given, ~Guest.relation_given),
        )
    )
