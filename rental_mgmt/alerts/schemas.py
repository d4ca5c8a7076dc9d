"""The shapes of alerts at the doors."""

from marshmallow import fields as mf
from marshmallow import post_load

from ..core import fields
from ..core.api import PageQuery
from ..core.i18n import lazy
from .models import AnswerKind, Severity
from .queue import AlertFilter, Which


class AlertQuery(PageQuery):
    """What to show: the same parameters on the page, in the API and of an export."""

    which = fields.Choice(Which, lazy("范围"), load_default=Which.LIVE)
    rule = fields.Text(lazy("规则"), max=8, load_default=None)
    severity = fields.Whole(lazy("级别"), min=0, max=4, load_default=None)
    building = fields.UidField(lazy("楼栋"), load_default=None)

    @post_load
    def as_filter(self, query, **_kwargs):
        severity = query.pop("severity")
        chosen = AlertFilter(
            query.pop("which"),
            query.pop("rule"),
            None if severity is None else Severity(severity),
            query.pop("building"),
        )
        return query | {"chosen": chosen}


class AlertRow(fields.Schema):
    uid = fields.UidField()
    rule = fields.Text()
    severity = fields.Whole(min=0, max=4)
    status = fields.Text()
    title = fields.Text()
    text = fields.Text()
    where = fields.Text()
    unit = fields.UidField(allow_none=True)
    turn = mf.List(fields.Text())
    landlord_minutes = fields.Whole(allow_none=True)
    answer = fields.Text(allow_none=True)
    claimed_role = fields.Text(allow_none=True)
    is_mine = mf.Boolean()
    first_seen_at = fields.Moment()
    sign_by = fields.Moment()
    resolve_by = fields.Moment()
    waits_until = fields.Moment(allow_none=True)
    verdict = fields.Text(allow_none=True)
    closed_at = fields.Moment(allow_none=True)


class AlertPage(fields.Schema):
    items = mf.List(mf.Nested(AlertRow))
    next_cursor = fields.Text(allow_none=True)


class NumberOut(fields.Schema):
    label = fields.Text()
    value = fields.Text()


class TimelineOut(fields.Schema):
    at = fields.Moment()
    text = fields.Text()


class LawOut(fields.Schema):
    id = fields.Text()
    sentence = fields.Text()


class AlertOut(AlertRow):
    rule_version = fields.Whole()
    advice = fields.Text()
    why = fields.Text()
    numbers = mf.List(mf.Nested(NumberOut))
    timeline = mf.List(mf.Nested(TimelineOut))
    false_alarms = mf.List(fields.Text())
    basis = mf.List(mf.Nested(LawOut))
    may_answer = mf.Boolean()
    may_claim = mf.Boolean()


class LineOut(fields.Schema):
    at = fields.Moment()
    text = fields.Text()
    who = fields.Text()
    note = fields.Text(allow_none=True)
    details = mf.Dict()


class AnswerIn(fields.Schema):
    """One tap; a word more if one likes."""

    answer = fields.Choice(AnswerKind, lazy("现在是什么情况"), shown="radio", required=True)
    note = fields.Text(lazy("补充一句"), max=300, load_default=None)


class AnswerOut(fields.Schema):
    uid = fields.UidField()
    answer = fields.Choice(AnswerKind)
    answered_at = fields.Moment()


class PrecisionOut(fields.Schema):
    rule = fields.Text()
    true = fields.Whole()
    false = fields.Whole()
    duplicate = fields.Whole()
    cause_gone = fields.Whole()
    share = mf.Float(allow_none=True, metadata={"description": "属实 ÷（属实 + 误报）"})


class PrecisionQuery(fields.Schema):
    since = fields.Moment(lazy("从何时起"), load_default=None)
