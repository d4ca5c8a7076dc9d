"""Who may do an operation: said on the operation, so that page, API and command line obey alike."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import wraps
from uuid import UUID

from . import clock
from .errors import Forbidden, StepUpNeeded
from .i18n import _, lazy

FRESH_FOR = timedelta(minutes=5)


class Role(StrEnum):
    LANDLORD = "landlord"
    HELPER = "helper"
    PROPERTY_MANAGER = "property_manager"
    GRID_WORKER = "grid_worker"
    COMMUNITY_OFFICER = "community_officer"
    POLICE_LIAISON = "police_liaison"
    STATION_LEAD = "station_lead"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDITOR = "auditor"
    SYSTEM = "system"

    @property
    def label(self):
        return ROLE_LABELS[self]


ROLE_LABELS = {
    Role.LANDLORD: lazy("房东"),
    Role.HELPER: lazy("房东帮手"),
    Role.PROPERTY_MANAGER: lazy("物业"),
    Role.GRID_WORKER: lazy("网格员"),
    Role.COMMUNITY_OFFICER: lazy("社区干部"),
    Role.POLICE_LIAISON: lazy("民警联络员"),
    Role.STATION_LEAD: lazy("所长"),
    Role.SYSTEM_ADMIN: lazy("系统管理员"),
    Role.SECURITY_ADMIN: lazy("安全管理员"),
    Role.AUDITOR: lazy("审计员"),
    Role.SYSTEM: lazy("系统"),
}

PARTY_ROLES = frozenset({Role.LANDLORD, Role.HELPER})
POLICE_ROLES = frozenset({Role.POLICE_LIAISON, Role.STATION_LEAD})
FIELD_ROLES = frozenset({Role.PROPERTY_MANAGER, Role.GRID_WORKER})
DESK_ROLES = frozenset(
    {
        Role.COMMUNITY_OFFICER,
        Role.POLICE_LIAISON,
        Role.STATION_LEAD,
        Role.SYSTEM_ADMIN,
        Role.SECURITY_ADMIN,
        Role.AUDITOR,
    }
)


@dataclass(frozen=True)
class Actor:
    """Whoever asks: a user in one role, with the targets of that role's memberships valid today."""

    user_id: int | None
    uid: UUID | None
    role: Role
    paths: tuple[str, ...] = ()
    grid_ids: tuple[int, ...] = ()
    station_ids: tuple[int, ...] = ()
    party_ids: tuple[int, ...] = ()
    verified_at: datetime | None = None
    session_id: int | None = None
    api_key_id: int | None = None

    @property
    def is_police(self) -> bool:
        return self.role in POLICE_ROLES

    @property
    def is_fresh(self) -> bool:
        """Has this person shown who they are within the last five minutes?"""
        return self.verified_at is not None and clock.real_now() - self.verified_at <= FRESH_FOR


SYSTEM = Actor(user_id=None, uid=None, role=Role.SYSTEM)


def allow(*roles: Role) -> Callable:
    """Say on an operation which roles may do it; any other role is refused with 403."""

    def decorate(operation):
        @wraps(operation)
        def guarded(actor: Actor, *args, **kwargs):
            if actor.role not in roles:
                raise Forbidden(_("您的角色无权进行此操作"))
            return operation(actor, *args, **kwargs)

        guarded.roles = frozenset(roles)
        return guarded

    return decorate


def may(actor: Actor | None, operation: Callable) -> bool:
    """Would this operation let the actor in? For showing or hiding a button."""
    return actor is not None and actor.role in operation.roles


def require_may(actor: Actor, operation: Callable) -> None:
    """Refuse a page whose form the actor could not send."""
    if not may(actor, operation):
        raise Forbidden(_("您的角色无权进行此操作"))


def require_fresh(actor: Actor) -> None:
    """Refuse unless the person showed who they are at most five minutes ago (ASVS 7.5.3)."""
    if not actor.is_fresh:
        raise StepUpNeeded(_("此操作需要再次确认身份，请输入密码或动态码"))
