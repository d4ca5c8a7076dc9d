"""Role homes, the compound seen from the street, a unit's month, the auditor's desk, health, privacy."""

import re
from pathlib import Path
from uuid import UUID

import flask_swagger_ui
from flask import (
    Blueprint,
    current_app,
    flash,
    g,
    make_response,
    redirect,
    request,
    send_from_directory,
    url_for,
)

from ..core.access import Actor, Role, may, require_may
from ..core.api import the_api
from ..core.errors import Forbidden, Invalid, NotFound, Unavailable
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.migrate import is_current
from ..core.web import CSP, page, page_globals
from ..notices.web import unread_notices
from ..places.law import get_law, laws
from ..places.pack import pack_for
from ..stays import nights
from ..stays.models import NightState
from ..stays.schemas import EveningIn
from ..units.models import Unit
from ..units.registering import register_unit
from ..units.scope import visible
from . import trail as auditing
from .elevation import elevations, neediest
from .health import examine
from .homes import home_of
from .nav_web import navigation
from .strip import last_days

web = Blueprint("overview", __name__, template_folder="templates")

UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
HOMES = {
    Role.LANDLORD: "landlord",
    Role.HELPER: "landlord",
    Role.GRID_WORKER: "worker",
    Role.PROPERTY_MANAGER: "manager",
    Role.COMMUNITY_OFFICER: "officer",
    Role.POLICE_LIAISON: "police",
    Role.STATION_LEAD: "police",
    Role.SYSTEM_ADMIN: "admin",
    Role.SECURITY_ADMIN: "admin",
    Role.AUDITOR: "auditor",
}


def _navigation() -> list[dict]:
    return navigation(g.get("actor"), unread_notices())


page_globals["nav"] = _navigation


def _door_address(unit_uid: UUID) -> str:
    return url_for("units.show", unit_uid=unit_uid)


@web.get("/")
def home():
    """首页：现在最该做的事"""
    who = actor()
    buildings = elevations(who, _door_address) if who.role is Role.PROPERTY_MANAGER else []
    desk = _audit_desk(who) if who.role is Role.AUDITOR else {}
    return page(
        f"overview/{HOMES[who.role]}.html",
        home=home_of(who),
        buildings=buildings,
        chosen=neediest(buildings),
        night_on=nights.tonight(),
        may_add=may(who, register_unit),
        **desk,
    )


def _audit_desk(who: Actor) -> dict:
    """How the chains stand, and who looked unusually much."""
    return {"state": auditing.chains(who), "unusual": auditing.unusual(who)}


@web.post("/tonight")
def save_tonight():
    """保存今晚各套房源的情况"""
    require_may(actor(), nights.mark_tonight)
    form, said = Form(EveningIn), {}
    for name, value in request.form.items():
        if name.startswith("unit-") and value in set(NightState):
            try:
                said[UUID(name[5:])] = NightState(value)
            except ValueError:
                raise Invalid(errors={name[:50]: [_("编号格式不正确")]}) from None
    if form.submit(lambda night_on: nights.mark_tonight(actor(), said, night_on)):
        flash(_("已保存 %(n)s 套房源今晚的情况", n=len(said)), "good")
    else:
        flash(_("；").join(words for lines in form.errors.values() for words in lines), "bad")
    return redirect(url_for(".home"), 303)


@web.get("/compound")
def compound():
    """楼栋立面图，一次一栋；?wall=1 是给公共显示屏的，只有每栋的数"""
    buildings = elevations(actor(), _door_address)
    asked = request.args.get("building", "")
    chosen = neediest(buildings, UUID(asked) if UUID_TEXT.fullmatch(asked) else None)
    template = "overview/wall.html" if "wall" in request.args else "overview/compound.html"
    return page(template, buildings=buildings, chosen=chosen)


@web.get("/units/<uuid:unit_uid>/days")
def unit_days(unit_uid):
    """房源最近 30 天"""
    unit = get_or_404(visible(actor(), Unit), unit_uid)
    return page("overview/unit_days.html", unit=unit, unit30=last_days(actor(), unit))


# --- the auditor --------------------------------------------------------------------------------------------


@web.get("/audit")
def trail():
    """审计链与记录"""
    who = actor()
    subject = request.args.get("subject", "")[:80] or None
    action = request.args.get("action", "")[:40] or None
    cursor = request.args.get("cursor", "")[:1000] or None
    return page(
        "overview/trail.html",
        **_audit_desk(who),
        entries=auditing.entries(who, subject, action, cursor, 50),
        subject=subject,
        action=action,
    )


@web.get("/health")
def health():
    """运行状况"""
    if actor().role not in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN):
        raise Forbidden(_("您的角色无权进行此操作"))
    return page("overview/health.html", findings=examine(current_app.config))


# --- for programmers ----------------------------------------------------------------------------------------

# The viewer's own script styles what it draws; nothing else of the product may.
DOCS_CSP = CSP.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")


@web.get("/docs/openapi.json")
def openapi_document():
    """接口文档（OpenAPI 3.1）"""
    return the_api().document()


@web.get("/docs/")
def api_docs():
    """接口文档页"""
    response = make_response(page("overview/api_docs.html"))
    response.headers["Content-Security-Policy"] = DOCS_CSP
    return response


@web.get("/docs/<path:name>")
def api_docs_asset(name):
    """接口文档页的脚本与样式，由本产品自己提供"""
    return send_from_directory(Path(flask_swagger_ui.__file__).parent / "dist", name)


# --- for machines -------------------------------------------------------------------------------------------


@web.get("/healthz")
def healthz():
    """进程活着"""
    return {"alive": True}


@web.get("/readyz")
def readyz():
    """数据库在，表结构最新"""
    if not is_current():
        raise Unavailable(_("表结构不是最新的：请运行 flask --app wsgi migrate"))
    return {"ready": True}


# --- for everybody ------------------------------------------------------------------------------------------


@web.get("/privacy")
def privacy():
    """法律依据与隐私说明"""
    pack = pack_for("national", nights.tonight())
    bases = ("ctl-2018-21", "mpl-2024-57", "wpl-2022-26", "pipl-")
    shown = [law for id_, law in laws().items() if id_.startswith(bases)]
    site = current_app.config["SITE_NAME"]
    words = {"operator": _("房源经营者"), "platform": _(site), "contact": _("物业服务台")}
    said = {name: pack.read_notice(name, **words) for name in ("guest", "minor", "overseas")}
    return page("overview/privacy.html", notices=said, laws=shown)


@web.get("/law/<law_id>")
def law(law_id):
    """一条法律依据"""
    try:
        found = get_law(law_id)
    except KeyError:
        raise NotFound from None
    return page("overview/law.html", law=found)
