"""The page door: rendering, the form token, security headers, language and appearance."""

import hmac
import secrets
from datetime import date, datetime, timedelta

from flask import Response, current_app, flash, g, redirect, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException

from . import assets, clock, forms, i18n, keys
from .db import unit_of_work
from .errors import Forbidden, Refusal
from .http import READING, identify, wants_json
from .i18n import _

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
    "manifest-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=()",
}
YEAR = 365 * 24 * 3600

# Rooms add what every page shows: name -> function.
page_globals: dict = {}


def cookie_name(name: str) -> str:
    """`__Host-` under https: the browser then refuses a cookie set by another host or without TLS."""
    return f"__Host-{name}" if current_app.config["HTTPS"] else name


def set_cookie(response: Response, name: str, value: str, max_age: int | None = None) -> None:
    """Set one of our cookies: HttpOnly, SameSite=Lax, Secure under https."""
    secure = current_app.config["HTTPS"]
    response.set_cookie(
        cookie_name(name), value, max_age=max_age, secure=secure, httponly=True, samesite="Lax", path="/"
    )


def read_cookie(name: str) -> str | None:
    return request.cookies.get(cookie_name(name))


def page(template: str, **context) -> Response | tuple[str, int]:
    """A rendered page; after a refused form with that refusal's status."""
    return render_template(template, **context), g.get("form_status", 200)


def refusal_page(refusal: Refusal) -> Response:
    """An error as a page; nobody signed in goes to the sign-in page, a stale step to the step-up page."""
    if refusal.status == 401:
        if request.method not in READING:
            flash(_("登录已失效，刚才填写的没有保存。登录后会回到那一页"), "warn")
        return redirect(current_app.url_for("accounts.sign_in", next=here()), 303)
    if refusal.code == "step-up-needed":
        return redirect(current_app.url_for("accounts.step_up", next=here()), 303)
    if refusal.status >= 500:
        # The page for nobody asks the database nothing: it may be what is away.
        g.actor = None
    with unit_of_work(read_only=True):
        words = render_template(
            "error.html", status=refusal.status, message=str(refusal.message), refusal=refusal
        )
    return Response(words, refusal.status)


def here() -> str:
    """The page a person is on, to come back to; a form says where it was shown (there is no referrer)."""
    if request.method in READING:
        return request.full_path.rstrip("?")
    try:
        return safe_next(request.form.get("here"))
    except HTTPException:
        # A form that cannot be read is not read to say so.
        return "/"


def safe_next(target: str | None) -> str:
    """A path on this host to go on to; anything else becomes the home page."""
    if target and target.startswith("/") and not target.startswith(("//", "/\\")) and "\\" not in target:
        return target
    return "/"


# --- the form token -----------------------------------------------------------------------------------------


def visitor() -> str:
    """A random name for this browser, so that a form without an account is bound to it too."""
    if not g.get("visitor"):
        g.visitor = read_cookie("visitor") or secrets.token_urlsafe(24)
    return g.visitor


def csrf_token() -> str:
    bound_to = read_cookie("session") or visitor()
    return hmac.new(keys.derive("csrf"), bound_to.encode(), "sha256").hexdigest()


def check_form_token() -> None:
    """Refuse a page's POST that does not come from a page of ours (ASVS 3.5.1)."""
    if request.method in READING or wants_json():
        return
    origin = request.headers.get("Origin")
    # What stands behind the scheme, without parsing: a header of anybody's making may not be an address at all.
    if origin and origin != "null" and origin.rpartition("//")[2] != request.host:
        raise Forbidden(_("请求不是从本网站的页面发出的"))
    given = request.form.get("csrf", "")
    if not hmac.compare_digest(given.encode(), csrf_token().encode()):
        raise Forbidden(_("页面已过期，请返回刷新后重试；已填写的内容没有保存"))


# --- style sheets and scripts -------------------------------------------------------------------------------


def _name_version(endpoint: str, values: dict) -> None:
    if endpoint == "static":
        values.setdefault("v", assets.version(current_app.static_folder, values["filename"]))


def _keep_for_long(response: Response) -> None:
    """Under an address with its version a file never changes; under any other one a browser asks again."""
    version = assets.version(current_app.static_folder, (request.view_args or {}).get("filename", ""))
    if version and request.args.get("v") == version:
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"


# --- words --------------------------------------------------------------------------------------------------


def show_moment(at: datetime | None) -> str:
    return at.astimezone(clock.LOCAL).strftime("%Y-%m-%d %H:%M") if at else "—"


def show_day(day: date | datetime | None) -> str:
    if isinstance(day, datetime):
        day = clock.local_day(day)
    return day.strftime("%Y-%m-%d") if day else "—"


def show_clock_time(at: datetime | None) -> str:
    return at.astimezone(clock.LOCAL).strftime("%H:%M") if at else "—"


def show_remaining(left: timedelta) -> str:
    """A span of time in the largest two units, e.g. “2 小时 5 分”."""
    minutes = max(0, int(left.total_seconds() // 60))
    days, hours = minutes // 1440, minutes % 1440 // 60
    if days:
        return _("%(d)s 天 %(h)s 小时", d=days, h=hours)
    if hours:
        return _("%(h)s 小时 %(m)s 分", h=hours, m=minutes % 60)
    return _("%(m)s 分钟", m=minutes)


def _words(message, **values) -> str | Markup:
    return _(str(message), **values)


def init_app(app) -> None:
    identify.append(check_form_token) if check_form_token not in identify else None
    app.jinja_env.add_extension("jinja2.ext.do")
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        moment=show_moment, day=show_day, clock_time=show_clock_time, remaining=show_remaining
    )
    app.jinja_env.globals.update(
        _=_words, csrf_token=csrf_token, form_key=forms.form_key, here=here, now=clock.now
    )

    app.url_defaults(_name_version)
    app.context_processor(_every_page)
    app.after_request(_protect)


def _every_page() -> dict:
    """What the layout of every page needs; rooms add theirs in page_globals."""
    config = current_app.config
    shared = {
        "actor": g.get("actor"),
        "locale": i18n.locale(),
        "theme": request.cookies.get("theme", "auto"),
        "type_size": request.cookies.get("type_size", "normal"),
        "site_name": _words(config["SITE_NAME"]),
        "plain_http": not config["HTTPS"] and not config["DEMO"],
        "demo": None,
        "nav": [],
    }
    return shared | {name: find() for name, find in page_globals.items()}


def _protect(response: Response) -> Response:
    """The headers every answer carries; nothing but static files may be kept by a browser."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if current_app.config["HTTPS"]:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    if request.endpoint == "static":
        _keep_for_long(response)
    else:
        response.headers.setdefault("Cache-Control", "no-store")
    if g.get("visitor") and not read_cookie("visitor"):
        set_cookie(response, "visitor", g.visitor, YEAR)
    return response
