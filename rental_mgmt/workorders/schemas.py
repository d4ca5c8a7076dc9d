"""The shapes of work orders at the doors."""

from marshmallow import fields as mf
from marshmallow import validate

from ..alerts.models import Verdict
from ..alerts.service import WaitReason
from ..core import fields
from ..core.i18n import lazy
from .bulk import AT_THE_DESK
from .reports import Found

NOTE = {"max": 1000, "kind": "area", "rows": 3}


class ReasonIn(fields.Schema):
    reason = fields.Text(lazy("原因"), min=2, required=True, **NOTE)


class WaitIn(fields.Schema):
    until = fields.Moment(lazy("什么时候再办"), required=True)
    reason = fields.Choice(
        WaitReason,
        lazy("为什么等"),
        shown="radio",
        load_default=WaitReason.NOBODY_IN,
        help=lazy("等待期间不计时"),
    )
    note = fields.Text(lazy("补充一句"), max=300, load_default=None)


class AssignIn(fields.Schema):
    to = fields.UidField(lazy("转给"), required=True)


class ReportBase(fields.Schema):
    result = fields.Choice(Verdict, lazy("结论"), shown="radio", required=True)
    note = fields.Text(
        lazy("现场情况"), load_default=None, help=lazy("写看到的情况，不写住客姓名和证件号。"), **NOTE
    )
    outside_number = fields.Text(lazy("其他平台的编号"), max=64, load_default=None)


class ReportIn(ReportBase):
    answers = mf.Dict(
        keys=fields.Text(max=40),
        values=fields.Choice(Found),
        load_default=dict,
        metadata={"description": "检查项编号 → ok、problem 或 n_a"},
    )


def report_form(checklist: list[dict], words) -> type[ReportBase]:
    """The form of one order: a question for each item of its checklist, then the result."""
    shapes = {
        f"item_{n}": fields.Choice(Found, words(item), shown="radio", required=True)
        for n, item in enumerate(checklist)
    }
    return ReportBase.from_dict(shapes, name="ReportForm")


class AlertsIn(fields.Schema):
    """Several alerts ticked in the queue."""

    alerts = mf.List(
        fields.UidField(),
        required=True,
        validate=validate.Length(1, 200, error=str(200)),
        metadata={"label": lazy("选中的预警")},
        error_messages={"required": lazy("请先在列表里勾选")},
    )


class CloseIn(AlertsIn):
    result = fields.Choice(
        Verdict, lazy("结论"), labels={word: word.label for word in AT_THE_DESK}, shown="radio", required=True
    )
    note = fields.Text(lazy("理由"), min=2, required=True, **NOTE)


class OrdersIn(fields.Schema):
    orders = mf.List(
        fields.UidField(),
        required=True,
        validate=validate.Length(1, 200, error=str(200)),
        metadata={"label": lazy("选中的反馈")},
        error_messages={"required": lazy("请先在列表里勾选")},
    )


class ItemOut(fields.Schema):
    item = fields.Text()
    words = fields.Text()
    photo = mf.Boolean()
    answer = fields.Text(allow_none=True)


class PhotoOut(fields.Schema):
    uid = fields.UidField()
    item = fields.Text()


class OrderOut(fields.Schema):
    uid = fields.UidField()
    alert = fields.UidField(allow_none=True)
    rule = fields.Text(allow_none=True)
    title = fields.Text()
    where = fields.Text()
    unit = fields.UidField(allow_none=True)
    severity = fields.Whole(min=0, max=4, allow_none=True)
    status = fields.Text()
    assigned_role = fields.Text()
    is_mine = mf.Boolean()
    is_visit = mf.Boolean()
    checklist = mf.List(mf.Nested(ItemOut))
    photos = mf.List(mf.Nested(PhotoOut))
    result = fields.Text(allow_none=True)
    needs_approval = mf.Boolean()
    may_approve = mf.Boolean()
    outside_number = fields.Text(allow_none=True)
    assigned_at = fields.Moment()
    signed_at = fields.Moment(allow_none=True)
    reported_at = fields.Moment(allow_none=True)
    waits_until = fields.Moment(allow_none=True)
    resolve_by = fields.Moment()
    report_text = fields.Text()


class OrderPage(fields.Schema):
    items = mf.List(mf.Nested(OrderOut))
    next_cursor = fields.Text(allow_none=True)


class TakenOut(fields.Schema):
    """What was taken, and which alerts were left alone (not free, not one's turn, out of scope)."""

    orders = mf.List(fields.UidField())
    left = mf.List(fields.UidField())


class ColleagueOut(fields.Schema):
    uid = fields.UidField()
    name = fields.Text()
