"""The demo's own page: who signs in with what, and a door that opens. Elsewhere there is nothing here."""

from flask import Blueprint, current_app, flash, redirect, request, url_for
from markupsafe import Markup, escape

from ..core.errors import NotFound, Refusal
from ..core.i18n import _
from ..core.web import page, page_globals
from . import ringing
from .cast import players

web = Blueprint("demo", __name__, template_folder="templates")


class Banner:
    """What every page of the demo carries; the sign-in page also shows the people."""

    @property
    def banner(self) -> Markup:
        words, link = _("演示环境，人和数据都是虚构的。"), _("登录名和演示按钮")
        return Markup('{} <a href="{}">{}</a>').format(words, url_for("demo.index"), escape(link))

    @property
    def players(self):
        return players()


def banner() -> Banner | None:
    return Banner() if current_app.config["DEMO"] else None


page_globals["demo"] = banner


@web.get("/demo")
def index():
    """Everybody of the cast with their present codes, and the button."""
    _refuse_outside_demo()
    return page("demo/index.html")


@web.post("/demo/door-events")
def ring():
    """Send two signed door events to this product's own webhook, as a lock's maker would."""
    _refuse_outside_demo()
    try:
        unit = ringing.ring(int(request.environ["SERVER_PORT"]))
    except Refusal as problem:
        flash(str(problem.message), "error")
    else:
        flash(_("已发送：%(unit)s 的门在 31 分钟前和刚才各开了一次。约半分钟内出现预警。", unit=unit))
    return redirect(url_for(".index"), 303)


def _refuse_outside_demo() -> None:
    if not current_app.config["DEMO"]:
        raise NotFound
