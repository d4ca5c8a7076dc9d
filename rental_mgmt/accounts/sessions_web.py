"""One's own account: where one is signed in, what is remembered, PIN and password, the desk, the roles."""

from uuid import UUID

from flask import flash, redirect, url_for

from ..core.db import session
from ..core.errors import Refusal
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.web import page, set_cookie
from . import credentials, sessions, trusted
from .auth import DESK, SESSION
from .pages_web import forget_cookie, web
from .schemas import DeskIn, NewPasswordIn

DESK_SECONDS = 365 * 24 * 3600


@web.get("/sessions", endpoint="sessions")
def show_sessions():
    me = actor()
    return page(
        "accounts/sessions.html",
        me=me,
        sessions=session.scalars(sessions.list_my_sessions(me)).all(),
        devices=trusted.list_devices(me.user_id),
        asks=credentials.asks_for(me),
        may_name_desk=me.role in trusted.name_desk.roles,
        desk_form=Form(DeskIn),
    )


@web.post("/sessions/<uuid:uid>/end")
def end_session(uid: UUID):
    sessions.end_my_session(actor(), uid)
    flash(_("已让那台设备退出登录"))
    return redirect(url_for(".sessions"), 303)


@web.post("/sessions/end-others")
def end_other_sessions():
    sessions.end_my_other_sessions(actor())
    flash(_("其他设备都已退出登录"))
    return redirect(url_for(".sessions"), 303)


@web.route("/sessions/password", methods=["GET", "POST"])
def password():
    me, form = actor(), Form(NewPasswordIn)
    if form.submit(lambda present, password: credentials.change_password(me, present, password)):
        flash(_("密码已修改，其他设备都已退出登录"))
        return redirect(url_for(".sessions"), 303)
    return page("accounts/password.html", form=form)


@web.post("/sessions/desk")
def name_desk():
    """Make this PC a desk that several people share."""
    me, form, tokens = actor(), Form(DeskIn), []
    response = redirect(url_for(".sessions"), 303)
    if form.submit(lambda label: tokens.append(trusted.name_desk(me, label))):
        set_cookie(response, DESK, tokens[0], DESK_SECONDS)
        flash(_("这台电脑已登记为值班电脑；同事用密码登录一次后，当班内可用 PIN 换人"))
    else:
        flash(_("请填写这台电脑的名字，最多 40 个字"), "error")
    return response


@web.post("/sessions/desk/forget")
def unname_desk():
    """The PC is nobody's desk any more; everybody's sessions on it end, this one too."""
    me = actor()
    if not me.is_at_desk:
        raise Refusal(_("这台电脑没有登记为值班电脑"))
    trusted.unname_desk(me, me.device_id)
    response = redirect(url_for(".sign_in"), 303)
    for name in (DESK, SESSION):
        forget_cookie(response, name)
    return response
