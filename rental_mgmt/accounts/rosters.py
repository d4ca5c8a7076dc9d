"""How people are shown to those who look after their accounts: name in clear, phone masked, roles in words."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from ..core import clock
from ..core.access import Role
from ..core.db import Model, session
from ..core.i18n import _, lazy
from ..core.seal import Where, unseal_or_none
from ..places.models import Grid, Place, PoliceStation
from .actors import name_of
from .masking import mask_phone
from .models import Membership, Party, User, UserStatus

STATUS_LABELS = {
    UserStatus.INVITED: lazy("待接受邀请"),
    UserStatus.ACTIVE: lazy("正常"),
    UserStatus.DISABLED: lazy("已停用"),
}


@dataclass(frozen=True)
class HeldRole:
    """One role of a person, what it is over in words, and from when to when."""

    uid: UUID
    role: Role
    over: str
    valid_from: datetime
    valid_to: datetime | None
    awaits_confirmation: bool

    @property
    def is_over(self) -> bool:
        return self.valid_to is not None and self.valid_to <= clock.now()


@dataclass(frozen=True)
class Listed:
    """One person of a list."""

    uid: UUID
    name: str
    phone: str | None
    sign_in_name: str | None
    status: UserStatus
    roles: list[HeldRole]

    @property
    def status_label(self):
        return STATUS_LABELS[self.status]


def listed(users: Iterable[User]) -> list[Listed]:
    """These users as a list shows them; two statements however many they are."""
    users = list(users)
    roles = _roles_of([user.id for user in users])
    return [_listed(user, roles.get(user.id, [])) for user in users]


def _listed(user: User, roles: list[HeldRole]) -> Listed:
    phone = unseal_or_none(user.phone_sealed, Where("user_account", "phone_sealed", user.uid))
    name = name_of(user.uid, user.name_sealed)
    return Listed(user.uid, name, phone and mask_phone(phone), user.sign_in_name, user.status, roles)


def _roles_of(user_ids: list[int]) -> dict[int, list[HeldRole]]:
    query = (
        select(Membership, Place.name, Grid.name, PoliceStation.name, Party)
        .outerjoin(Place, Place.id == Membership.place_id)
        .outerjoin(Grid, Grid.id == Membership.grid_id)
        .outerjoin(PoliceStation, PoliceStation.id == Membership.station_id)
        .outerjoin(Party, Party.id == Membership.party_id)
        .where(Membership.user_id.in_(user_ids))
        .order_by(Membership.id)
    )
    found: dict[int, list[HeldRole]] = {}
    for row, place, grid, station, party in session.execute(query):
        over = place or grid or station or (party_name(party) if party else "—")
        held = HeldRole(row.uid, row.role, over, row.valid_from, row.valid_to, row.awaits_confirmation)
        found.setdefault(row.user_id, []).append(held)
    return found


def names_of(user_ids: Iterable[int | None]) -> dict[int, str]:
    """The names of colleagues in clear, by their ids; for pages on which they act together."""
    query = select(User.id, User.uid, User.name_sealed).where(User.id.in_({*user_ids} - {None}))
    return {row.id: name_of(row.uid, row.name_sealed) for row in session.execute(query)}


def party_name(party: Party) -> str:
    """A landlord's own name in clear, for whoever may see the party at all."""
    return unseal_or_none(party.name_sealed, Where("party", "name_sealed", party.uid)) or _("已删除")


def target_name(target: Model) -> str:
    """A place, grid, station or party in words."""
    return party_name(target) if isinstance(target, Party) else target.name
