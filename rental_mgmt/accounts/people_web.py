"""Pages about other people's accounts: invite, look up, reset with a printed code, disable, confirm."""

from uuid import UUID

import segno
from flask import current_app, flash, g, redirect, request, url_for
from markupsafe import Markup

from ..core.access import ROLE_LABELS, Role, require_may
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from ..core.web import page
from . import confirming, people
from .care import ADMINS, LOOKS_AFTER
from .models import CodePurpose, User, UserStatus
from .pages_web import web
from .rosters import listed, names_of, target_name
from .schemas import InviteIn
from .sign_in_web import done


@web.get("/people", endpoint="people")
def list_people():
    me = actor()
    found = page_of(people.list_people(me), (User.id,), request.args.get("cursor"))
    may_invite = _roles_to_give(me)
    waiting = me.role in ADMINS and len(confirming.list_waiting(me)) + len(confirming.list_waiting_roles(me))
    return page(
        "accounts/people.html", found=found, people=listed(found.items), may_invite=may_invite, waiting=waiting
    )


def _roles_to_give(me) -> list[Role]:
    if me.role is Role.SECURITY_ADMIN:
        return []
    return [role for role in Role if role in LOOKS_AFTER.get(me.role, ())]


@web.route("/people/new", methods=["GET", "POST"])
def invite():
    me = actor()
    require_may(me, people.invite)
    roles = _roles_to_give(me)
    role = next((role for role in roles if role == request.values.get("role")), None)
    form = Form(InviteIn, {"role": role})
    results = done(form, lambda **typed: people.invite(me, people.Invitation(**typed)))
    if results and results[0].code:
        return _sheet(results[0].code, CodePurpose.INVITATION, results[0].user)
    if results:
        new = results[0].is_new
        flash(_said_of(me, new))
        return redirect(url_for(".person", uid=results[0].user.uid), 303)
    targets = [(str(t.uid), target_name(t)) for t in people.list_targets(me, role)] if role else []
    choices = [(one.value, ROLE_LABELS[one]) for one in roles]
    waits = me.role in ADMINS
    return page("accounts/invite.html", form=form, roles=choices, role=role, targets=targets, waits=waits)


def _said_of(me, is_new: bool) -> str:
    if is_new:
        return _("已提交，待安全管理员确认后发出邀请码")
    if me.role in ADMINS:
        return _("对方已有账号，待安全管理员确认后角色生效")
    return _("对方已有账号，角色已加上，直接登录即可")


@web.get("/people/<uuid:uid>")
def person(uid: UUID):
    found = people.get_person(actor(), uid)
    return page("accounts/person.html", person=listed([found])[0], roles=LOOKS_AFTER[actor().role])


@web.post("/people/<uuid:uid>/reset")
def reset_person(uid: UUID):
    me = actor()
    found = people.get_person(me, uid)
    purpose = CodePurpose.INVITATION if found.status is UserStatus.INVITED else CodePurpose.RESET
    text = people.reset(me, found)
    if text is None:
        flash(_("已提交，待另一类管理员确认后打印"))
        return redirect(url_for(".person", uid=uid), 303)
    return _sheet(text, purpose, found)


@web.post("/people/<uuid:uid>/disable")
def disable_person(uid: UUID):
    people.disable(actor(), people.get_person(actor(), uid))
    flash(_("账号已停用，所有登录已结束"))
    return redirect(url_for(".person", uid=uid), 303)


@web.post("/people/<uuid:uid>/roles/<uuid:membership_uid>/end")
def end_role(uid: UUID, membership_uid: UUID):
    people.end_role(actor(), people.get_person(actor(), uid), membership_uid)
    flash(_("角色已结束"))
    return redirect(url_for(".people"), 303)


# --- the second administrator -------------------------------------------------------------------------------


@web.get("/people/waiting")
def waiting():
    me = actor()
    codes, asked = confirming.list_waiting(me), confirming.list_asked(me)
    whose = confirming.names_of_waiting(me)
    return page(
        "accounts/waiting.html",
        codes=codes,
        asked=asked,
        roles=confirming.list_waiting_roles(me),
        people=dict(zip(whose, listed(whose.values()), strict=True)),
        makers=names_of(code.made_by_id for code in codes),
    )


@web.post("/people/waiting/<uuid:uid>/confirm")
def confirm_code(uid: UUID):
    code, text = confirming.confirm(actor(), uid)
    return _sheet(text, code.purpose, confirming.user_of(code))


@web.post("/people/waiting/<uuid:uid>/withdraw")
def withdraw_code(uid: UUID):
    confirming.withdraw(actor(), uid)
    flash(_("已撤回"))
    return redirect(url_for(".waiting"), 303)


@web.post("/people/waiting/roles/<uuid:uid>/confirm")
def confirm_role(uid: UUID):
    confirming.confirm_role(actor(), uid)
    flash(_("角色已确认生效"))
    return redirect(url_for(".waiting"), 303)


def _sheet(code: str, purpose: CodePurpose, user: User):
    """The printed slip: shown once, never stored with an idempotency key, never to be had again."""
    g.answer_is_secret = True
    base = current_app.config["PUBLIC_URL"].rstrip("/") or request.host_url.rstrip("/")
    kind = "r" if purpose is CodePurpose.RESET else "i"
    link = f"{base}/{kind}/{code.replace('-', '')}"
    picture = Markup(segno.make(link, error="m").svg_inline(omitsize=True, border=2))
    shown = {"code": code, "link": link, "picture": picture, "purpose": purpose}
    return page("accounts/code_sheet.html", person=listed([user])[0], **shown)
