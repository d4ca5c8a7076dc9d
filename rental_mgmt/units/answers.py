"""The shapes of the API's answers about units, filings and walks."""

from marshmallow import fields as mf

from ..core import fields
from ..core.access import Role
from ..core.i18n import lazy
from ..places.pack_parts import LegalRegime
from .models import (
    REGIME_LABELS,
    CheckResult,
    DocumentKind,
    FilingStatus,
    NeighbourConsent,
    UnitStatus,
)


class UnitOut(fields.Schema):
    """A unit in a list."""

    uid = fields.UidField(lazy("编号"))
    code = fields.Text(lazy("房源编码"), allow_none=True)
    status = fields.Choice(UnitStatus, lazy("状态"))
    name = fields.Text(lazy("门号"))
    nickname = fields.Text(lazy("自己叫的名字"), allow_none=True)
    area = fields.Decimal(lazy("建筑面积（平方米）"))
    bedrooms = fields.Whole(lazy("卧室数"))
    beds = fields.Whole(lazy("床位数"))
    declared_capacity = fields.Whole(lazy("申报人数"))
    capacity = fields.Whole(lazy("核定人数；备案办结前为暂定"))
    legal_regime = fields.Choice(LegalRegime, lazy("适用类别"), labels=REGIME_LABELS)
    police_decided_at = fields.Moment(lazy("派出所核验时间"), allow_none=True)
    neighbour_consent = fields.Choice(NeighbourConsent, lazy("利害关系业主同意"))
    neighbour_consent_on = fields.Day(lazy("取得同意的日期"), allow_none=True)
    suspension_reason = fields.Text(lazy("停用原因"), allow_none=True)
    suspension_decision = fields.Text(lazy("停用决定文书编号"), allow_none=True)
    version = fields.Whole(lazy("版本"))


class DocumentOut(fields.Schema):
    uid = fields.UidField(lazy("编号"))
    kind = fields.Choice(DocumentKind, lazy("是什么材料"))
    expires_on = fields.Day(lazy("有效期至"), allow_none=True)
    added_at = fields.Moment(lazy("上传时间"))


class StepOut(fields.Schema):
    step = fields.Choice(FilingStatus, lazy("步骤"), labels={s: s.value for s in FilingStatus})
    at = fields.Moment(lazy("时间"))
    role = fields.Choice(Role, lazy("办理人角色"))
    name = fields.Text(lazy("办理人（遮盖）"))
    reason = fields.Text(lazy("说明"), allow_none=True)


class FilingOut(fields.Schema):
    """A filing and, where one is asked for, its steps."""

    uid = fields.UidField(lazy("编号"))
    unit = fields.UidField(lazy("房源"), attribute="unit.uid")
    unit_name = fields.Text(lazy("门号"), attribute="unit.name")
    status = fields.Choice(FilingStatus, lazy("进度"), labels={s: s.value for s in FilingStatus})
    snapshot = mf.Dict(metadata={"label": lazy("提交时的内容")})
    created_at = fields.Moment(lazy("建立时间"))
    submitted_at = fields.Moment(lazy("提交时间"), allow_none=True)
    decided_at = fields.Moment(lazy("办结时间"), allow_none=True)
    version = fields.Whole(lazy("版本"))


class ShownFilingOut(fields.Schema):
    filing = mf.Nested(FilingOut)
    steps = mf.List(mf.Nested(StepOut))


class ContactOut(fields.Schema):
    name = fields.Text(lazy("姓名；除经营者外遮盖"))
    phone = fields.Text(lazy("手机号；除经营者外遮盖"))


class UnitDetailOut(UnitOut):
    """One unit with all that belongs to it."""

    house_rules = fields.Text(lazy("住客须知"))
    safety_contact = mf.Nested(ContactOut)
    listings = mf.List(mf.String())
    cleaning_windows = mf.List(mf.String())
    documents = mf.List(mf.Nested(DocumentOut))
    filings = mf.List(mf.Nested(ShownFilingOut))
    missing = mf.Dict(metadata={"label": lazy("提交备案还差什么")})


class UnitPage(fields.Schema):
    items = mf.List(mf.Nested(UnitOut))
    next_cursor = fields.Text(allow_none=True)


class FilingPage(fields.Schema):
    items = mf.List(mf.Nested(FilingOut))
    next_cursor = fields.Text(allow_none=True)


class CheckOut(fields.Schema):
    unit = fields.UidField(lazy("房源"))
    result = fields.Choice(CheckResult, lazy("核对结果"))
    note = fields.Text(lazy("说明"), allow_none=True)
    filing_status = fields.Text(lazy("备案进度"), allow_none=True)


class FloorListOut(fields.Schema):
    uid = fields.UidField(lazy("编号"))
    walked_at = fields.Moment(lazy("核查时间"))
    note = fields.Text(lazy("备注"), allow_none=True)


class FloorListDetailOut(FloorListOut):
    checks = mf.List(mf.Nested(CheckOut))


class FloorListPage(fields.Schema):
    items = mf.List(mf.Nested(FloorListOut))
    next_cursor = fields.Text(allow_none=True)


class DecidedOut(fields.Schema):
    decided = mf.List(mf.Nested(FilingOut))


class ClaimCodeOut(fields.Schema):
    code = fields.Text(lazy("认领码，只显示这一次"))


class BuildingOut(fields.Schema):
    uid = fields.UidField(lazy("编号"))
    name = fields.Text(lazy("楼栋"))


class CompoundOut(fields.Schema):
    name = fields.Text(lazy("小区"))
    community = fields.Text(lazy("社区"))
    buildings = mf.List(mf.Nested(BuildingOut))


class WordsQuery(fields.Schema):
    words = fields.Text(lazy("小区名称中的字"), max=50, load_default="")
