"""Remembered phones and named desk PCs: the thing a person has, beside the PIN or code that they know."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Row, select, update

from ..audit.service import record
from ..core import clock
from ..core.access import DESK_ROLES, PARTY_ROLES, Actor, Role, allow, require_fresh
from ..core.db import session
from ..core.errors import NotFound
from ..core.i18n import _
from .models import DeviceKind, SignInMethod, TrustedDevice, User, UserSession, UserStatus
from .tokens import new_token, open_ticket, ticket, token_hash

REMEMBERED_FOR = timedelta(days=30)
# Whoever gave a password at a desk may come back with a PIN until a shift is over.
KNOWN_AT_DESK_FOR = timedelta(hours=12)
KNOWN_FOR = timedelta(days=180)
PHONE_ROLES = PARTY_ROLES | {Role.GRID_WORKER}
FULL = (SignInMethod.PASSWORD, SignInMethod.TOTP)


@dataclass(frozen=True)
class Visit:
    """The browser at the door: its address, what it calls itself, the tokens of devices it claims to be."""

    address: str
    label: str
    phone_token: str | None = None
    desk_token: str | None = None
    # Given to every browser in which somebody signed in: failures there are counted apart from strangers'.
    known_token: str | None = None


def know_browser(uid: UUID) -> str:
    """A note for the browser in which a person has just signed in; it opens nothing."""
    return ticket("known", KNOWN_FOR, user=uid.hex, browser=new_token())


def known_browser(uid: UUID, visit: Visit) -> str | None:
    """What tells this browser from others if this person signed in here within half a year."""
    said = open_ticket("known", visit.known_token)
    return said["browser"] if said and said["user"] == uid.hex else None


def find_phone(token: str | None) -> Row | None:
    """The remembered phone behind a cookie with its user, within 30 days of the password; None otherwise."""
    if not token:
        return None
    return session.execute(
        select(TrustedDevice.id, TrustedDevice.created_at, User.id.label("user_id"), User.uid, User.name_sealed)
        .join(User, User.id == TrustedDevice.user_id)
        .where(
            TrustedDevice.token_hash == token_hash(token),
            TrustedDevice.kind == DeviceKind.PHONE,
            TrustedDevice.revoked_at.is_(None),
            TrustedDevice.created_at > clock.real_now() - REMEMBERED_FOR,
            User.status == UserStatus.ACTIVE,
        )
    ).one_or_none()


def find_desk(token: str | None) -> Row | None:
    """The named desk PC behind a cookie; None otherwise."""
    if not token:
        return None
    return session.execute(
        select(TrustedDevice.id, TrustedDevice.uid, TrustedDevice.label, TrustedDevice.created_at).where(
            TrustedDevice.token_hash == token_hash(token),
            TrustedDevice.kind == DeviceKind.DESK,
            TrustedDevice.revoked_at.is_(None),
        )
    ).one_or_none()


def remember_phone(user_id: int, label: str) -> tuple[int, str, datetime]:
    """Remember this phone for 30 days after its owner gave the password: its id, its token, until when."""
    token, at = new_token(), clock.real_now()
    device = TrustedDevice(
        kind=DeviceKind.PHONE,
        user_id=user_id,
        label=label,
        token_hash=token_hash(token),
        created_at=at,
        last_used_at=at,
    )
    session.add(device)
    session.flush()
    return device.id, token, at + REMEMBERED_FOR


@allow(*DESK_ROLES, Role.PROPERTY_MANAGER)
def name_desk(actor: Actor, label: str) -> str:
    """Name the PC one sits at, so that those who gave their password at it may come back with PIN or code.

    The present session moves to the desk. Returns the token for its cookie.
    """
    require_fresh(actor)
    token, at = new_token(), clock.real_now()
    desk = TrustedDevice(
        kind=DeviceKind.DESK, label=label, token_hash=token_hash(token), created_at=at, last_used_at=at
    )
    session.add(desk)
    session.flush()
    session.execute(update(UserSession).where(UserSession.id == actor.session_id).values(device_id=desk.id))
    record(actor, "desk.name", desk, "system")
    return token


def people_at_desk(desk_id: int) -> list[Row]:
    """Those who gave their password at this desk within the last shift and may change over with PIN or code."""
    latest = (
        select(User.id, User.uid, User.name_sealed, User.pin_hash, User.totp_sealed, UserSession.role)
        .join(User, User.id == UserSession.user_id)
        .where(
            UserSession.device_id == desk_id,
            UserSession.method.in_(FULL),
            UserSession.created_at > clock.real_now() - KNOWN_AT_DESK_FOR,
            User.status == UserStatus.ACTIVE,
        )
        .order_by(UserSession.id.desc())
    )
    found = {}
    for row in session.execute(latest):
        found.setdefault(row.id, row)
    return sorted(found.values(), key=lambda row: row.id)


@allow(*DESK_ROLES, Role.PROPERTY_MANAGER)
def unname_desk(actor: Actor, desk_id: int) -> None:
    """The PC one sits at is nobody's desk any more; all sessions on it end."""
    desk = session.get(TrustedDevice, desk_id)
    record(actor, "desk.unname", desk, "system")
    forget_device(desk_id)


def list_devices(user_id: int) -> list[TrustedDevice]:
    """The phones that are remembered for a user."""
    query = select(TrustedDevice).where(
        TrustedDevice.user_id == user_id,
        TrustedDevice.revoked_at.is_(None),
        TrustedDevice.created_at > clock.real_now() - REMEMBERED_FOR,
    )
    return list(session.scalars(query.order_by(TrustedDevice.id.desc())))


def forget_device(device_id: int) -> None:
    """The phone is a stranger again, and so are the sessions on it."""
    at = clock.real_now()
    live = TrustedDevice.revoked_at.is_(None)
    session.execute(update(TrustedDevice).where(TrustedDevice.id == device_id, live).values(revoked_at=at))
    session.execute(
        update(UserSession)
        .where(UserSession.device_id == device_id, UserSession.ended_at.is_(None))
        .values(ended_at=at)
    )


@allow(*Role)
def forget_my_device(actor: Actor, uid) -> None:
    """Forget one of one's own phones, e.g. a lost one."""
    found = session.scalar(
        select(TrustedDevice).where(TrustedDevice.uid == uid, TrustedDevice.user_id == actor.user_id)
    )
    if found is None:
        raise NotFound(_("没有找到这台设备"))
    forget_device(found.id)
    record(actor, "device.forget", found, "system")
