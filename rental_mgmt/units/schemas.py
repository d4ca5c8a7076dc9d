"""The shapes of units, filings, walks and claims at the doors."""

from urllib.parse import urlsplit

from marshmallow import ValidationError
from marshmallow import fields as mf

from ..core import fields
from ..core.api import PageQuery
from ..core.i18n import _, lazy
from ..places.pack_parts import LegalRegime
from .models import (
    PARTY_ROLE_LABELS,
    REGIME_LABELS,
    CheckResult,
    DocumentKind,
    FilingStatus,
    NeighbourConsent,
    PartyRoleKind,
    UnitStatus,
)


class Lines(fields.Text):
    """Several texts: a list in JSON, one a line in a form; `each` checks one of them."""

    def __init__(self, label="", *, most: int, longest: int, each=None, **kwargs):
        self.most, self.longest, self.each = most, longest, each
        kwargs.setdefault("load_default", list)
        super().__init__(label, max=most * (longest + 2), kind="area", rows=3, **kwargs)
        self.metadata |= {"type": "array", "items": {"type": "string", "maxLength": longest}}

    def _deserialize(self, value, attr, data, **kwargs):
        if isinstance(value, str) and not fields.values_are_typed.get():
            value = [line for line in value.splitlines() if line.strip()]
        if not isinstance(value, list):
            raise ValidationError(_("此项应为一组文字"))
        if len(value) > self.most:
            raise ValidationError(_("最多 %(n)s 项，现在有 %(now)s 项", n=self.most, now=len(value)))
        return [self._line(line, attr, data, **kwargs) for line in value]

    def _line(self, line, attr, data, **kwargs) -> str:
        text = super()._deserialize(line, attr, data, **kwargs)
        if len(text) > self.longest:
            raise ValidationError(_("每项最多 %(n)s 个字", n=self.longest))
        if self.each:
            self.each(text)
        return text

    def _serialize(self, value, attr, obj, **kwargs):
        return list(value or ())


