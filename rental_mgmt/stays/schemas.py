"""What comes in about stays and guests, and what goes out."""

import re
from collections.abc import Mapping
from enum import StrEnum

from marshmallow import ValidationError, validates, validates_schema

from ..core import fields
from ..core.i18n import _, lazy
from .details import lacking
from .document_kinds import KIND_LABELS, OTHER_LABELS, SEX_LABELS, DocumentKind, OtherDocument, Sex
from .models import RELATION_LABELS, NightState, Relation
from .names import BadName, clean_name

INTERNATIONAL = re.compile(r"\+[1-9][0-9]{5,14}", re.ASCII)


class Phone(fields.Mobile):
    """A mainland mobile, or any other number with + and its country code (E.164)."""

    def _deserialize(self, value, attr, data, **kwargs):
        typed = re.sub(r"[\s\-()]", "", value) if isinstance(value, str) else value
        if isinstance(typed, str) and typed.startswith("+") and not typed.startswith("+86"):
            if INTERNATIONAL.fullmatch(typed):
                return typed
            raise ValidationError(_("境外号码请写成 +国家代码 加号码，如 +852 61234567"))
        return super()._deserialize(value, attr, data, **kwargs)


class Name(fields.Text):
    """A person's name, kept as typed; rare characters and middle dots stay."""

    def _deserialize(self, value, attr, data, **kwargs):
        if not isinstance(value, str):
            raise self.make_error("invalid")
        try:
            return clean_name(value)
        except BadName as problem:
            raise ValidationError(str(problem)) from None


class PlanIn(fields.Schema):
    """A stay as planned; its guests may come later."""

    checks_in_at = fields.Moment(lazy("入住时间"), required=True)
    checks_out_at = fields.Moment(lazy("预计离店"), required=True)
    planned_guests = fields.Whole(lazy("预计人数"), min=1, max=100, load_default=None, allow_none=True)
    note = fields.Text(lazy("备注"), max=200, load_default=None, help=lazy("请勿填写住客姓名、证件号或电话"))


class GuestIn(fields.Schema):
    """One guest as registered at the door."""

    name = Name(lazy("姓名"), max=50, required=True, autocomplete="off")
    document_kind = fields.Choice(
        DocumentKind, lazy("证件种类"), labels=KIND_LABELS, load_default=DocumentKind.RESIDENT_ID
    )
    number = fields.Text(lazy("证件号码"), max=40, load_default=None, kind="text", autocomplete="off")
    phone = Phone(lazy("手机号"), load_default=None)
    relation = fields.Choice(
        Relation, lazy("与预订人关系"), labels=RELATION_LABELS, load_default=None, allow_none=True
    )
    nationality = fields.Text(
        lazy("国家或地区"),
        max=3,
        load_default=None,
        help=lazy("三位代码，如 CHN、USA、HKG；护照和境外证件必填，其余不填为 CHN"),
    )
    birth_on = fields.Day(lazy("出生日期"), load_default=None, allow_none=True)
    sex = fields.Choice(Sex, lazy("性别"), labels=SEX_LABELS, load_default=None, allow_none=True)
    valid_until = fields.Day(lazy("证件有效期至"), load_default=None, allow_none=True)
    other_document = fields.Choice(
        OtherDocument, lazy("其他证件的种类"), labels=OTHER_LABELS, load_default=None, allow_none=True
    )
    issuing_place = fields.Text(lazy("签发地"), max=60, load_default=None)
    none_reason = fields.Text(lazy("暂无证件的原因"), max=200, load_default=None)
    guardian_name = Name(lazy("监护人姓名"), max=50, load_default=None)
    guardian_phone = Phone(lazy("监护人电话"), load_default=None)
    arrived_at = fields.Moment(lazy("到达时间"), load_default=None, allow_none=True)
    explanation = fields.Text(lazy("超出核定人数的说明"), max=200, load_default=None)

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def needed_for_the_paper(self, data, original, **_kwargs):
        """Said together with every other error of the form, not one after another."""
        typed = original if isinstance(original, Mapping) else {}
        errors = {name: said for name, said in lacking(data).items() if not typed.get(name)}
        if errors:
            raise ValidationError(errors)

    @validates("nationality")
    def known_country(self, value, **_kwargs):
        from .divisions import country_code

        if value is not None and country_code(value) is None:
            raise ValidationError(_("请从列表中选择国家或地区"))


