"""People and their roles: invited, given a role over a place, a grid, a station or a party, reset, disabled."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, select, update

from ..audit.service import record
from ..core import clock
from ..core.access import DESK_ROLES, Actor, Role, allow, require_fresh
from ..core.db import Model, session
from ..core.errors import Conflict, Forbidden, Invalid
from ..core.i18n import _, lazy
from ..core.lookup import get_or_404
from ..places.models import Place, PlaceKind, PoliceStation
from . import sessions
from .care import ADMINS, LOOKS_AFTER, below_any, grids_in_reach, looked_after, parties_in_reach
from .codes import ask_for_code, make_code, withdraw_codes
from .confirming import tell_other_kind
from .models import CodePurpose, Membership, Party, PartyKind, User, UserStatus
from .parties import add_membership, find_user_by_phone, make_party, make_user
from .tell import tell

CARERS = tuple(LOOKS_AFTER)
# A security administrator only confirms what the system's administrator asks for.
INVITERS = tuple(role for role in LOOKS_AFTER if role is not Role.SECURITY_ADMIN)
OFFICER_PLACES = (PlaceKind.COMMUNITY, PlaceKind.STREET)
MANAGER_PLACES = (PlaceKind.COMPOUND, PlaceKind.BUILDING)


@dataclass(frozen=True)
class Invitation:
    """Who may be somebody from now on. `name`: a new landlord's party may be a company of another name."""

    role: Role
    name: str
    phone: str | None = None
    sign_in_name: str | None = None
    over: UUID | None = None
    party_kind: PartyKind = PartyKind.PERSON
    party_name: str | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Invited:
    """Whom, and the code to hand over: None while a second administrator is awaited or where none is needed."""

    user: User
    code: str | None = None
    is_new: bool = True


@allow(*CARERS)
def list_people(actor: Actor) -> Select:
    """The users whose accounts the actor looks after."""
    return looked_after(actor)


def get_person(actor: Actor, uid: UUID) -> User:
    return get_or_404(list_people(actor), uid)


@allow(*INVITERS)
def invite(actor: Actor, wanted: Invitation) -> Invited:
    """Invite someone into a role over a target in the actor's reach, for a day at most (ASVS 6.4.1).

    A known phone gets the role at once, without a code. What an administrator asks for waits for the other.
    """
    require_fresh(actor)
    if wanted.role not in LOOKS_AFTER[actor.role]:
        raise Forbidden(_("您不能邀请这种角色"))
    if not (wanted.phone or wanted.sign_in_name):
        raise Invalid(errors={"phone": [_("请填写手机号；桌面岗位可改填登录名")]})
    target = _target(actor, wanted)
    known = find_user_by_phone(wanted.phone) if wanted.phone else None
    if known is not None:
        return _add_role(actor, known, wanted, target)
    user = make_user(wanted.name, wanted.phone, wanted.sign_in_name)
    add_membership(user, wanted.role, target, until=wanted.until, awaits_confirmation=actor.role in ADMINS)
    record(actor, "user.invite", user, _chain(target), role=wanted.role)
    return Invited(user, _code_for(actor, CodePurpose.INVITATION, user))


def _add_role(actor: Actor, user: User, wanted: Invitation, target: Model | None) -> Invited:
    roles = set(session.scalars(select(Membership.role).where(Membership.user_id == user.id)))
    if wanted.role in DESK_ROLES and roles != {wanted.role}:
        raise Conflict(_("民警、社区干部、管理员和审计员须使用单独的账号，请换一个手机号或登录名"))
    if roles & DESK_ROLES and wanted.role not in DESK_ROLES:
        raise Conflict(_("此人使用岗位账号，不能再兼任其他角色"))
    if user.status is UserStatus.DISABLED:
        raise Conflict(_("此账号已停用，请先为其办理重置"))
    add_membership(user, wanted.role, target, until=wanted.until, awaits_confirmation=actor.role in ADMINS)
    tell(
        user.id,
        lazy("您有了新的角色"),
        lazy("有人为您添加了一个角色，登录后可以切换。如与您无关，请联系社区。"),
    )
    record(actor, "user.add_role", user, _chain(target), role=wanted.role)
    if actor.role in ADMINS:
        tell_other_kind(actor)
    return Invited(user, is_new=False)