def _check_link(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme == "https" and "." in (parts.hostname or "") and not parts.username
        good = good and (parts.port in (None, 443)) and " " not in url
    except ValueError:
        good = False
    if not good:
        raise ValidationError(_("平台链接应以 https:// 开头，请从平台页面复制完整地址"))


class VersionIn(fields.Schema):
    """Which state of the thing the person saw; an older one is refused with 409."""

    version = fields.Whole(lazy("版本"), min=1, required=True)


class UnitDetailsIn(fields.Schema):
    """What a landlord says about a unit."""

    nickname = fields.Text(
        lazy("自己叫的名字"), max=30, load_default=None, help=lazy("只有您和帮手看到，如“江景大床房”")
    )
    party_role = fields.Choice(
        PartyRoleKind,
        lazy("您与房屋的关系"),
        labels=PARTY_ROLE_LABELS,
        shown="radio",
        load_default=PartyRoleKind.OWNER,
    )
    area = fields.Decimal(lazy("建筑面积（平方米）"), min=5, max=5000, required=True)
    bedrooms = fields.Whole(lazy("卧室数"), max=50, required=True, help=lazy("单间、开间填 1"))
    beds = fields.Whole(lazy("床位数"), min=1, max=100, required=True, help=lazy("双人床算一张床"))
    declared_capacity = fields.Whole(lazy("最多住几人"), min=1, max=200, required=True, help=lazy("儿童也计入"))
    legal_regime = fields.Choice(
        LegalRegime, lazy("适用类别"), labels=REGIME_LABELS, load_default=None, allow_none=True
    )
    safety_contact_name = fields.Text(
        lazy("治安责任人姓名"), max=50, load_default="", help=lazy("二十四小时能联系上的人")
    )
    safety_contact_phone = fields.Mobile(lazy("治安责任人手机号"), load_default="")
    house_rules = fields.Text(
        lazy("住客须知"), max=2000, kind="area", rows=6, load_default="", help=lazy("印在房源码公开页上")
    )
    listings = Lines(
        lazy("平台房源链接"), most=10, longest=500, each=_check_link, help=lazy("一行一个，只收 https 链接")
    )
    cleaning_windows = Lines(
        lazy("保洁时段"),
        most=14,
        longest=40,
        help=lazy("一行一段，如“每天 10:00-14:00”或“周三 09:30-11:00”；这段时间开门不会提醒"),
    )
    neighbour_consent = fields.Choice(
        NeighbourConsent,
        lazy("利害关系业主同意"),
        shown="radio",
        load_default=NeighbourConsent.UNKNOWN,
        help=lazy("与派出所核验是两件事，互不代替"),
    )
    neighbour_consent_on = fields.Day(lazy("取得同意的日期"), load_default=None, allow_none=True)


class UnitIn(UnitDetailsIn):
    """A new unit: its door, and what the landlord says about it."""

    building = fields.UidField(lazy("楼栋"), required=True)
    door = fields.Text(lazy("门号"), max=20, required=True, help=lazy("如 1203；有单元的写成 2-1203"))
    floor = fields.Whole(lazy("楼层"), min=-5, max=130, load_default=None, help=lazy("从门号看得出的可不填"))
    party = fields.UidField(lazy("经营者"), load_default=None)
    parent = fields.UidField(lazy("所属整套房源"), load_default=None)


class UnitEditIn(UnitDetailsIn, VersionIn):
    """A changed unit."""


class UnitQuery(PageQuery):
    """Which units of those in scope."""

    status = fields.Choice(UnitStatus, lazy("状态"), load_default=None)
    building = fields.UidField(lazy("楼栋"), load_default=None)
    words = fields.Text(lazy("门号、名称或房源编码"), max=50, load_default="")
    police_decided = fields.Flag(lazy("派出所已核验"), load_default=None, allow_none=True)
    neighbour_consent = fields.Choice(NeighbourConsent, lazy("利害关系业主同意"), load_default=None)


class FilingQuery(PageQuery):
    status = fields.Choice(
        FilingStatus, lazy("进度"), labels={s: s.value for s in FilingStatus}, load_default=None
    )


class DocumentIn(fields.Schema):
    """What an uploaded file is."""

    kind = fields.Choice(DocumentKind, lazy("是什么材料"), required=True)
    expires_on = fields.Day(lazy("有效期至"), load_default=None, allow_none=True, help=lazy("长期有效的不填"))


class ReasonIn(VersionIn):
    reason = fields.Text(lazy("原因"), max=500, min=2, kind="area", rows=3, required=True)


class SuspendIn(ReasonIn):
    decision_number = fields.Text(
        lazy("决定文书编号"), max=60, load_default=None, help=lazy("派出所停用房源必须有文书编号")
    )


class CheckIn(VersionIn):
    note = fields.Text(
        lazy("现场情况"), max=500, kind="area", rows=2, load_default=None, help=lazy("与申请一致可不填")
    )


class SeenIn(fields.Schema):
    unit = fields.UidField(lazy("房源"), required=True)
    result = fields.Choice(CheckResult, lazy("核对结果"), required=True)
    note = fields.Text(lazy("说明"), max=200, load_default=None)


class WalkIn(fields.Schema):
    """What one walk saw, door by door."""

    place = fields.UidField(lazy("楼栋或楼层"), required=True)
    checks = mf.List(mf.Nested(SeenIn), required=True)
    note = fields.Text(lazy("备注"), max=500, kind="area", rows=2, load_default=None)


class ClaimIn(fields.Schema):
    """Units to claim by the phone on the ledger, or one by a printed code."""

    units = mf.List(fields.UidField(), load_default=list)
    code = fields.Secret(lazy("认领码"), kind="secret", max=60, load_default=None)
    party = fields.UidField(lazy("经营者"), load_default=None)
