"""What people type about places, and what the API says of them."""

from ..core import clock, fields
from ..core.access import Role
from ..core.i18n import lazy
from .duty import SET_FOR
from .models import GRID_LABELS, PLACE_LABELS, GridKind, PlaceKind
from .pack import pack_codes, pack_for


class PlaceIn(fields.Schema):
    kind = fields.Choice(PlaceKind, lazy("种类"), labels=PLACE_LABELS, required=True)
    name = fields.Text(lazy("名称"), required=True, max=60, help=lazy("如：东方新城二期、3栋、东门"))
    code = fields.Text(
        lazy("编号"), max=30, load_default=None, allow_none=True, help=lazy("不填则按顺序编号；楼栋填楼号")
    )
    parent = fields.UidField(lazy("上级"), load_default=None, allow_none=True)


class NameIn(fields.Schema):
    name = fields.Text(lazy("名称"), required=True, max=60)


class GridIn(fields.Schema):
    kind = fields.Choice(GridKind, lazy("种类"), labels=GRID_LABELS, required=True)
    name = fields.Text(lazy("名称"), required=True, max=60)
    parent = fields.UidField(lazy("上级网格"), load_default=None, allow_none=True)


class AssignIn(fields.Schema):
    grid = fields.UidField(lazy("网格"), required=True)


class UnitGridIn(AssignIn):
    """A unit that lies in another grid than its building."""

    unit = fields.UidField(lazy("房源"), required=True)


class GridAssignmentIn(fields.Schema):
    """A building, or one unit: exactly one of the two."""

    building = fields.UidField(lazy("楼栋"), load_default=None, allow_none=True)
    unit = fields.UidField(lazy("房源"), load_default=None, allow_none=True)


class EndIn(fields.Schema):
    on = fields.Day(
        lazy("到哪天为止"), load_default=None, allow_none=True, help=lazy("不填为现在；历史按日期保留")
    )


class EndGridIn(GridAssignmentIn, EndIn):
    """Which assignment ends, and when."""


class StationIn(fields.Schema):
    name = fields.Text(lazy("派出所名称"), required=True, max=60)
    code = fields.Text(
        lazy("机构编号"), required=True, min=12, max=12, inputmode="numeric", help=lazy("12 位数字")
    )


class ServedIn(fields.Schema):
    station = fields.UidField(lazy("派出所"), required=True)


class DutyIn(fields.Schema):
    role = fields.Choice(Role, lazy("岗位"), labels={role: role.label for role in SET_FOR}, required=True)
    from_hour = fields.Whole(lazy("从几点"), min=0, max=23, required=True)
    to_hour = fields.Whole(
        lazy("到几点"), min=0, max=23, required=True, help=lazy("相同为全天；20 到 8 为夜班")
    )


class PackChoiceIn(fields.Schema):
    pack = fields.Text(lazy("法域包"), required=True, max=40)
    effective_from = fields.Day(lazy("自哪天起"), required=True)


class ContactIn(fields.Schema):
    name = fields.Text(lazy("公示的姓名"), required=True, max=50, help=lazy("如：小王、李经理"))
    duty = fields.Text(lazy("职责"), required=True, max=30, help=lazy("如：物业前台、网格员、楼栋管家"))
    hours = fields.Text(lazy("时间"), required=True, max=40, help=lazy("如：每天 8:00–20:00"))
    public_phone = fields.Text(
        lazy("公开的值班电话"),
        max=20,
        load_default=None,
        allow_none=True,
        inputmode="tel",
        help=lazy("只填单位对外公布的号码，不要填私人手机"),
    )


class PlaceQuery(fields.Schema):
    kind = fields.Choice(PlaceKind, lazy("种类"), labels=PLACE_LABELS, load_default=None)
    parent = fields.UidField(lazy("上级"), load_default=None)


class PlaceOut(fields.Schema):
    """One place; `path` of names is for people, the uid is for requests."""

    uid = fields.UidField()
    kind = fields.Choice(PlaceKind, labels=PLACE_LABELS)
    code = fields.Text()
    name = fields.Text()


class StationOut(fields.Schema):
    uid = fields.UidField()
    name = fields.Text()
    code = fields.Text()


class CompoundIn(fields.Schema):
    compound = fields.UidField(lazy("小区"), required=True)


class EndStationIn(CompoundIn, EndIn):
    """Which compound is served no longer, and since when."""


class GridOut(fields.Schema):
    uid = fields.UidField()
    kind = fields.Choice(GridKind, labels=GRID_LABELS)
    name = fields.Text()


def pack_choices() -> list[tuple[str, object]]:
    """The packs there are, by the titles they have today."""
    today = clock.local_day(clock.now())
    return [(code, pack_for(code, today).title) for code in pack_codes()]
