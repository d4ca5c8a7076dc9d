"""The shapes of merging, handing over and closing at the doors."""

from marshmallow import fields as mf

from ..core import fields
from ..core.access import Role
from ..core.i18n import lazy
from ..units.answers import UnitOut
from ..units.models import PARTY_ROLE_LABELS, PartyRoleKind
from ..units.schemas import ReasonIn


class CloseIn(ReasonIn):
    end_stays = fields.Flag(lazy("同时办理退房、取消未到店的入住"), load_default=False)


class MergeIn(ReasonIn):
    into = fields.UidField(lazy("保留哪一套"), required=True)


class MovedOut(fields.Schema):
    """How much went over to the unit that goes on."""

    stays = fields.Whole(lazy("未结束的入住"))
    guests = fields.Whole(lazy("其中的住客"))
    devices = fields.Whole(lazy("设备"))
    listings = fields.Whole(lazy("平台房源链接"))
    alerts = fields.Whole(lazy("未办结的预警"))


class MergedOut(fields.Schema):
    unit = mf.Nested(UnitOut)
    moved = mf.Nested(MovedOut)


class TransferIn(ReasonIn):
    """Why a unit goes to another party."""


class AcceptIn(fields.Schema):
    """The printed code, and who answers for the unit from now on."""

    code = fields.Secret(lazy("移交码"), kind="secret", max=60, required=True)
    party_role = fields.Choice(
        PartyRoleKind, lazy("您与房屋的关系"), labels=PARTY_ROLE_LABELS, shown="radio", required=True
    )
    safety_contact_name = fields.Text(
        lazy("治安责任人姓名"), max=50, min=1, required=True, help=lazy("二十四小时能联系上的人")
    )
    safety_contact_phone = fields.Mobile(lazy("治安责任人手机号"), required=True)
    party = fields.UidField(lazy("经营者"), load_default=None)


class TransferOut(fields.Schema):
    """One hand-over of a unit; the code only where it was just made."""

    uid = fields.UidField(lazy("编号"))
    reason = fields.Text(lazy("原因"))
    offered_at = fields.Moment(lazy("发起时间"))
    offered_as = fields.Choice(Role, lazy("发起人角色"))
    party_role = fields.Choice(
        PartyRoleKind, lazy("接收方与房屋的关系"), labels=PARTY_ROLE_LABELS, allow_none=True
    )
    accepted_at = fields.Moment(lazy("接收时间"), allow_none=True)
    withdrawn_at = fields.Moment(lazy("撤回时间"), allow_none=True)


class OfferedOut(TransferOut):
    code = fields.Text(lazy("移交码（只显示一次）"))
