"""What comes in about look-ups and exports, and what goes out; no list ever holds a number or a phone."""

from marshmallow import ValidationError, validates_schema

from ..accounts.masking import Field
from ..core import fields
from ..core.i18n import _, lazy
from ..stays.divisions import country_code
from ..stays.document_kinds import KIND_LABELS, OTHER_LABELS, DocumentKind, OtherDocument
from ..stays.id_number import is_whole, plain
from .filters import WHO_LABELS, GuestFilter, Who
from .finding import Asked
from .models import FileFormat, LookupKind, Profile, Purpose
from .orders import Reason

SEARCHABLE = {kind: label for kind, label in KIND_LABELS.items() if kind is not DocumentKind.NONE}


class Country(fields.Text):
    """A three-letter code."""

    def _deserialize(self, value, attr, data, **kwargs):
        code = country_code(super()._deserialize(value, attr, data, **kwargs))
        if code is None:
            raise ValidationError(_("请从列表中选择国家或地区"))
        return code


class PurposeIn(fields.Schema):
    """Why: on every look-up and every order."""

    purpose = fields.Choice(Purpose, lazy("用途"), required=True)
    case_number = fields.Text(lazy("案件（事件）编号"), min=2, max=60, required=True)
    urgent = fields.Flag(
        lazy("紧急，事后审核"),
        help=lazy("危及人身安全等来不及等第二人时使用；第二人须在 24 小时内审核，次数对外公布"),
    )


def reason_of(given: dict) -> Reason:
    return Reason(given["purpose"], given["case_number"], given["urgent"])


class LookupIn(PurposeIn):
    """One exact look-up: a whole document number, or a unit and a day."""

    kind = fields.Choice(LookupKind, lazy("查询方式"), shown="radio", required=True)
    document_kind = fields.Choice(
        DocumentKind, lazy("证件种类"), labels=SEARCHABLE, load_default=DocumentKind.RESIDENT_ID
    )
    number = fields.Text(
        lazy("证件号码"), max=40, load_default=None, help=lazy("完整号码；不支持部分查询"), autocomplete="off"
    )
    nationality = Country(
        lazy("国家或地区"),
        max=3,
        load_default=None,
        help=lazy("护照等按签发国三位代码，如 USA；不清楚可不填"),
    )
    other_document = fields.Choice(
        OtherDocument,
        lazy("其他证件的种类"),
        labels=OTHER_LABELS,
        load_default=None,
        allow_none=True,
        help=lazy("不清楚可不选"),
    )
    unit = fields.Text(
        lazy("房源编码或门号"),
        max=60,
        load_default=None,
        help=lazy("如 1栋 1203；一幢楼有几个单元的，如 2栋 1单元 1203"),
    )
    on_day = fields.Day(lazy("日期"), load_default=None, allow_none=True)
    letter = fields.Text(lazy("调取函件文号"), max=80, load_default=None)

    @validates_schema
    def complete(self, given, **_kwargs):
        is_number = given.get("kind") is LookupKind.NUMBER
        needed = ("number",) if is_number else ("unit", "on_day")
        if lacking := {name: [_("请填写此项")] for name in needed if not given.get(name)}:
            raise ValidationError(lacking)
        kind = given.get("document_kind")
        if is_number and kind.carries_resident_number and not is_whole(given["number"]):
            words = _("身份证号应为 18 位，您填写了 %(n)s 位；不支持部分查询", n=len(plain(given["number"])))
            raise ValidationError({"number": [words]})


def asked_of(given: dict) -> Asked:
    names = ("kind", "number", "document_kind", "nationality", "other_document", "unit", "on_day")
    return Asked(**{name: given[name] for name in names})


class WhoSawIn(fields.Schema):
    """The document of somebody who asks who saw their data."""

    document_kind = fields.Choice(
        DocumentKind, lazy("证件种类"), labels=SEARCHABLE, load_default=DocumentKind.RESIDENT_ID
    )
    number = fields.Text(
        lazy("证件号码"), max=40, required=True, help=lazy("完整号码；不支持部分查询"), autocomplete="off"
    )


class LookupDecisionIn(fields.Schema):
    """The second person's word on a look-up that met a minor."""

    approve = fields.Flag(lazy("同意向查询人显示"))


