"""Sessions on the server: opened, seen, stepped up, listed, and ended on every worker at once."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, delete, select, update

from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Forbidden, NotFound
from ..core.i18n import _
from .actors import TOTP_ROLES, SignedIn, memberships_of, open_roles
from .models import ApiKey, SignInMethod, TrustedDevice, UserSession
from .tokens import new_token, token_hash

IDLE_AT_DESK = timedelta(minutes=15)
IDLE_ELSEWHERE = timedelta(minutes=30)
A_SHIFT = timedelta(hours=12)
LISTED_FOR = timedelta(days=30)


@dataclass(frozen=True)
class Opened:
    """A session just begun: the token for the cookie, how long the browser may keep it (None: until closed)."""

    token: str
    role: Role
    keep_seconds: int | None


@dataclass(frozen=True)
class Where:
    """Where a session begins: on which known device, called what, remembered until when (a phone)."""

    label: str
    device_id: int | None = None
    remembered_until: datetime | None = None


def open_session(user_id: int, uid: UUID, method: SignInMethod, where: Where) -> Opened:
    """Begin a session in the user's usual role. Raises Forbidden when no role is in force."""
    roles = open_roles(memberships_of(user_id), method)
    if not roles:
        raise Forbidden(_("您的账号目前没有有效的角色，请联系社区或管理员"))
    token, at = new_token(), clock.real_now()
    until = where.remembered_until or at + A_SHIFT
    opened = UserSession(
        user_id=user_id,
        role=roles[0],
        token_hash=token_hash(token),
        device_id=where.device_id,
        label=where.label,
        method=method,
        created_at=at,
        last_seen_at=at,
        verified_at=at,
        idle_seconds=int(_idle(roles[0], where).total_seconds()),
        expires_at=until,
    )
    session.add(opened)
    record(Actor(user_id, uid, roles[0]), "session.begin", opened, "system", method=method)
    kept = int((until - at).total_seconds()) if where.remembered_until else None
    return Opened(token, roles[0], kept)


def _idle(role: Role, where: Where) -> timedelta:
    if where.remembered_until:
        return where.remembered_until - clock.real_now()
    desk = where.device_id is not None or role in TOTP_ROLES or role is Role.PROPERTY_MANAGER
    return IDLE_AT_DESK if desk else IDLE_ELSEWHERE


def note_seen(session_id: int) -> None:
    """Write “last seen” of a live session."""
    _change(UserSession.id == session_id, last_seen_at=clock.real_now())


def renew_token(actor: SignedIn) -> str:
    """The person has just shown who they are: a new token takes the place of the old one, which is dead."""
    token, at = new_token(), clock.real_now()
    _change(UserSession.id == actor.session_id, token_hash=token_hash(token), verified_at=at, last_seen_at=at)
    record(actor, "session.step_up", f"user_account:{actor.uid}", "system")
    return token


def _change(which, **values) -> None:
    live = UserSession.ended_at.is_(None)
    session.execute(
        update(UserSession).where(which, live).values(values).execution_options(synchronize_session=False)
    )


# --- one's own ----------------------------------------------------------------------------------------------


@allow(*Role)
def list_my_sessions(actor: Actor) -> Select:
    """The actor's own live sessions, the latest first."""
    return (
        select(UserSession)
        .where(
            UserSession.user_id == actor.user_id,
            UserSession.ended_at.is_(None),
            UserSession.expires_at > clock.real_now(),
        )
        .order_by(UserSession.last_seen_at.desc(), UserSession.id.desc())
    )


@allow(*Role)
def end_my_session(actor: Actor, uid: UUID) -> None:
    """End one of one's own sessions, here or on another machine."""
    found = session.scalar(
        select(UserSession).where(
            UserSession.uid == uid, UserSession.user_id == actor.user_id, UserSession.ended_at.is_(None)
        )
    )
    if found is None:
        raise NotFound(_("没有找到这次登录，可能已经结束"))
    _change(UserSession.id == found.id, ended_at=clock.real_now())
    record(actor, "session.end", found, "system")


@allow(*Role)
def end_my_other_sessions(actor: Actor) -> None:
    """End all of one's own sessions but this one."""
    others = (UserSession.user_id == actor.user_id) & (UserSession.id != (actor.session_id or 0))
    _change(others, ended_at=clock.real_now())
    record(actor, "session.end_others", f"user_account:{actor.uid}", "system")


@allow(*Role)
def sign_out(actor: Actor) -> None:
    """End the present session."""
    _change(UserSession.id == actor.session_id, ended_at=clock.real_now())
    record(actor, "session.sign_out", f"user_account:{actor.uid}", "system")


@allow(*Role)
def switch_role(actor: SignedIn, role: Role) -> str:
    """Act in another of one's roles; the token changes with the rights. Returns the new token."""
    if role not in getattr(actor, "other_roles", ()):
        raise Forbidden(_("您没有这个角色，或需要先用动态码登录"))
    token = new_token()
    _change(UserSession.id == actor.session_id, role=role, token_hash=token_hash(token))
    record(actor, "session.switch_role", f"user_account:{actor.uid}", "system", role=role)
    return token


# --- everybody's --------------------------------------------------------------------------------------------


def end_all_of(user_id: int, but_session: int | None = None) -> None:
    """End every session of a user at once, revoke their keys and forget their phones."""
    at = clock.real_now()
    _change((UserSession.user_id == user_id) & (UserSession.id != (but_session or 0)), ended_at=at)
    for table in (ApiKey, TrustedDevice):
        live = table.revoked_at.is_(None)
        session.execute(
            update(table)
            .where(table.user_id == user_id, live)
            .values(revoked_at=at)
            .execution_options(synchronize_session=False)
        )


def forget_old() -> int:
    """Delete sessions that ended or ran out a month ago; returns how many."""
    before = clock.real_now() - LISTED_FOR
    return session.execute(delete(UserSession).where(UserSession.expires_at < before)).rowcount
