"""Notices for programs: the own list, and marking as read."""

from ..core.api import Blueprint, PageQuery
from ..core.http import actor
from ..core.paging import page_of
from . import service
from .models import Notice
from .schemas import Marked, NoticePage, NoticesRead

api = Blueprint("notices_api", __name__, url_prefix="/api/v1", description="通知、消息")


@api.route("/notices", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, NoticePage)
def list_notices(query):
    """我的通知，新的在前"""
    page = page_of(service.list_notices(actor()), (Notice.uid.desc(),), query["cursor"], query["size"])
    items = [_shown(notice) for notice in page.items]
    return {"items": items, "next_cursor": page.next_cursor, "unread": service.count_unread(actor())}


@api.route("/notices/read", methods=["POST"])
@api.arguments(NoticesRead)
@api.response(200, Marked)
def mark_read(body):
    """标为已读；不给编号就是全部"""
    return {"marked": service.mark_read(actor(), body["uids"])}


def _shown(notice: Notice) -> dict:
    return {
        "uid": notice.uid,
        "kind": notice.kind,
        "title": service.said(notice.title, notice.values),
        "text": service.said(notice.text, notice.values),
        "link": notice.link,
        "created_at": notice.created_at,
        "read_at": notice.read_at,
    }
