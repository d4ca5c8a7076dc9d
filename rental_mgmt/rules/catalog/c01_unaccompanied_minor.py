"""C01 未成年单独入住：在住的都未满十八周岁。"""

from datetime import timedelta

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from ...alerts.models import Severity
from ...core.i18n import lazy
from ...core.portable import least, moment
from ...stays.models import Guest, Stay
from ..base import AT_ONCE, LANDLORD, POLICE, Item, Rule, Turn, fires, quiet
from ..bases import HOTEL, LOCAL, RENTAL, UNDECIDED
from ..lodging import arrivals_ahead, is_judged

ADULT = 18
FIVE_MUSTS = tuple(f"mps-2021-5must-{n}" for n in range(1, 6))
LODGING = ("mpl-2024-57", "mpl-2024-57-report", *FIVE_MUSTS)


class UnaccompaniedMinor(Rule):
    code = "C01"
    title = lazy("未成年单独入住")
    severity = Severity.P1
    turns = (Turn(AT_ONCE, LANDLORD), Turn(timedelta(minutes=30), POLICE))
    resolve_within = timedelta(hours=2)
    basis = {HOTEL: LODGING, LOCAL: LODGING, UNDECIDED: LODGING, RENTAL: ("pjd-2020-35-2", "mpl-2024-11-1")}
    is_identity = True
    why = lazy(
        "没有大人在场的未成年人最容易受到侵害。法律要求询问监护人并记录，发现可疑立即报告；"
        "没有禁止十四至十七周岁的人住宿。"
    )
    says = lazy(
        "在住 %(guests)s 人均未满十八周岁，其中未满 %(strong_age)s 周岁 %(young)s 人；"
        "已登记监护人联系方式 %(called)s 人。"
    )
    advice = lazy(
        "1. 经营者立即电话联系监护人，记录时间和答复；2. 联系不上或说法可疑的，立即报派出所；"
        "3. 办结前不要让他人进入该房。"
    )
    false_alarms = (lazy("同住的大人还没有登记"), lazy("大学新生、务工少年，监护人知情"))
    checklist = (
        Item("guardian", lazy("监护人已接通")),
        Item("companions", lazy("同住人与其关系已问清")),
        Item("safe", lazy("人身安全")),
    )
    from_pack = {"strong_age": "strong"}
    labels = {
        "guests": lazy("在住（均未成年）"),
        "young": lazy("其中年龄更小的"),
        "called": lazy("已登记监护人联系方式"),
        "strong_age": lazy("多少周岁以下为紧急"),
    }

    def find(self, at, ids, strong_age=16) -> Select:
        lodged, there, stay = _stays_with_minors(at, ids), aliased(Guest), aliased(Stay)
        gone_at = func.coalesce(there.left_at, stay.ended_at)
        everybody = func.count()
        return (
            select(
                lodged.c.unit_id,
                lodged.c.id.label("part"),
                lodged.c.ended_at,
                everybody.label("guests"),
                everybody.filter(there.age_at_check_in < strong_age).label("young"),
                everybody.filter(there.guardian_contact_given).label("called"),
                func.max(there.recorded_at).label("newest_at"),
            )
            .select_from(lodged)
            .join(stay, _is_going_on(stay, lodged))
            .join(there, there.stay_id == stay.id)
            .where(
                stay.cancelled_at.is_(None),
                there.voided_at.is_(None),
                there.arrived_at <= lodged.c.then,
                or_(gone_at.is_(None), gone_at >= lodged.c.then),
            )
            .group_by(lodged.c.unit_id, lodged.c.id, lodged.c.ended_at)
            .having(everybody.filter(there.age_at_check_in < ADULT) == everybody)
        )

    def due(self, ids, at, strong_age=16) -> Select:
        """Others come, and so may the children."""
        return arrivals_ahead(at, ids)

    def grade(self, facts, at):
        if facts["young"]:
            return Severity.P1
        return Severity.P3 if facts["called"] == facts["guests"] else Severity.P2

    cases = (
        fires("十五周岁独自入住", lambda w: w.unit("A").stay(hours=-2).guest(age=15), severity=Severity.P1),
        fires("十六周岁独自入住", lambda w: w.unit("A").stay(hours=-2).guest(age=16), severity=Severity.P2),
        fires(
            "十七周岁，监护人已联系",
            lambda w: w.unit("A").stay(hours=-2).guest(age=17, guardian=True),
            severity=Severity.P3,
        ),
        quiet("十八周岁独自入住", lambda w: w.unit("A").stay(hours=-2).guest(age=18)),
        quiet("有成年人同住", lambda w: w.unit("A").stay(hours=-2).guest(age=15).guest(age=40)),
        quiet(
            "成年人登记在同房的另一次入住",
            lambda w: w.unit("A").stay(hours=-5).guest(age=40).stay(hours=-2).guest(age=15),
        ),
        fires(
            "成年人已离店，留下孩子", lambda w: w.unit("A").stay(hours=-5).guest(age=40, left=-1).guest(age=15)
        ),
        fires("昨天已退房，当时没有大人", lambda w: w.unit("A").stay(hours=-40, ended=-20).guest(age=15)),
        quiet(
            "昨天已退房，当时有大人",
            lambda w: w.unit("A").stay(hours=-40, ended=-20).guest(age=15).guest(age=40),
        ),
        quiet(
            "孩子九天前离店，当时在场的大人八天前退房",
            lambda w: (
                w.unit("A").stay(hours=-240, ended=-192).guest(age=40),
                w.unit("A").stay(hours=-240).guest(age=15, left=-216),
            ),
        ),
        quiet("还没有到达", lambda w: w.unit("A").stay(hours=3).guest(hours=3, age=15)),
        quiet("年龄不明，不猜", lambda w: w.unit("A").stay(hours=-2).guest(age=None)),
    )


def _is_going_on(stay, lodged):
    """Is a stay of the same unit not over by that moment? Either branch is a range of the index."""
    same = stay.unit_id == lodged.c.unit_id
    return or_(and_(same, stay.ended_at.is_(None)), and_(same, stay.ended_at >= lodged.c.then))


def _stays_with_minors(at, ids):
    """Stays with children, and the last moment at which one of them was there: what is over counts as well."""
    until = least(func.coalesce(Guest.left_at, Stay.ended_at, moment(at)), moment(at))
    return (
        select(Stay.id, Stay.unit_id, Stay.ended_at, func.max(until).label("then"))
        .join(Guest, Guest.stay_id == Stay.id)
        .where(
            is_judged(at, ids),
            Guest.voided_at.is_(None),
            Guest.age_at_check_in < ADULT,
            Guest.arrived_at <= at,
        )
        .group_by(Stay.id, Stay.unit_id, Stay.ended_at)
        .subquery()
    )
