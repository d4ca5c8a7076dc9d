"""The shapes of notices and neighbours' messages at the doors."""

from marshmallow import fields as mf

from ..core import fields
from ..core.i18n import lazy
from .models import Whereabouts


class NoticeOut(fields.Schema):
    uid = fields.UidField()
    kind = fields.Text()
    title = fields.Text()
    text = fields.Text()
    link = fields.Text(allow_none=True)
    created_at = fields.Moment()
    read_at = fields.Moment(allow_none=True)


class NoticePage(fields.Schema):
    items = mf.List(mf.Nested(NoticeOut))
    next_cursor = fields.Text(allow_none=True)
    unread = fields.Whole()


class NoticesRead(fields.Schema):
    """Without uids all of the actor's notices are marked."""

    uids = mf.List(fields.UidField(), load_default=None, allow_none=True)


class Marked(fields.Schema):
    marked = fields.Whole()


class MessageIn(fields.Schema):
    """What a neighbour types on a public page."""

    whereabouts = fields.Choice(Whereabouts, lazy("声音或情况来自"), shown="radio", required=True)
    text = fields.Text(
        lazy("想请对方知道的事"),
        max=500,
        min=2,
        kind="area",
        required=True,
        help=lazy("不用写您是谁、住哪户。对方只看到内容和方位。"),
    )