class LookupRevealIn(fields.Schema):
    """Which value of one guest."""

    field = fields.Choice(
        Field,
        lazy("项目"),
        labels={Field.NAME: lazy("姓名"), Field.NUMBER: lazy("证件号码"), Field.PHONE: lazy("手机号")},
        required=True,
    )


class LookupRevealOut(fields.Schema):
    """The value, shown once."""

    field = fields.Text()
    value = fields.Text()


class GuestFilterIn(fields.Schema):
    """The one filter of the list on screen, of the order and of the file."""

    place = fields.UidField(lazy("地点"), required=True)
    from_day = fields.Day(lazy("开始日期"), required=True)
    to_day = fields.Day(lazy("结束日期"), required=True)
    who = fields.Choice(Who, lazy("哪些住客"), labels=WHO_LABELS, load_default=Who.ALL)
    nationality = Country(lazy("国家或地区"), max=3, load_default=None, help=lazy("三位代码，可留空"))


def filter_of(given: dict) -> GuestFilter:
    names = ("place", "from_day", "to_day", "who", "nationality")
    return GuestFilter(**{name: given[name] for name in names})


class ExportIn(GuestFilterIn, PurposeIn):
    """An order of a file."""

    profile = fields.Choice(Profile, lazy("内容"), shown="radio", load_default=Profile.MASKED)
    file_format = fields.Choice(FileFormat, lazy("文件格式"), shown="radio", load_default=FileFormat.XLSX)


class ExportRefusalIn(fields.Schema):
    """Why an export is refused."""

    reason = fields.Text(lazy("不批准的原因"), min=2, max=200, required=True)


# --- out ----------------------------------------------------------------------------------------------------


class LookupOut(fields.Schema):
    """A receipt: also for “nothing found”."""

    uid = fields.UidField()
    receipt = fields.Text()
    kind = fields.Text()
    purpose = fields.Text()
    status = fields.Text()
    at = fields.Moment()
    found = fields.Whole()
    minors = fields.Whole()
    erased = fields.Whole()
    is_urgent = fields.Flag()
    second_at = fields.Moment()
    second_until = fields.Moment()


class AnsweredOut(fields.Schema):
    """One guest of an answer; of a minor without a second person only that they are registered."""

    uid = fields.UidField()
    is_minor = fields.Flag()
    is_hidden = fields.Flag()
    is_erased = fields.Flag()
    is_voided = fields.Flag()
    name = fields.Text()
    number = fields.Text()
    phone = fields.Text()
    document_kind = fields.Text()
    nationality = fields.Text()
    compound = fields.Text()
    unit = fields.Text()
    unit_code = fields.Text()
    arrived_at = fields.Moment()
    gone_at = fields.Moment()


class LookupAnswerOut(LookupOut):
    """A receipt with what was found."""

    guests = fields.fields.List(fields.fields.Nested(AnsweredOut))


class LookupPage(fields.Schema):
    items = fields.fields.List(fields.fields.Nested(LookupOut))
    next_cursor = fields.Text()


class ExportOut(fields.Schema):
    """An order and how far it is."""

    uid = fields.UidField()
    status = fields.Text()
    purpose = fields.Text()
    profile = fields.Text()
    file_format = fields.Text()
    from_day = fields.Day()
    to_day = fields.Day()
    filters = fields.fields.Dict()
    is_urgent = fields.Flag()
    awaits_second = fields.Flag()
    requested_at = fields.Moment()
    approved_at = fields.Moment()
    refused_at = fields.Moment()
    refusal_reason = fields.Text()
    progress = fields.Whole()
    expected = fields.Whole()
    rows = fields.Whole()
    withheld = fields.Whole()
    minors = fields.Whole()
    built_at = fields.Moment()
    expires_at = fields.Moment()
    downloaded_at = fields.Moment()


class ExportPage(fields.Schema):
    items = fields.fields.List(fields.fields.Nested(ExportOut))
    next_cursor = fields.Text()


class GuestTallyOut(fields.Schema):
    """How many rows a filter holds."""

    guests = fields.Whole()
    minors = fields.Whole()
    overseas = fields.Whole()
    units = fields.Whole()


class SeenOut(fields.Schema):
    """One time that somebody saw a guest."""

    at = fields.Moment()
    what = fields.Text()
    user = fields.UidField()
    role = fields.Text()
    details = fields.Text()
