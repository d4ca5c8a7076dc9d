"""What goes in and out about devices."""

from ..core import fields
from ..core.i18n import lazy


class SourceIn(fields.Schema):
    """A platform that will send events."""

    name = fields.Text(lazy("平台名称"), max=60, min=2, required=True, help=lazy("如：某某智能锁平台"))


class SourceOut(fields.Schema):
    """A source; the secret only right after it was made."""

    uid = fields.UidField()
    name = fields.Text()
    address = fields.Text()
    secret = fields.Text()


class DeviceIn(fields.Schema):
    """A lock on a unit's door."""

    source = fields.UidField(lazy("平台"), required=True)
    serial = fields.Text(lazy("设备序列号"), max=100, min=2, required=True)
    unit = fields.UidField(lazy("所在房源"), required=True)


class DeviceOut(fields.Schema):
    """A lock."""

    uid = fields.UidField()
    serial = fields.Text()
    installed_at = fields.Moment()
    last_event_at = fields.Moment()
