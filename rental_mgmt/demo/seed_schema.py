"""The shape of a seed file; an unknown name or a wrong value is refused with its path."""

import re

from marshmallow import ValidationError, validate, validates, validates_schema
from marshmallow import fields as mf

from ..accounts.models import PartyKind
from ..accounts.passwords import check_new_password, check_new_pin
from ..accounts.schemas import SignInName
from ..core import fields
from ..core.access import Role
from ..core.errors import Invalid
from ..core.fields import Schema
from ..core.i18n import _
from ..places.models import GridKind, PlaceKind
from ..places.pack import pack_codes
from ..units.models import UnitStatus
from ..units.schemas import UnitDetailsIn

# What a role is over, as the seed names it; the administrators and the auditor are over nothing.
OVER = {
    Role.LANDLORD: "party",
    Role.HELPER: "party",
    Role.PROPERTY_MANAGER: "place",
    Role.COMMUNITY_OFFICER: "place",
    Role.GRID_WORKER: "grid",
    Role.POLICE_LIAISON: "station",
    Role.STATION_LEAD: "station",
}
SEEDED = (UnitStatus.UNCLAIMED, UnitStatus.DRAFT, UnitStatus.ACTIVE)
SHORTEST_SECRET = 32


def _text(most: int = 100, **kwargs) -> fields.Text:
    return fields.Text(max=most, **kwargs)


def _many(shape) -> mf.List:
    return mf.List(mf.Nested(shape), load_default=list)


class StationSeed(Schema):
    code = _text(required=True, validate=validate.Regexp(r"[0-9]{12}\Z", error="000000000000"))
    name = _text(required=True)


class DutySeed(Schema):
    role = fields.Choice(Role, required=True)
    from_ = fields.Whole(max=24, required=True, data_key="from")
    to = fields.Whole(max=24, required=True)


class GridSeed(Schema):
    kind = fields.Choice(GridKind, required=True)
    name = _text(required=True)
    buildings = mf.List(_text(), load_default=list)
    grids = mf.List(mf.Nested(lambda: GridSeed()), load_default=list)


class PlaceSeed(Schema):
    kind = fields.Choice(PlaceKind, required=True)
    code = _text(40, required=True)
    name = _text(required=True)
    pack = _text(load_default=None)
    station = _text(load_default=None)
    duty = _many(DutySeed)
    grids = _many(GridSeed)
    places = mf.List(mf.Nested(lambda: PlaceSeed()), load_default=list)

    @validates_schema
    def pack_is_known(self, data, **_kwargs):
        if data.get("pack") and data["pack"] not in pack_codes():
            raise ValidationError(_("没有这个法域包"), "pack")


class PartySeed(Schema):
    key = _text(required=True)
    kind = fields.Choice(PartyKind, load_default=PartyKind.PERSON)
    name = _text(required=True)
    # A party is known again by its phone when the file is read a second time.
    phone = fields.Mobile(required=True)
    credit_code = _text(18, load_default=None)


class KeySeed(Schema):
    key = _text(200, min=SHORTEST_SECRET, required=True, validate=validate.Regexp("rk_", error="rk_…"))
    role = fields.Choice(Role, required=True)
    label = _text(required=True)
    days = fields.Whole(min=1, max=366, load_default=90)


class RoleSeed(Schema):
    role = fields.Choice(Role, labels={role: role for role in Role if role is not Role.SYSTEM}, required=True)
    party = _text()
    place = _text(300)
    grid = _text(300)
    station = _text()
    from_ = fields.Moment(data_key="from")
    to = fields.Moment()

    @validates_schema(skip_on_field_errors=True)
    def names_what_it_is_over(self, data, **_kwargs):
        over = OVER.get(data["role"])
        for name in {"party", "place", "grid", "station"} - {over}:
            if name in data:
                raise ValidationError(_("这个角色不需要此项，请删去"), name)
        if over and over not in data:
            raise ValidationError(_("请填写此项"), over)


class PersonSeed(Schema):
    name = _text(50, required=True)
    phone = fields.Mobile()
    sign_in_name = SignInName(max=32)
    password = fields.Secret()
    pin = fields.Secret(max=6)
    totp_secret = fields.Secret(max=64)
    roles = _many(RoleSeed)
    api_keys = _many(KeySeed)

    @validates("totp_secret")
    def is_base32(self, value, **_kwargs):
        if not re.fullmatch("[A-Z2-7]{32,64}", value):
            raise ValidationError(_("请填写 32 到 64 位的 base32（A–Z、2–7）"))

    @validates_schema(skip_on_field_errors=True)
    def can_sign_in(self, data, **_kwargs):
        if not (data.get("phone") or data.get("sign_in_name")):
            raise ValidationError(_("请填写手机号；桌面岗位可改填登录名"), "phone")
        _check_secrets(data)
        held = {row["role"] for row in data["roles"]}
        for number, key in enumerate(data["api_keys"]):
            if key["role"] not in held:
                raise ValidationError({"api_keys": {number: {"role": [_("只能选择此人自己的角色")]}}})


def _check_secrets(person: dict) -> None:
    known = [person.get(name) for name in ("sign_in_name", "phone", "name")]
    for name, check in (
        ("password", lambda said: check_new_password(said, *known)),
        ("pin", check_new_pin),
    ):
        try:
            check(person[name]) if name in person else None
        except Invalid as weak:
            raise ValidationError(weak.errors) from None


class UnitSeed(UnitDetailsIn):
    """What a landlord says about a unit, and where it is, whose, and since when."""

    building = _text(300, required=True)
    door = _text(20, required=True)
    floor = fields.Whole(min=-9, max=199, load_default=None)
    status = fields.Choice(UnitStatus, labels={word: word for word in SEEDED}, load_default=UnitStatus.DRAFT)
    party = _text(load_default=None)
    claim_phone = fields.Mobile(load_default=None)
    since = fields.Moment(load_default=None)

    @validates_schema(skip_on_field_errors=True)
    def has_who_runs_it(self, data, **_kwargs):
        is_unclaimed = data["status"] is UnitStatus.UNCLAIMED
        if is_unclaimed == bool(data["party"]):
            words = _("待认领的房源没有经营者，请删去") if is_unclaimed else _("请填写此项")
            raise ValidationError(words, "party")


class DeviceSeed(Schema):
    serial = _text(64, required=True)
    building = _text(300, required=True)
    door = _text(20, required=True)


class DeviceSourceSeed(Schema):
    name = _text(required=True)
    community = _text(300, required=True)
    secret = fields.Secret(required=True)
    devices = _many(DeviceSeed)

    @validates("secret")
    def is_long_enough(self, value, **_kwargs):
        if len(value) < SHORTEST_SECRET:
            raise ValidationError(_("至少 %(n)s 个字", n=SHORTEST_SECRET))


class SeedFile(Schema):
    stations = _many(StationSeed)
    places = _many(PlaceSeed)
    parties = _many(PartySeed)
    people = _many(PersonSeed)
    units = _many(UnitSeed)
    device_sources = _many(DeviceSourceSeed)
