"""What people type about accounts, and what the API says of them."""

import re

from marshmallow import ValidationError

from ..core import fields
from ..core.access import Role
from ..core.i18n import _, lazy
from .models import PartyKind
from .sign_in import plain_name

_SIGN_IN_NAME = re.compile(r"[a-z][a-z0-9._\-]{2,31}", re.ASCII)
PARTY_KIND_LABELS = {PartyKind.PERSON: lazy("个人"), PartyKind.COMPANY: lazy("公司、合作社等")}


def _password() -> fields.Secret:
    help = lazy("至少 12 个字符；几个词连起来好记又难猜。不要求符号，也不会要求定期更换。")
    return fields.Secret(lazy("新密码"), required=True, autocomplete="new-password", help=help)


def _digits(label, **kwargs) -> fields.Secret:
    return fields.Secret(label, required=True, max=16, kind="secret", inputmode="numeric", **kwargs)


def _code(**kwargs) -> fields.Text:
    return fields.Text(
        lazy("代码"), required=True, max=40, kind="secret", placeholder="XXXX-XXXX-XXXX-XXXX-XXXX", **kwargs
    )


def _remember() -> fields.Flag:
    return fields.Flag(lazy("记住这部手机 30 天"), help=lazy("下次用 6 位 PIN 登录。请勿在公用电脑上勾选。"))


class SignInName(fields.Text):
    """A sign-in name for desk work: small letters and digits, never a phone number."""

    def _deserialize(self, value, attr, data, **kwargs):
        name = plain_name(super()._deserialize(value, attr, data, **kwargs))
        if name and not _SIGN_IN_NAME.fullmatch(name):
            raise ValidationError(_("3 至 32 个小写字母、数字、点或横线，以字母开头"))
        return name or None


class SignInIn(fields.Schema):
    name = fields.Text(lazy("手机号或登录名"), required=True, max=64, autocomplete="username")
    password = fields.Secret(lazy("密码"), required=True, autocomplete="current-password")
    remember = _remember()


class PinIn(fields.Schema):
    pin = _digits("PIN", autocomplete="off")


class CodeIn(fields.Schema):
    code = _digits(
        lazy("动态码"), autocomplete="one-time-code", help=lazy("验证器应用里的 6 位数字，每 30 秒更换")
    )


class ProofIn(fields.Schema):
    proof = fields.Secret(lazy("密码、PIN 或动态码"), required=True, autocomplete="current-password")


class OneTimeCodeIn(fields.Schema):
    code = _code(help=lazy("短信、微信或纸条上的 20 位代码，不分大小写"))


class InvitationIn(fields.Schema):
    password = _password()
    remember = _remember()


class EnrolIn(fields.Schema):
    name = fields.Text(lazy("姓名"), required=True, max=50, autocomplete="name")
    phone = fields.Mobile(required=True, help=lazy("以后用它登录"))
    password = _password()
    remember = _remember()


class ResetIn(fields.Schema):
    code = _code(help=lazy("柜台打印的重置码"))
    password = _password()


class NewPinIn(fields.Schema):
    pin = _digits(
        lazy("新的 6 位 PIN"), autocomplete="new-password", help=lazy("不要用生日年份、连号或重复数字")
    )


class NewPasswordIn(fields.Schema):
    present = fields.Secret(lazy("现在的密码"), required=True, autocomplete="current-password")
    password = _password()


class DeskIn(fields.Schema):
    label = fields.Text(lazy("给这台电脑起个名字"), required=True, max=40, placeholder=lazy("如：物业前台"))


class RoleIn(fields.Schema):
    role = fields.Choice(Role, lazy("角色"), required=True)


class InviteIn(fields.Schema):
    role = fields.Choice(Role, lazy("角色"), required=True)
    name = fields.Text(lazy("姓名"), required=True, max=50, autocomplete="off")
    phone = fields.Mobile(load_default=None, allow_none=True)
    sign_in_name = SignInName(lazy("登录名"), max=32, load_default=None, allow_none=True)
    over = fields.UidField(lazy("负责范围"), load_default=None, allow_none=True)
    party_kind = fields.Choice(
        PartyKind, lazy("经营者类型"), labels=PARTY_KIND_LABELS, load_default=PartyKind.PERSON, shown="radio"
    )
    party_name = fields.Text(lazy("经营者名称"), max=100, load_default=None, allow_none=True)
    until = fields.Moment(lazy("有效至"), load_default=None, allow_none=True, help=lazy("不填为长期有效"))


class KeyIn(fields.Schema):
    label = fields.Text(lazy("用途"), required=True, max=60, help=lazy("如：门店系统自动登记"))
    role = fields.Choice(Role, lazy("以什么角色"), required=True)
    expires_at = fields.Moment(lazy("到期"), required=True)
    place_uid = fields.UidField(lazy("只限此地点及以下"), load_default=None, allow_none=True)


# --- what the API says --------------------------------------------------------------------------------------


class MeOut(fields.Schema):
    """Who asks: the user, the role they act in and the other roles they have."""

    uid = fields.UidField()
    role = fields.Choice(Role)
    role_label = fields.Text()
    other_roles = fields.marshmallow.fields.List(fields.Choice(Role))
    is_fresh = fields.Flag()
    by_api_key = fields.Flag()


class SessionOut(fields.Schema):
    uid = fields.UidField()
    label = fields.Text()
    method = fields.Text()
    created_at = fields.Moment()
    last_seen_at = fields.Moment()
    expires_at = fields.Moment()
    is_this = fields.Flag()


class HeldRoleOut(fields.Schema):
    uid = fields.UidField()
    role = fields.Choice(Role)
    over = fields.Text()
    valid_from = fields.Moment()
    valid_to = fields.Moment(allow_none=True)
    awaits_confirmation = fields.Flag()


class PersonOut(fields.Schema):
    uid = fields.UidField()
    name = fields.Text()
    phone = fields.Text(allow_none=True)
    sign_in_name = fields.Text(allow_none=True)
    status = fields.Text()
    roles = fields.marshmallow.fields.List(fields.marshmallow.fields.Nested(HeldRoleOut))


class CodeOut(fields.Schema):
    """A code to hand over, shown this once; null while a second administrator is awaited."""

    code = fields.Text(allow_none=True)


class WaitingCodeOut(fields.Schema):
    """A code that another administrator asked for; it is drawn when this one confirms."""

    uid = fields.UidField()
    purpose = fields.Text()
    person = fields.UidField()
    asked_at = fields.Moment()
    expires_at = fields.Moment()


class WaitingRoleOut(fields.Schema):
    """A further role of somebody who has an account."""

    uid = fields.UidField()
    role = fields.Choice(Role)
    person = fields.UidField()
    valid_from = fields.Moment()


class WaitingOut(fields.Schema):
    """What waits for the second administrator."""

    codes = fields.fields.List(fields.fields.Nested(WaitingCodeOut))
    roles = fields.fields.List(fields.fields.Nested(WaitingRoleOut))


class InvitedOut(CodeOut):
    uid = fields.UidField()
    is_new = fields.Flag()


class KeyOut(fields.Schema):
    uid = fields.UidField()
    label = fields.Text()
    role = fields.Choice(Role)
    created_at = fields.Moment()
    expires_at = fields.Moment()
    last_used_at = fields.Moment(allow_none=True)
    revoked_at = fields.Moment(allow_none=True)


class NewKeyOut(KeyOut):
    key = fields.Text()
