"""Pages without an account: what the QR on a door and the QR in a lift lead to.

The secret of the QR moves into a cookie at once and leaves the address; the page itself has none in it.
"""

import re

from flask import flash, redirect, request, url_for

from ..core.errors import Conflict, NotFound
from ..core.forms import Form
from ..core.i18n import _
from ..core.web import page, read_cookie, set_cookie, visitor
from ..notices.schemas import MessageIn
from ..places.contacts import contacts_of
from . import public as shown
from .codes import grouped
from .pages_web import web

UNIT_LINK, BUILDING_LINK, LINK_SECONDS = "unit_link", "building_link", 3600
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")


@web.route("/q", methods=["GET", "POST"], endpoint="public")
@web.get("/q/<token>", endpoint="public")
def public(token=None):
    """房源码公开页"""
    if token is not None:
        return _exchanged("units.public", UNIT_LINK, token)
    unit = shown.unit_behind(read_cookie(UNIT_LINK))
    form = Form(MessageIn)
    if form.submit(lambda **said: shown.tell_operator(visitor(), _same(unit), **said)):
        return _told("units.public")
    return page("units/public.html", form=form, unit=shown.public_unit(unit), grouped=grouped, about=unit.uid)


@web.route("/b", methods=["GET", "POST"], endpoint="building_public")
@web.get("/b/<token>", endpoint="building_public")
def building_public(token=None):
    """楼栋公示页"""
    if token is not None:
        return _exchanged("units.building_public", BUILDING_LINK, token)
    building = shown.building_behind(read_cookie(BUILDING_LINK))
    form = Form(MessageIn)
    if form.submit(lambda **said: shown.tell_building(visitor(), _same(building), **said)):
        return _told("units.building_public")
    contacts = contacts_of(building)
    return page(
        "units/building_public.html", form=form, building=building, contacts=contacts, about=building.uid
    )


def _exchanged(endpoint: str, cookie: str, token: str):
    if not TOKEN.fullmatch(token):
        raise NotFound
    response = redirect(url_for(endpoint), 303)
    set_cookie(response, cookie, token, LINK_SECONDS)
    return response


def _same(thing):
    """Two plates scanned one after the other share the cookie: a message must not go to the wrong door."""
    if request.form.get("about") != str(thing.uid):
        raise Conflict(_("您后来又扫了另一个码，请重新扫码后留言"))
    return thing


def _told(endpoint: str):
    flash(_("已转告。对方看不到您是谁；情况没有好转可以再次留言"), "good")
    return redirect(url_for(endpoint), 303)
