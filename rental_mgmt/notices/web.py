"""The pages of notices, and the one where operator and desk read what a neighbour left."""

from flask import Blueprint, flash, g, redirect, request, url_for

from ..core import web as pages
from ..core.access import Role
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from . import messages, service
from .models import NeighbourMessage, Notice

web = Blueprint("notices", __name__, template_folder="templates")


@web.get("/notices")
def index():
    """My notices, newest first."""
    page = page_of(service.list_notices(actor()), (Notice.uid.desc(),), request.args.get("cursor"))
    return pages.page(
        "notices/index.html", page=page, said=service.said, hears=actor().role in messages.HEARERS
    )


@web.post("/notices/read")
def mark_all_read():
    marked = service.mark_read(actor())
    flash(_("已将 %(n)s 条标为已读", n=marked))
    return redirect(url_for(".index"), 303)


@web.post("/notices/<uuid:uid>/open")
def open_notice(uid):
    """Mark one as read and go where it points."""
    notice = service.get_notice(actor(), uid)
    service.mark_read(actor(), [notice.uid])
    return redirect(pages.safe_next(notice.link or url_for(".index")), 303)


@web.get("/messages")
def list_messages():
    """Neighbours' messages about my units or left in my compound."""
    query = messages.list_messages(actor())
    page = page_of(query, (NeighbourMessage.uid.desc(),), request.args.get("cursor"))
    return pages.page("notices/messages.html", page=page)


@web.get("/messages/<uuid:uid>")
def show_message(uid):
    message = messages.get_message(actor(), uid)
    text = messages.read_text(actor(), message)
    to_landlord = actor().role is Role.LANDLORD
    return pages.page("notices/message.html", message=message, text=text, to_landlord=to_landlord)


def unread_notices() -> int:
    """For the header of every page; counted once in a request, however many parts the page has."""
    if "unread_notices" not in g:
        g.unread_notices = service.count_unread(g.actor) if g.get("actor") else 0
    return g.unread_notices


pages.page_globals["unread_notices"] = unread_notices
