"""A request: who asks, that it is one transaction, that it happens once, and how a refusal is said."""

import hashlib
import logging
import uuid
from collections.abc import Callable

from flask import Flask, Request, Response, flash, g, redirect, request
from flask import session as flash_cookie
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import BadHost, HTTPException

from . import assets, fields, i18n, idempotency
from .access import Actor
from .db import answering, session, unit_of_work
from .errors import Conflict, Invalid, Refusal, TooLarge, Unauthenticated, Unavailable
from .i18n import _

log = logging.getLogger(__name__)

READING = frozenset({"GET", "HEAD", "OPTIONS"})
LARGEST_BODY = 1 << 20
LARGEST_UPLOAD = 52 << 20
NOT_HASHED = frozenset({"csrf", "form_key", "here"})

# Accounts puts in these: find who asks; name the scope of an idempotency key; refuse a form without its token.
identify: list[Callable[[], None]] = []


class LimitedRequest(Request):
    """No body may grow a worker: JSON and forms 1 MB, uploads 52 MB in parts on disk."""

    max_form_parts = 300

    @property
    def max_content_length(self) -> int:
        return LARGEST_UPLOAD if self.mimetype == "multipart/form-data" else LARGEST_BODY


class App(Flask):
    request_class = LimitedRequest

    def ensure_sync(self, func):
        """No view of ours is a coroutine, and asking each time has its price."""
        return func

    def send_static_file(self, filename: str) -> Response:
        return small_asset(self.static_folder, filename) or super().send_static_file(filename)

    def dispatch_request(self) -> Response:
        """A request is one transaction: what the view did, or nothing of it; done once per idempotency key."""
        if isinstance(request.routing_exception, BadHost):
            # Without a host no page can name another; whoever sends such a header reads no pages.
            return Response(_("请求无法识别，请检查格式"), 400, content_type="text/plain; charset=utf-8")
        reading = request.method in READING
        try:
            with answering(), unit_of_work(read_only=reading):
                for find_actor in identify:
                    find_actor()
                claimed = None if reading else _claim()
                response = self.make_response(super().dispatch_request())
                if claimed:
                    _keep_or_give_back(claimed, response)
                return response
        except idempotency.Replay as replay:
            return _say_again(replay.answer)
        except idempotency.Reused as reused:
            if wants_json():
                raise
            return _show_first_result(reused.answer)


def small_asset(folder: str, name: str) -> Response | None:
    """The style sheet or the script, made small; None for any other file."""
    made = assets.content(folder, name)
    if made is None:
        return None
    kind = "text/css" if name.endswith(".css") else "text/javascript"
    answer = Response(made, mimetype=kind, headers={"Cache-Control": "no-cache"})
    answer.add_etag()
    return answer.make_conditional(request)


def actor() -> Actor:
    """Whoever asks; 401 if nobody is signed in."""
    if g.get("actor") is None:
        raise Unauthenticated(_("请先登录"))
    return g.actor


def answer_is_secret() -> None:
    """This answer shows something once: asked again with the same key, it says so instead."""
    g.answer_is_secret = True


def wants_json() -> bool:
    return request.path.startswith(("/api/", "/hooks/"))


# --- once ---------------------------------------------------------------------------------------------------


def _claim():
    key = request.headers.get("Idempotency-Key") or (_is_form() and request.form.get("form_key"))
    scope = g.get("idempotency_scope")
    if not key or not scope:
        return None
    return idempotency.claim(scope, key, _request_hash())


def _is_form() -> bool:
    return request.mimetype in ("application/x-www-form-urlencoded", "multipart/form-data")


def _request_hash() -> bytes:
    if not _is_form():
        return idempotency.hash_of(request.method.encode(), request.path.encode(), request.get_data())
    parts = [
        f"{name}={value}".encode()
        for name, value in sorted(request.form.items(multi=True))
        if name not in NOT_HASHED
    ]
    # By name alone: several files of one name stay in their order.
    for name, upload in sorted(request.files.items(multi=True), key=lambda part: part[0]):
        parts.append(name.encode() + hashlib.file_digest(upload.stream, "sha256").digest())
        upload.stream.seek(0)
    return idempotency.hash_of(request.method.encode(), request.path.encode(), *parts)


