"""Doors for people who have only a code: an invitation, a claim code, a reset. Looking spends nothing."""

from flask import flash, g, redirect, request, url_for

from ..core.forms import Form
from ..core.i18n import _
from ..core.web import page, read_cookie, set_cookie
from . import enrolment
from .auth import visit
from .models import CodePurpose
from .pages_web import LINK, LINK_SECONDS, forget_cookie, go_on, web
from .schemas import EnrolIn, InvitationIn, OneTimeCodeIn, ResetIn
from .sign_in_web import done
from .trusted import PHONE_ROLES

PAGES = {"i": "accounts.invitation", "r": "accounts.reset"}


@web.get("/<any(i, r):kind>/<code>")
def open_link(kind: str, code: str):
    """A link from a message or QR: its secret moves into a cookie at once and leaves the address.

    Chat programs fetch links before a person taps; nothing is looked up or spent here.
    """
    response = redirect(url_for(PAGES[kind]), 303)
    set_cookie(response, LINK, code[:40], LINK_SECONDS)
    return response


@web.route("/invitation", methods=["GET", "POST"])
def invitation():
    typed = read_cookie(LINK)
    if not typed:
        return _ask_for_code()
    code = enrolment.read_code_or_none(typed, enrolment.OPENS_AN_ACCOUNT, visit())
    if code is None:
        response = redirect(url_for(".invitation"), 303)
        flash(_("代码不正确、已使用或已过期，请向办理人重新索取"), "error")
        forget_cookie(response, LINK)
        return response
    if code.purpose is CodePurpose.CLAIM:
        return _enrol(typed, code.user_id is not None)
    form = Form(InvitationIn)
    act = enrolment.accept_invitation
    if results := done(form, lambda **said: act(typed, visit=visit(), **said)):
        flash(_("账号已开通"))
        return go_on(results[0])
    roles = enrolment.invited_roles(code)
    name, known_as = enrolment.invited_person(code)
    shown = {"name": name, "known_as": known_as, "may_remember": set(roles) <= PHONE_ROLES}
    return page("accounts/invitation.html", form=form, roles=roles, **shown)


def _ask_for_code():
    form, response = Form(OneTimeCodeIn), redirect(url_for(".invitation"), 303)
    if results := done(
        form, lambda code: enrolment.read_code(code, enrolment.OPENS_AN_ACCOUNT, visit()) and code
    ):
        set_cookie(response, LINK, results[0], LINK_SECONDS)
        return response
    return page("accounts/code.html", form=form)


def _enrol(typed: str, is_taken: bool):
    """A landlord without an account begins with a unit's claim code; those with one sign in and claim."""
    if g.actor is not None or is_taken:
        return redirect(url_for("accounts.sign_in") if g.actor is None else "/", 303)
    form = Form(EnrolIn)
    if results := done(form, lambda **said: enrolment.enrol_landlord(typed, visit=visit(), **said)):
        flash(_("账号已开通，接着用同一个代码认领房源"))
        return go_on(results[0], keep_link=True)
    return page("accounts/enrol.html", form=form)


@web.route("/reset", methods=["GET", "POST"])
def reset():
    form = Form(ResetIn, {"code": read_cookie(LINK) or ""})
    if results := done(form, lambda code, password: enrolment.reset_password(code, password, visit())):
        flash(_("密码已重设，其他设备都已退出登录"))
        return go_on(results[0])
    return page("accounts/reset.html", form=form, has_link=bool(read_cookie(LINK)) and request.method == "GET")
