"""Signing in: a password, then a time code for desk roles; a PIN on a remembered phone or at a known desk."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Row, or_, select

from ..audit.service import record
from ..core import clock
from ..core.access import SYSTEM, Actor, Role, allow
from ..core.db import keep_even_if_refused, session, start_over
from ..core.errors import Invalid
from ..core.i18n import _
from ..core.seal import fingerprint
from . import sessions, totp, trusted
from .actors import TOTP_ROLES, SignedIn, memberships_of
from .attempts import Try, note, note_failure, refuse_if_too_many
from .models import DeviceKind, SignInMethod, User, UserStatus
from .passwords import PIN, matches
from .tokens import open_ticket, ticket
from .trusted import Visit

# Between the password and the time code.
SECOND_STEP_LASTS = timedelta(minutes=10)
MOBILE = re.compile(r"1[3-9][0-9]{9}", re.ASCII)


class Step(StrEnum):
    """What is still asked after the password."""

    CODE = "code"
    ENROL = "enrol"


@dataclass(frozen=True)
class Entry:
    """How a sign-in went on: a session with its cookie, perhaps a phone to remember; or one more step."""

    opened: sessions.Opened | None = None
    phone_token: str | None = None
    step: Step | None = None
    ticket: str | None = None
    # Known here from now on, but without a PIN to come back with.
    asks_pin: bool = False
    known_token: str | None = None


USER = select(
    User.id,
    User.uid,
    User.status,
    User.password_hash,
    User.pin_hash,
    User.totp_sealed,
    User.name_sealed,
    User.sign_in_name,
)


def find_user(name: str) -> Row | None:
    """The user of a sign-in name or mobile number, in one question whether there is one or not."""
    plain = plain_name(name)
    phone_fp = fingerprint("phone", plain if MOBILE.fullmatch(plain) else "0")
    return session.execute(USER.where(or_(User.sign_in_name == plain, User.phone_fp == phone_fp))).first()


def plain_name(typed: str) -> str:
    """A sign-in name as it is kept: small letters; a mobile number without +86, spaces and dashes."""
    plain = unicodedata.normalize("NFKC", typed).strip().casefold()
    digits = re.sub(r"^(\+86|0086|86)(?=1)", "", re.sub(r"[\s\-]", "", plain))
    return digits if MOBILE.fullmatch(digits) else plain


# --- with a password ----------------------------------------------------------------------------------------


def sign_in(name: str, password: str, visit: Visit, remember: bool = False) -> Entry:
    """Sign in with a password. The same words and the same work whether the name exists or not.

    `remember` keeps this phone for 30 days (landlords, helpers, grid workers). Raises Invalid, TooMany.
    """
    user = find_user(name)
    tried = _tried(user, visit) if user else Try.of(plain_name(name), visit.address, *_at_desk(visit))
    refuse_if_too_many(tried)
    # Hashing takes its time: let others write meanwhile.
    start_over()
    is_active = user is not None and user.status is UserStatus.ACTIVE
    if not matches(password, user.password_hash if is_active else None):
        _refuse(tried, user, _("登录名或密码不正确"))
    note(tried, succeeded=True)
    return enter(user, visit, SignInMethod.PASSWORD, remember)


def _tried(user: Row, visit: Visit) -> Try:
    """As whose try it counts: of a remembered phone, a desk, a browser known from before, or a stranger."""
    phone = trusted.find_phone(visit.phone_token)
    if phone and phone.user_id == user.id:
        return Try.of(str(user.uid), visit.address, phone.id, DeviceKind.PHONE)
    if desk := _at_desk(visit):
        return Try.of(str(user.uid), visit.address, *desk)
    browser = trusted.known_browser(user.uid, visit)
    return Try.of(f"{user.uid} in {browser}" if browser else str(user.uid), visit.address)


def _at_desk(visit: Visit) -> tuple[int, DeviceKind] | tuple[()]:
    desk = trusted.find_desk(visit.desk_token)
    return (desk.id, DeviceKind.DESK) if desk else ()


def _refuse(tried: Try, user: Row | None, words: str, is_pin: bool = False) -> None:
    note_failure(tried, is_pin)
    subject = f"user_account:{user.uid}" if user else "user_account:unknown"
    keep_even_if_refused(lambda: record(SYSTEM, "session.refuse", subject, "system"))
    raise Invalid(words)


def enter(user: Row, visit: Visit, method: SignInMethod, remember: bool = False) -> Entry:
    """Go on after a first proof: desk roles to their time code, others straight into a session."""
    roles = {row.held_role for row in memberships_of(user.id)}
    if user.totp_sealed or roles & TOTP_ROLES:
        return _ask_for_code(user)
    desk = trusted.find_desk(visit.desk_token)
    if remember and desk is None and roles and roles <= trusted.PHONE_ROLES:
        device_id, token, until = trusted.remember_phone(user.id, visit.label)
        where = sessions.Where(visit.label, device_id, until)
        opened = sessions.open_session(user.id, user.uid, method, where)
        return _entered(user, opened, phone_token=token, asks_pin=not user.pin_hash)
    where = sessions.Where(desk.label, desk.id) if desk else sessions.Where(visit.label)
    opened = sessions.open_session(user.id, user.uid, method, where)
    return _entered(user, opened, asks_pin=bool(desk) and not user.pin_hash)


def _entered(user: Row, opened: sessions.Opened, **more) -> Entry:
    return Entry(opened, known_token=trusted.know_browser(user.uid), **more)


# --- the time code ------------------------------------------------------------------------------------------


def _ask_for_code(user: Row) -> Entry:
    values = {"user": user.uid.hex, "stamp": _stamp(user)}
    if user.totp_sealed:
        return Entry(step=Step.CODE, ticket=ticket("code", SECOND_STEP_LASTS, **values))
    # The secret travels with the person who is about to see it anyway; it is stored once they have used it.
    values["secret"] = totp.new_secret()
    return Entry(step=Step.ENROL, ticket=ticket("enrol", SECOND_STEP_LASTS, **values))


def _stamp(user: Row) -> str:
    """A ticket dies with the password it was given for."""
    return hashlib.sha256((user.password_hash or "").encode()).hexdigest()[:16]


def read_ticket(step: Step, given: str | None) -> tuple[Row, dict]:
    """The user of a ticket and what it says. Raises Invalid when the password has to be given again."""
    values = open_ticket(step, given)
    uid = UUID(values["user"]) if values else None
    user = session.execute(USER.where(User.uid == uid)).first() if uid else None
    if user is None or user.status is not UserStatus.ACTIVE or _stamp(user) != values["stamp"]:
        raise Invalid(_("等待时间太长，请重新输入密码"))
    return user, values


def sign_in_code(given_ticket: str | None, code: str, visit: Visit) -> Entry:
    """The second step of a desk role: a time code that was not used before. Raises Invalid, TooMany."""
    user, _values = read_ticket(Step.CODE, given_ticket)
    tried = _tried(user, visit)
    refuse_if_too_many(tried)
    if user.totp_sealed is None or not totp.use_code(user.id, user.uid, user.totp_sealed, code):
        _refuse(tried, user, _("动态码不正确或已用过，请等下一个"))
    return _enter_with_code(user, visit)


def enrol_totp(given_ticket: str | None, code: str, visit: Visit) -> Entry:
    """The first time of a desk role: keep the secret once its first code has been shown back."""
    user, values = read_ticket(Step.ENROL, given_ticket)
    tried = _tried(user, visit)
    refuse_if_too_many(tried)
    step = totp.matching_step(values["secret"], code, clock.real_now())
    if step is None or user.totp_sealed:
        _refuse(tried, user, _("动态码不正确：请核对手机时间，或重新扫描二维码"))
    totp.store_secret(user.id, user.uid, values["secret"], step)
    record(SYSTEM, "totp.enrol", f"user_account:{user.uid}", "system")
    return _enter_with_code(user, visit)


def _enter_with_code(user: Row, visit: Visit) -> Entry:
    desk = trusted.find_desk(visit.desk_token)
    where = sessions.Where(desk.label, desk.id) if desk else sessions.Where(visit.label)
    return _entered(user, sessions.open_session(user.id, user.uid, SignInMethod.TOTP, where))


# --- with a PIN or a code, where one is known ---------------------------------------------------------------


def sign_in_with_pin(pin: str, visit: Visit) -> Entry:
    """Back on a remembered phone with its PIN; five wrong ones and the phone is forgotten. Raises Invalid."""
    phone = trusted.find_phone(visit.phone_token)
    if phone is None:
        raise Invalid(_("这部手机没有被记住或已满 30 天，请用密码登录"))
    user = session.execute(USER.where(User.id == phone.user_id)).one()
    tried = Try.of(str(user.uid), visit.address, phone.id, DeviceKind.PHONE)
    refuse_if_too_many(tried)
    start_over()
    if user.totp_sealed or not matches(pin, user.pin_hash):
        _refuse(tried, user, _("PIN 不正确"), is_pin=True)
    until = phone.created_at + trusted.REMEMBERED_FOR
    where = sessions.Where(visit.label, phone.id, until)
    return Entry(sessions.open_session(user.id, user.uid, SignInMethod.PIN, where))


def change_person(uid: UUID, proof: str, visit: Visit) -> Entry:
    """Take over at a shared desk PC with PIN (desk roles: time code) within a shift of the password there."""
    desk = trusted.find_desk(visit.desk_token)
    there = trusted.people_at_desk(desk.id) if desk else []
    user = next((person for person in there if person.uid == uid), None)
    if user is None:
        raise Invalid(_("请先在这台值班电脑上用密码登录一次"))
    tried = Try.of(str(user.uid), visit.address, desk.id, DeviceKind.DESK)
    refuse_if_too_many(tried)
    if user.totp_sealed:
        if not totp.use_code(user.id, user.uid, user.totp_sealed, proof):
            _refuse(tried, user, _("动态码不正确或已用过，请等下一个"))
        return _enter_with_code(user, visit)
    start_over()
    if not matches(proof, user.pin_hash):
        _refuse(tried, user, _("PIN 不正确"), is_pin=True)
    where = sessions.Where(desk.label, desk.id)
    return Entry(sessions.open_session(user.id, user.uid, SignInMethod.PIN, where))


@allow(*Role)
def step_up(actor: Actor, proof: str, visit: Visit) -> str:
    """Show again who one is: a time code, else the PIN on a known device, else the password.

    Returns the session's new token. Raises Invalid, TooMany.
    """
    user = session.execute(USER.where(User.id == actor.user_id)).one()
    known = (actor.device_id, actor.device_kind) if isinstance(actor, SignedIn) and actor.device_id else ()
    tried = Try.of(str(user.uid), visit.address, *known) if known else _tried(user, visit)
    refuse_if_too_many(tried)
    if user.totp_sealed:
        right = totp.use_code(user.id, user.uid, user.totp_sealed, proof)
    else:
        start_over()
        is_pin = bool(known) and PIN.fullmatch(proof)
        right = matches(proof, user.pin_hash if is_pin else user.password_hash)
    if not right:
        _refuse(tried, user, _("不正确，请再试一次"), is_pin=True)
    return sessions.renew_token(actor)
