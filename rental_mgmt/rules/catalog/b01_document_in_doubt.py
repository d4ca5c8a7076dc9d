"""B01 证件无效或过期：导入或更正的登记里，证件号或有效期对不上。"""

from datetime import timedelta

from sqlalchemy import Select, func, select

from ...alerts.models import Severity
from ...core.i18n import lazy
from ...stays.models import DocumentState, Guest, Stay
from ..base import AT_ONCE, LANDLORD, POLICE, Item, Rule, Turn, fires, quiet
from ..bases import and_also, everywhere
from ..lodging import is_judged

DOUBTS = {
    "bad_digits": DocumentState.BAD_CHECK_DIGIT,
    "differing": DocumentState.BIRTH_OR_SEX_DIFFERS,
    "expired": DocumentState.EXPIRED,
    "unreadable": DocumentState.UNREADABLE,
}


class DocumentInDoubt(Rule):
    code = "B01"
    title = lazy("证件无效或过期")
    severity = Severity.P2
    turns = (Turn(AT_ONCE, LANDLORD), Turn(timedelta(hours=2), POLICE))
    resolve_within = timedelta(hours=12)
    basis = and_also(everywhere("ricl-2011-5", "ricl-2011-17-1-1"), hotel=("hotel-2020-6-1",))
    is_identity = True
    harbour = True
    why = lazy("证件对不上，登记的就可能不是住在里面的人；多数是抄错了一位。")
    says = lazy(
        "本次入住有 %(guests)s 位住客的证件对不上：校验位不符 %(bad_digits)s，"
        "出生日期或性别不符 %(differing)s，已过期 %(expired)s，无法识别 %(unreadable)s。"
    )
    advice = lazy(
        "1. 请经营者对照证件原件更正号码或有效期；2. 证件确已过期的，请住客到派出所开具证明；"
        "3. 对不上又说不清的，移交派出所核验。"
    )
    false_alarms = (lazy("台账抄写错误"), lazy("正在换领证件，持临时身份证"))
    checklist = (
        Item("original", lazy("与证件原件一致（由民警核验）")),
        Item("corrected", lazy("登记已更正")),
    )
    labels = {
        "guests": lazy("证件对不上的住客"),
        "bad_digits": DocumentState.BAD_CHECK_DIGIT.label,
        "differing": DocumentState.BIRTH_OR_SEX_DIFFERS.label,
        "expired": DocumentState.EXPIRED.label,
        "unreadable": DocumentState.UNREADABLE.label,
    }

    def find(self, at, ids) -> Select:
        counts = [
            func.count().filter(Guest.document_state == state).label(name) for name, state in DOUBTS.items()
        ]
        return (
            select(
                Stay.unit_id,
                Stay.id.label("part"),
                Stay.ended_at,
                func.count().label("guests"),
                func.max(Guest.recorded_at).label("newest_at"),
                *counts,
            )
            .join(Guest, Guest.stay_id == Stay.id)
            .where(
                is_judged(at, ids),
                Guest.voided_at.is_(None),
                Guest.document_state != DocumentState.OK,
            )
            .group_by(Stay.id, Stay.unit_id, Stay.ended_at)
        )

    cases = (
        fires("校验位不符", lambda w: w.unit("A").stay(hours=-5).guest(document="bad_check_digit")),
        fires(
            "导入的证件已过期", lambda w: w.unit("A").stay(hours=-5).guest(document="expired", imported=True)
        ),
        quiet("证件无误", lambda w: w.unit("A").stay(hours=-5).guest()),
        quiet("已作废", lambda w: w.unit("A").stay(hours=-5).guest(document="unreadable", voided=True)),
        fires("六天前结束的入住", lambda w: w.unit("A").stay(hours=-200, ended=-144).guest(document="expired")),
        quiet("八天前结束的入住", lambda w: w.unit("A").stay(hours=-300, ended=-192).guest(document="expired")),
    )