class FirstGuestIn(GuestIn):
    """The first guest of a stay that is made with it."""

    checks_out_at = fields.Moment(lazy("预计离店"), required=True)


class CorrectionIn(GuestIn):
    """A guest's details as they should have been, and why; what is left empty stays as it is."""

    name = Name(lazy("姓名"), max=50, load_default=None, autocomplete="off")
    document_kind = fields.Choice(DocumentKind, lazy("证件种类"), labels=KIND_LABELS, load_default=None)
    reason = fields.Text(lazy("更正原因"), max=200, min=2, required=True)

    @validates_schema
    def needed_for_the_paper(self, data, **_kwargs):
        """What is not given stays as it is: only the service knows what is there."""


class ReasonIn(fields.Schema):
    """Why."""

    reason = fields.Text(lazy("原因"), max=200, min=2, required=True)


class Revealable(StrEnum):
    """What may be shown in clear, one at a time."""

    NUMBER = "number"
    NAME = "name"
    PHONE = "phone"

    @property
    def label(self):
        return {"number": lazy("证件号码"), "name": lazy("姓名"), "phone": lazy("手机号")}[self.value]


class RevealIn(ReasonIn):
    """Which detail to show in clear, and why."""

    field = fields.Choice(Revealable, lazy("查看哪一项"), shown="radio", load_default=Revealable.NUMBER)


class MomentIn(fields.Schema):
    """When; now, if not given."""

    at = fields.Moment(lazy("时间"), load_default=None, allow_none=True)


class CheckOutIn(MomentIn):
    """When everybody left."""

    at = fields.Moment(lazy("实际离店时间"), load_default=None, allow_none=True, help=lazy("不填就是现在"))


class LeaveIn(MomentIn):
    """When one guest left."""

    at = fields.Moment(lazy("离店时间"), load_default=None, allow_none=True, help=lazy("不填就是现在"))


class ExtendIn(fields.Schema):
    """The new planned check-out."""

    checks_out_at = fields.Moment(lazy("新的离店时间"), required=True)


class OverseasReportIn(fields.Schema):
    """The receipt of the report to the police."""

    receipt_number = fields.Text(lazy("回执编号"), max=60, min=2, required=True)
    reported_at = fields.Moment(lazy("申报时间"), required=True)


class NightIn(fields.Schema):
    """What the landlord says about one night."""

    night_on = fields.Day(lazy("日期"), required=True)
    state = fields.Choice(
        NightState,
        lazy("这一晚"),
        labels={NightState.EMPTY: lazy("空"), NightState.OCCUPIED: lazy("有客")},
        required=True,
    )


class EveningIn(fields.Schema):
    """Which night the tiles of an evening speak of."""

    night_on = fields.Day(lazy("日期"), load_default=None, allow_none=True)


class StayOut(fields.Schema):
    """A stay; no names."""

    uid = fields.UidField()
    checks_in_at = fields.Moment()
    checks_out_at = fields.Moment()
    ended_at = fields.Moment()
    cancelled_at = fields.Moment()
    planned_guests = fields.Whole()


class RegisteredOut(fields.Schema):
    """What came of a registration."""

    uid = fields.UidField()
    missing = fields.fields.List(fields.Text())
    warnings = fields.fields.List(fields.Text())
    is_over_capacity = fields.Flag()
    document_state = fields.Text()


class GuestOut(fields.Schema):
    """A guest as far as the reader's role may see: names and numbers are masked by role."""

    uid = fields.UidField()
    name = fields.Text()
    number = fields.Text()
    phone = fields.Text()
    document_kind = fields.Text()
    document_state = fields.Text()
    is_minor = fields.Flag()
    is_overseas = fields.Flag()
    missing = fields.fields.List(fields.Text())
    arrived_at = fields.Moment()
    left_at = fields.Moment()
    voided_at = fields.Moment()


class CorrectionOut(fields.Schema):
    """One correction; what was before it stays sealed."""

    at = fields.Moment()
    who = fields.Text()
    reason = fields.Text()


class AtDoorOut(fields.Schema):
    """How many are registered as present, since when; no names."""

    at = fields.Moment()
    registered = fields.Whole()
    since = fields.Moment()
    incomplete = fields.Whole()
    minors = fields.Whole()
    capacity = fields.Whole()
