"""The second administrator: what one kind asked for about a desk account counts once the other confirmed it."""

from uuid import UUID

from sqlalchemy import select, update

from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow, require_fresh
from ..core.db import session
from ..core.errors import Conflict
from ..core.i18n import _, lazy
from .care import ADMINS
from .codes import confirm_code, list_waiting_codes
from .models import CodePurpose, Membership, OneTimeCode, User, UserStatus
from .tell import tell


@allow(*ADMINS)
def tell_other_kind(actor: Actor) -> None:
    """Tell the administrators of the other kind that something waits for one of them."""
    now, other = clock.now(), ADMINS - {actor.role}
    theirs = (
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.role.in_(other),
            Membership.valid_from <= now,
            Membership.valid_to.is_(None) | (Membership.valid_to > now),
            Membership.awaits_confirmation.is_(False),
            User.status == UserStatus.ACTIVE,
        )
    )
    title = lazy("一项账号办理待您确认")
    text = lazy("另一类管理员提出了邀请、重置或新角色，您确认后才生效，24 小时内有效。")
    for user_id in session.scalars(theirs.distinct()).all():
        tell(user_id, title, text, link="/people/waiting")


@allow(*ADMINS)
def list_waiting(actor: Actor) -> list[OneTimeCode]:
    """What another administrator asked for and this one may confirm."""
    return [code for code in list_waiting_codes() if _other_kind(actor, code.made_by_id)]


@allow(*ADMINS)
def list_asked(actor: Actor) -> list[OneTimeCode]:
    """What this administrator asked for and the other has not confirmed yet."""
    return [code for code in list_waiting_codes() if code.made_by_id == actor.user_id]


@allow(*ADMINS)
def withdraw(actor: Actor, code_uid: UUID) -> None:
    """Take back what one asked for before the other has confirmed it."""
    code = next((code for code in list_asked(actor) if code.uid == code_uid), None)
    if code is None:
        raise Conflict(_("没有这一项，可能已被确认或已过期"))
    code.expires_at = clock.real_now()
    record(actor, "user.withdraw", code, "system", purpose=code.purpose)


@allow(*ADMINS)
def list_waiting_roles(actor: Actor) -> list[Membership]:
    """Roles given to people who have an account already; only a security administrator confirms them."""
    if actor.role is not Role.SECURITY_ADMIN:
        return []
    waiting = (
        select(Membership)
        .join(User, User.id == Membership.user_id)
        .where(Membership.awaits_confirmation, User.status == UserStatus.ACTIVE)
    )
    return list(session.scalars(waiting.order_by(Membership.id)))


@allow(*ADMINS)
def names_of_waiting(actor: Actor) -> dict[int, User]:
    """The users behind what waits, by their id."""
    rows = (*list_waiting(actor), *list_waiting_roles(actor), *list_asked(actor))
    ids = {row.user_id for row in rows}
    return {user.id: user for user in session.scalars(select(User).where(User.id.in_(ids)))}


def user_of(code: OneTimeCode) -> User:
    """Whom a code is for."""
    return session.get(User, code.user_id)


@allow(*ADMINS)
def confirm(actor: Actor, code_uid: UUID) -> tuple[OneTimeCode, str]:
    """Confirm what the other administrator asked for; the code is shown once, to be handed over."""
    require_fresh(actor)
    code = next((code for code in list_waiting(actor) if code.uid == code_uid), None)
    if code is None:
        raise Conflict(_("没有待您确认的这一项；须由另一类管理员确认，且 24 小时内有效"))
    text = confirm_code(code, actor.user_id)
    if code.purpose is CodePurpose.INVITATION:
        _confirm_roles(Membership.user_id == code.user_id)
    record(actor, "user.confirm", code, "system", purpose=code.purpose)
    return code, text


@allow(Role.SECURITY_ADMIN)
def confirm_role(actor: Actor, membership_uid: UUID) -> None:
    """Confirm a further role of somebody who has an account."""
    require_fresh(actor)
    if not _confirm_roles(Membership.uid == membership_uid):
        raise Conflict(_("没有待您确认的这一项；须由另一类管理员确认，且 24 小时内有效"))
    record(actor, "membership.confirm", f"membership:{membership_uid}", "system")


def _confirm_roles(which) -> int:
    """How many roles were waiting and count from now on."""
    confirmed = (
        update(Membership)
        .where(which, Membership.awaits_confirmation)
        .values(awaits_confirmation=False)
        .execution_options(synchronize_session=False)
    )
    return session.execute(confirmed).rowcount


def _other_kind(actor: Actor, maker_id: int) -> bool:
    roles = set(session.scalars(select(Membership.role).where(Membership.user_id == maker_id)))
    return maker_id != actor.user_id and actor.role not in roles and bool(roles & ADMINS)