def _target(actor: Actor, wanted: Invitation) -> Model | None:
    """What the role is over, from among what the actor may give; a new landlord gets a party of their own."""
    if wanted.role is Role.LANDLORD and wanted.over is None:
        return make_party(wanted.party_name or wanted.name, wanted.phone, wanted.party_kind)
    if wanted.role is Role.HELPER and wanted.over is None and len(actor.party_ids) == 1:
        return session.get(Party, actor.party_ids[0])
    found = _targets(actor, wanted.role)
    if found is None:
        return None
    if wanted.over is None:
        raise Invalid(errors={"over": [_("请选择该角色负责的范围")]})
    return get_or_404(found, wanted.over)


def _targets(actor: Actor, role: Role) -> Select | None:
    """The places, grids, stations or parties over which the actor may give this role; None: over nothing."""
    if role in (Role.LANDLORD, Role.HELPER):
        return parties_in_reach(actor)
    if role is Role.GRID_WORKER:
        return grids_in_reach(actor)
    if role in (Role.POLICE_LIAISON, Role.STATION_LEAD):
        return select(PoliceStation)
    if role is Role.COMMUNITY_OFFICER:
        return select(Place).where(Place.kind.in_(OFFICER_PLACES))
    if role is Role.PROPERTY_MANAGER:
        places = select(Place).where(Place.kind.in_(MANAGER_PLACES))
        return places if actor.role in ADMINS else places.where(below_any(actor, Place.path))
    return None


@allow(*CARERS)
def list_targets(actor: Actor, role: Role) -> list[Model]:
    """What a role can be given over, for choosing in a form; empty where it is over nothing."""
    found = _targets(actor, role) if role in LOOKS_AFTER[actor.role] else None
    return [] if found is None else list(session.scalars(found.limit(500)))


def _code_for(actor: Actor, purpose: CodePurpose, user: User) -> str | None:
    withdraw_codes(user.id)
    if actor.role in ADMINS:
        ask_for_code(purpose, actor.user_id, user.id)
        tell_other_kind(actor)
        return None
    return make_code(purpose, actor.user_id, user.id)[1]


def _chain(target: Model | None) -> str:
    if not isinstance(target, Place):
        return "system"
    ids = [int(step) for step in target.path.split("/") if step]
    community = select(Place.id).where(Place.id.in_(ids), Place.kind == PlaceKind.COMMUNITY)
    found = session.scalar(community)
    return f"place:{found}" if found else "system"


# --- a reset, an end ----------------------------------------------------------------------------------------


@allow(*CARERS)
def reset(actor: Actor, user: User) -> str | None:
    """Print a reset code for somebody who stands at the desk; desk roles wait for the other administrator.

    Nobody sees or sets another's password (ASVS 6.4.6). An invitation that was not taken up is printed anew.
    """
    require_fresh(actor)
    purpose = CodePurpose.INVITATION if user.status is UserStatus.INVITED else CodePurpose.RESET
    text = _code_for(actor, purpose, user)
    tell(
        user.id,
        lazy("有人为您办理了密码重置"),
        lazy("重置码 24 小时内有效。如不是您要求的，请立即联系社区或管理员。"),
    )
    record(actor, "user.reset", user, "system", purpose=purpose)
    return text


@allow(*CARERS)
def disable(actor: Actor, user: User) -> None:
    """Close an account: all its sessions, keys, phones and codes end at once, on every worker."""
    require_fresh(actor)
    user.status = UserStatus.DISABLED
    sessions.end_all_of(user.id)
    withdraw_codes(user.id)
    record(actor, "user.disable", user, "system")


@allow(*CARERS)
def end_role(actor: Actor, user: User, membership_uid: UUID) -> None:
    """End one role of somebody the actor looks after, from the next request on."""
    require_fresh(actor)
    ended = (
        update(Membership)
        .where(
            Membership.uid == membership_uid,
            Membership.user_id == user.id,
            Membership.role.in_(LOOKS_AFTER[actor.role]),
        )
        .values(valid_to=clock.now())
        .returning(Membership.role)
    )
    role = session.scalar(ended.execution_options(synchronize_session=False))
    if role is None:
        raise Conflict(_("没有找到这个角色，可能已经结束"))
    record(actor, "user.end_role", user, "system", role=role)
