"""Who is at the door: finds the actor inside the request's unit of work, shuts every door but the public."""

import hmac

from flask import Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from ..core import i18n
from ..core.access import may
from ..core.db import answering, session, unit_of_work
from ..core.errors import Forbidden, Unauthenticated
from ..core.http import READING, identify, wants_json
from ..core.i18n import _, lazy
from ..core.web import csrf_token, page_globals, read_cookie, set_cookie
from . import keys, sessions
from .actors import SignedIn, actor_by_key, actor_by_session
from .tokens import name_hash
from .trusted import Visit

# Every endpoint that opens without a sign-in; the only such list of the product.
PUBLIC = frozenset(
    {
        "static",
        "accounts.sign_in",
        "accounts.sign_in_code",
        "accounts.enrol_totp",
        "accounts.change_person",
        "accounts.preferences",
        "accounts.open_link",
        "accounts.invitation",
        "accounts.reset",
        "units.public",
        "overview.law",
        "overview.readyz",
        "overview.healthz",
        "overview.privacy",
        "hooks.receive_events",
        "units.building_public",
        "demo.index",
        "demo.ring",
        "exports.counts",
    }
)
# A repeated sign-in is a new sign-in: the stored answer of the first one would carry no cookie.
_SIGNING_IN = {name for name in PUBLIC if name.startswith("accounts.")}
NEVER_REPLAYED = _SIGNING_IN | {"accounts.sign_out", "accounts.step_up", "accounts.switch_role"}
# Seconds an answer that is made may wait for SQLite's writer, only to say that somebody was here.
NOTING = 0.2
SESSION, PHONE, DESK, KNOWN = "session", "device", "desk", "known"
BROWSERS = {
    "MicroMessenger": lazy("微信"),
    "Android": lazy("安卓手机"),
    "iPhone": lazy("iPhone"),
    "iPad": lazy("iPad"),
    "Windows": lazy("Windows 电脑"),
    "Macintosh": lazy("Mac"),
    "Linux": lazy("Linux 电脑"),
}
OTHER_BROWSER = lazy("其他设备")


def find_actor() -> None:
    """Put actor, scope of idempotency keys and language into `g`; 401 at a door that is not public."""
    g.actor = g.idempotency_scope = None
    if request.endpoint == "static":
        return
    g.actor = _by_key() or _by_session()
    g.idempotency_scope = _scope()
    if g.actor is None and request.endpoint is not None and request.endpoint not in PUBLIC:
        raise Unauthenticated(_("请先登录"))


def _by_key():
    scheme, _space, key = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not key or request.endpoint in PUBLIC:
        return None
    found = actor_by_key(key.strip())
    if found is None:
        raise Unauthenticated(_("接口密钥无效、已过期或已撤销"))
    actor, g.key_use_is_due = found
    return actor


def _by_session() -> SignedIn | None:
    token = read_cookie(SESSION)
    actor = actor_by_session(token) if token else None
    if actor is None:
        return None
    _refuse_foreign_script()
    if actor.locale and not request.cookies.get("locale"):
        i18n.set_locale(actor.locale)
    return actor


def _refuse_foreign_script() -> None:
    """A script that writes through the API with the session cookie shows the form token (ASVS 3.5.1)."""
    if request.method in READING or not wants_json() or request.endpoint in PUBLIC:
        return
    given = request.headers.get("X-CSRF-Token", "")
    if not hmac.compare_digest(given.encode(), csrf_token().encode()):
        raise Forbidden(_("以网页会话调用接口时，须在请求头 X-CSRF-Token 中带上页面令牌"))


def _scope() -> str | None:
    if request.endpoint in NEVER_REPLAYED:
        return None
    if g.actor is not None:
        return f"key:{g.actor.api_key_id}" if g.actor.api_key_id else f"user:{g.actor.user_id}"
    visitor = read_cookie("visitor")
    return f"visitor:{name_hash('visitor', visitor).hex()}" if visitor else None


# --- seen ---------------------------------------------------------------------------------------------------


def note_use(response: Response) -> Response:
    """Write “last seen” and “last used” after the answer's transaction, at most once a minute."""
    actor = g.get("actor")
    if actor is None or not (g.get("key_use_is_due") or getattr(actor, "seen_is_due", False)):
        return response
    try:
        with answering(patience=NOTING), unit_of_work():
            if actor.api_key_id:
                keys.note_use(actor.api_key_id)
            else:
                sessions.note_seen(actor.session_id)
    except (SQLAlchemyError, TimeoutError):
        # The database is busy or away, and the answer is made: the next request will write it.
        session.rollback()
    return response


# --- this browser -------------------------------------------------------------------------------------------


def visit() -> Visit:
    """The browser of this request, as sign-in counts and remembers it."""
    tokens = (read_cookie(name) or None for name in (PHONE, DESK, KNOWN))
    return Visit(_network(request.remote_addr or ""), _browser(), *tokens)


def _network(address: str) -> str:
    """An IPv6 customer has 2^64 addresses of one network."""
    return ":".join(address.split(":")[:4]) if ":" in address else address


def _browser() -> str:
    """What people call the thing in their hand, in Chinese until shown; never the full user agent."""
    said = request.user_agent.string
    return next((name.message for word, name in BROWSERS.items() if word in said), OTHER_BROWSER.message)


def let_in(response: Response, token: str, keep_seconds: int | None = None) -> Response:
    """Give the browser its session; without `keep_seconds` it ends when the browser is closed."""
    set_cookie(response, SESSION, token, keep_seconds)
    return response


def init_app(app) -> None:
    if find_actor not in identify:
        # First who it is: to somebody whose session has ended, the form's stale token is not the matter.
        identify.insert(0, find_actor)
    app.after_request(note_use)
    page_globals["may"] = lambda: may
