"""F05 境外人员二十四小时：到达后没有带编号和照片的申报回执。当即提醒，十二、二十、二十四小时逐步升级。"""

from datetime import timedelta

from sqlalchemy import Select, and_, case, select, union_all

from ...alerts.models import Severity
from ...core.i18n import lazy
from ...core.portable import later_by
from ...stays.models import Guest, OverseasReport, Stay
from ..base import AT_ONCE, LANDLORD, POLICE, Item, Rule, Turn, fires, quiet
from ..bases import FOREIGN, HK_MACAO, TAIWAN
from ..lodging import is_judged, was_typed_in

TOPICS = {"foreign": FOREIGN, "taiwan": TAIWAN, "hk_macao": HK_MACAO}
ORIGIN = case(
    (Guest.nationality.in_(("HKG", "MAC")), "hk_macao"),
    (Guest.issuing_place.in_(("HKG", "MAC")), "hk_macao"),
    (Guest.nationality == "TWN", "taiwan"),
    (Guest.issuing_place == "TWN", "taiwan"),
    else_="foreign",
)


class OverseasReportMissing(Rule):
    code = "F05"
    title = lazy("境外人员 24 小时申报")
    severity = Severity.P2
    turns = (Turn(AT_ONCE, LANDLORD), Turn(timedelta(hours=8), POLICE))
    resolve_within = timedelta(hours=12)
    basis = FOREIGN
    is_identity = True
    why = lazy("境外人员入住后应当在二十四小时内办理住宿登记；在别处办好、这里没有回执，等于没有办。")
    says = lazy(
        "一位境外住客 %(arrived_at)s 到达，已过 %(hours)s 小时，还没有记录申报回执；"
        "应在 %(breach_hours)s 小时内办理。"
    )
    says_late = lazy(
        "一位境外住客 %(arrived_at)s 到达，已过 %(hours)s 小时，超过 %(breach_hours)s 小时仍没有记录申报回执。"
    )
    says_photo = lazy("一位境外住客 %(arrived_at)s 到达，回执编号已填，还缺回执照片；已过 %(hours)s 小时。")
    advice = lazy(
        "1. 经营者登录当地境外人员住宿登记系统或到派出所办理；2. 把回执编号和照片录入这次入住；"
        "3. 超过二十四小时的，立即联系派出所说明。"
    )
    false_alarms = (lazy("已申报，回执没有录入"), lazy("持居住证或永久居留证，不需申报"))
    checklist = (
        Item("receipt", lazy("已申报，有回执编号"), needs_photo=True),
        Item("time", lazy("在期限内申报")),
    )
    from_pack = {
        "warn_hours": "overseas_warn",
        "raise_hours": "overseas_raise",
        "breach_hours": "overseas_report",
    }
    labels = {
        "arrived_at": lazy("到达"),
        "hours": lazy("已过（小时）"),
        "warn_hours": lazy("多久预警（小时）"),
        "raise_hours": lazy("多久升级（小时）"),
        "breach_hours": lazy("期限（小时）"),
    }

    def find(self, at, ids, warn_hours=12, raise_hours=20, breach_hours=24) -> Select:
        photo_missing = case((OverseasReport.id.is_not(None), 1), else_=0)
        return (
            _unreported(at, ids)
            .add_columns(
                Stay.unit_id,
                Guest.id.label("part"),
                Guest.arrived_at,
                Guest.recorded_at.label("newest_at"),
                Stay.ended_at,
                ORIGIN.label("origin"),
                photo_missing.label("photo_missing"),
            )
            .where(Guest.arrived_at <= at)
        )

    def due(self, ids, at, warn_hours=12, raise_hours=20, breach_hours=24) -> Select:
        steps = [timedelta(hours=hours) for hours in (0, warn_hours, raise_hours, breach_hours)]
        return union_all(
            *(
                _unreported(at, ids)
                .add_columns(Stay.unit_id.label("key"), later_by(Guest.arrived_at, step).label("at"))
                .where(Guest.arrived_at > at - step)
                for step in steps
            )
        )

    def refine(self, facts, at):
        return facts | {"hours": int((at - facts["arrived_at"]).total_seconds() // 3600)}

    def grade(self, facts, at):
        return Severity.P1 if facts["hours"] >= facts["raise_hours"] else Severity.P2

    def is_note(self, facts):
        return facts["hours"] < facts["warn_hours"]

    def sentence(self, facts):
        if facts["photo_missing"]:
            return self.says_photo
        return self.says_late if facts["hours"] >= facts["breach_hours"] else self.says

    def topic(self, facts):
        return facts["origin"]

    def basis_for(self, regime, topic=""):
        return TOPICS[topic or "foreign"][regime]

    def every_basis(self):
        return tuple(TOPICS.values())

    cases = (
        fires(
            "刚到，只是提醒",
            lambda w: w.unit("A").stay(hours=-5).guest(hours=-1, nationality="DEU"),
            is_note=True,
        ),
        fires(
            "差一分钟到十二小时",
            lambda w: w.unit("A").stay(hours=-12).guest(minutes=-719, nationality="DEU"),
            is_note=True,
        ),
        fires(
            "满十二小时", lambda w: w.unit("A").stay(hours=-12).guest(nationality="DEU"), severity=Severity.P2
        ),
        fires(
            "满二十小时", lambda w: w.unit("A").stay(hours=-20).guest(nationality="TWN"), severity=Severity.P1
        ),
        fires(
            "满二十四小时", lambda w: w.unit("A").stay(hours=-24).guest(nationality="HKG"), severity=Severity.P1
        ),
        quiet("回执有编号有照片", lambda w: w.unit("A").stay(hours=-24).guest(nationality="DEU").reported()),
        fires(
            "回执没有照片", lambda w: w.unit("A").stay(hours=-24).guest(nationality="DEU").reported(photo=False)
        ),
        quiet("内地住客", lambda w: w.unit("A").stay(hours=-24).guest()),
        quiet("导入的历史", lambda w: w.unit("A").stay(hours=-24).guest(nationality="DEU", imported=True)),
        quiet("还没有到达", lambda w: w.unit("A").stay(hours=5).guest(hours=5, nationality="DEU")),
    )


def _unreported(at, ids) -> Select:
    """Overseas guests of judged stays without a report that has a number and a photo."""
    complete = and_(OverseasReport.receipt_number != "", OverseasReport.photo_file_id.is_not(None))
    return (
        select()
        .select_from(Stay)
        .join(Guest, Guest.stay_id == Stay.id)
        .outerjoin(OverseasReport, OverseasReport.guest_id == Guest.id)
        .where(
            is_judged(at, ids),
            Guest.voided_at.is_(None),
            was_typed_in(),
            Guest.is_overseas,
            OverseasReport.id.is_(None) | ~complete,
        )
    )
