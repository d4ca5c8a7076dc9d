"""Pages before the first: signing in and out, the second step, the change of person, stepping up."""

from uuid import UUID

from flask import current_app, flash, g, redirect, request, url_for

from ..core import i18n
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.web import page, read_cookie, safe_next
from . import credentials, sessions, sign_in, totp, trusted
from .actors import name_of
from .auth import PHONE, SESSION, let_in, visit
from .masking import mask_name
from .pages_web import PENDING, forget_cookie, go_on, way_on, web
from .schemas import CodeIn, NewPinIn, PinIn, ProofIn, RoleIn, SignInIn
from .sign_in import Step

LOOKS = {"theme": ("auto", "light", "dark"), "type_size": ("normal", "large"), "locale": i18n.LOCALES}
YEAR = 365 * 24 * 3600


def done(form: Form, act) -> list:
    """What an accepted form led to, in a list; empty when the page is to be shown (again)."""
    results = []
    form.submit(lambda **typed: results.append(act(**typed)))
    return results


@web.route("/sign-in", methods=["GET", "POST"], endpoint="sign_in")
def show_sign_in():
    at = visit()
    phone = None if request.args.get("with") == "password" else trusted.find_phone(at.phone_token)
    desk = trusted.find_desk(at.desk_token)
    if phone is not None:
        form = Form(PinIn)
        results = done(form, lambda pin: sign_in.sign_in_with_pin(pin, at))
    else:
        form = Form(SignInIn)
        results = done(form, lambda **typed: sign_in.sign_in(**typed, visit=at))
    if results:
        return go_on(results[0])
    known_as = phone and mask_name(name_of(phone.uid, phone.name_sealed))
    return page("accounts/sign_in.html", form=form, phone=phone, known_as=known_as, desk=desk, next=way_on())


@web.route("/sign-in/code", methods=["GET", "POST"])
def sign_in_code():
    form, ticket = Form(CodeIn), read_cookie(PENDING)
    if results := done(form, lambda code: sign_in.sign_in_code(ticket, code, visit())):
        return go_on(results[0])
    if not ticket:
        return redirect(url_for(".sign_in", next=way_on()), 303)
    return page("accounts/sign_in_code.html", form=form, next=way_on())


@web.route("/sign-in/totp", methods=["GET", "POST"])
def enrol_totp():
    form, ticket = Form(CodeIn), read_cookie(PENDING)
    if results := done(form, lambda code: sign_in.enrol_totp(ticket, code, visit())):
        flash(_("动态码已绑定，以后每次登录都要用到"))
        return go_on(results[0])
    if not ticket:
        return redirect(url_for(".sign_in", next=way_on()), 303)
    user, said = sign_in.read_ticket(Step.ENROL, ticket)
    account = user.sign_in_name or str(user.uid)[-8:]
    picture = totp.picture(said["secret"], account, current_app.config["SITE_NAME"])
    return page("accounts/enrol_totp.html", form=form, picture=picture, secret=said["secret"], next=way_on())


@web.post("/sign-out")
def sign_out():
    sessions.sign_out(actor())
    flash(_("已退出登录"))
    response = redirect(url_for(".sign_in"), 303)
    forget_cookie(response, SESSION)
    return response


@web.route("/change-person", methods=["GET", "POST"])
def change_person():
    """Two taps on a shared PC: who, and their PIN. The first tap ends the session of whoever leaves."""
    at = visit()
    desk = trusted.find_desk(at.desk_token)
    if request.method == "POST" and not request.args.get("person"):
        return _leave_the_desk(desk)
    if desk is None:
        return redirect(url_for(".sign_in"), 303)
    people = trusted.people_at_desk(desk.id)
    chosen = next((one for one in people if str(one.uid) == request.args.get("person")), None)
    form = Form(ProofIn)
    if chosen and (results := done(form, lambda proof: sign_in.change_person(chosen.uid, proof, at))):
        return go_on(results[0])
    named = [(one, name_of(one.uid, one.name_sealed)) for one in people]
    return page("accounts/change_person.html", form=form, desk=desk, people=named, chosen=chosen)


def _leave_the_desk(desk):
    if g.actor is not None and g.actor.session_id:
        sessions.sign_out(g.actor)
    if desk is None:
        flash(_("这台电脑还没有登记为值班电脑；登录后可在“登录与设备”里登记"), "notice")
    response = redirect(url_for(".change_person" if desk else ".sign_in"), 303)
    forget_cookie(response, SESSION)
    return response


@web.route("/step-up", methods=["GET", "POST"])
def step_up():
    me, form = actor(), Form(ProofIn)
    if results := done(form, lambda proof: sign_in.step_up(me, proof, visit())):
        return let_in(redirect(way_on(), 303), results[0], _kept_seconds(me))
    asks = credentials.asks_for(me)
    return page("accounts/step_up.html", form=form, asks=asks, next=way_on())


def _kept_seconds(me) -> int | None:
    """The cookie of a remembered phone outlives the browser; any other ends with it."""
    remembered = me.device_kind is trusted.DeviceKind.PHONE
    return int(trusted.REMEMBERED_FOR.total_seconds()) if remembered else None


@web.post("/sessions/role")
def switch_role():
    me, form = actor(), Form(RoleIn)
    if results := done(form, lambda role: sessions.switch_role(me, role)):
        return let_in(redirect("/", 303), results[0], _kept_seconds(me))
    flash(_("不能换到这个角色"), "error")
    return redirect(url_for(".sessions"), 303)


@web.route("/sessions/pin", methods=["GET", "POST"])
def pin():
    me, form = actor(), Form(NewPinIn)
    if form.submit(lambda pin: credentials.set_pin(me, pin)):
        flash(_("PIN 已设置"))
        return redirect(way_on(), 303)
    return page("accounts/pin.html", form=form, next=way_on())


@web.post("/preferences")
def preferences():
    """Appearance, type size and language of this browser; the language also of the person."""
    response = redirect(safe_next(request.form.get("next")), 303)
    for name, allowed in LOOKS.items():
        if (value := request.form.get(name)) in allowed:
            response.set_cookie(name, value, max_age=YEAR, samesite="Lax", path="/")
    if g.actor is not None and request.form.get("locale") in i18n.LOCALES:
        credentials.keep_locale(g.actor, request.form["locale"])
    return response


@web.post("/sessions/devices/<uuid:uid>/forget")
def forget_device(uid: UUID):
    me = actor()
    trusted.forget_my_device(me, uid)
    flash(_("这部手机已不再被记住"))
    response = redirect(url_for(".sessions"), 303)
    if me.device_id and trusted.find_phone(read_cookie(PHONE)) is None:
        forget_cookie(response, PHONE)
    return response