def _keep_or_give_back(claimed, response: Response) -> None:
    """Only what was done is said again; a file goes out once and is never kept."""
    if response.status_code < 400 and not response.is_streamed:
        idempotency.keep_answer(claimed, _answer_of(response))
    else:
        idempotency.give_back(claimed)


def _answer_of(response: Response) -> idempotency.Answer:
    if g.get("answer_is_secret"):
        return _shown_once()
    kept = {k: v for k, v in response.headers.items() if k in ("Content-Type", "Location", "ETag")}
    said = [] if wants_json() else list(flash_cookie.get("_flashes", ()))
    return idempotency.Answer(response.status_code, response.get_data(as_text=True), kept, said)


def _shown_once() -> idempotency.Answer:
    from . import web

    shown = _("此一次性内容已显示过，不能再次显示")
    if wants_json():
        return idempotency.Answer(200, shown, {"Content-Type": "text/plain; charset=utf-8"})
    return idempotency.Answer(303, "", {"Location": web.here()}, [("notice", shown)])


def _say_again(answer: idempotency.Answer) -> Response:
    for category, words in answer.flashes:
        flash(words, category)
    return Response(answer.body, answer.status, {**answer.headers, "Idempotency-Replayed": "true"})


def _show_first_result(answer: idempotency.Answer) -> Response:
    flash(_("已提交，如需更改请用更正"), "notice")
    return redirect(answer.headers.get("Location", "/"), 303)


# --- refusals -----------------------------------------------------------------------------------------------


def _refusal_of(error: Exception) -> Refusal | None:
    """The refusal that a database's or Flask's own error amounts to."""
    match error:
        case Refusal():
            return error
        case StaleDataError() | IntegrityError():
            return Conflict(_("记录已存在或刚被他人修改，请刷新后再试"))
        case DataError():
            return Invalid(_("有内容超出可以保存的范围，请核对"))
        case OperationalError() | InterfaceError() | PoolTimeout() | TimeoutError():
            return Unavailable()
        case DBAPIError() if error.connection_invalidated:
            return Unavailable()
    return None


def _refuse(error: Exception):
    refusal = _refusal_of(error)
    if refusal is None:
        log.exception("request failed", extra={"request_id": g.get("request_id")})
        refusal = Refusal(_("系统出错，已记录；请稍后再试"))
        refusal.status, refusal.code = 500, "error"
    session.rollback()
    return _say(refusal)


def _refuse_http(error: HTTPException):
    if error.response is not None or (error.code or 500) < 400:
        return error
    words = {
        404: _("没有找到，或您无权查看"),
        405: _("此地址不支持这种请求方式"),
        413: _("内容太大：单次提交不超过 1 MB，文件不超过 50 MB"),
        415: _("请以 application/json 提交"),
        400: _("请求无法识别，请检查格式"),
    }
    refusal = TooLarge("") if error.code == 413 else Refusal("")
    refusal.message = words.get(error.code, error.description or "")
    refusal.status, refusal.code = error.code, error.name.lower().replace(" ", "-")
    answer = _say(refusal)
    if getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def _say(refusal: Refusal) -> Response:
    from . import api, web

    answer = api.problem(refusal) if wants_json() else web.refusal_page(refusal)
    if retry := getattr(refusal, "retry_after", None):
        answer.headers["Retry-After"] = str(retry)
    if refusal.status == 401 and wants_json():
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def init_app(app: App) -> None:
    @app.before_request
    def begin():
        g.request_id = uuid.uuid4().hex
        # What the request before left in this thread.
        fields.values_are_typed.set(False)
        i18n.set_locale(g.get("locale") or request.cookies.get("locale") or _asked_locale())

    @app.after_request
    def name_the_request(response):
        response.headers["X-Request-Id"] = g.get("request_id", "")
        return response

    @app.teardown_appcontext
    def end_session(_error):
        session.remove()

    app.register_error_handler(Exception, _refuse)
    app.register_error_handler(HTTPException, _refuse_http)


def _asked_locale() -> str:
    return "en" if request.accept_languages.best_match(["zh", "en"], "zh") == "en" else "zh"
