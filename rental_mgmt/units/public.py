"""What anybody may see who stands before a plate or in a lift: never who is in, never which door."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from ..core.db import session
from ..core.errors import NotFound
from ..core.i18n import _
from ..core.seal import Where, unseal_or_none
from ..notices.messages import Addressed, leave_message
from ..notices.models import NeighbourMessage, Whereabouts
from ..places.models import DutyContact, Place, PlaceKind
from .models import Unit, UnitStatus
from .packs import pack_of
from .placing import community_of

# A suspended unit keeps its page, and the page does not say so: nobody learns at the door that a flat is empty.
HAS_A_PLATE = (UnitStatus.ACTIVE, UnitStatus.SUSPENDED)


@dataclass(frozen=True)
class PublicUnit:
    """The page behind a plate's QR: the code, how many may stay, the house rules."""

    code: str
    capacity: int
    house_rules: Sequence[str]


@dataclass(frozen=True)
class PublicContact:
    """A duty contact who agreed to be shown; a number only where an office published it on purpose."""

    duty: str
    name: str
    hours: str
    phone: str | None


def unit_behind(token: str | None) -> Unit:
    """The unit whose plate carries this QR. Raises NotFound."""
    unit = (
        session.scalar(select(Unit).where(Unit.qr_token == token, Unit.status.in_(HAS_A_PLATE)))
        if token
        else None
    )
    if unit is None or unit.merged_into_id:
        raise NotFound(_("没有找到这块码牌对应的房源，码牌可能已停止使用"))
    return unit


def public_unit(unit: Unit) -> PublicUnit:
    """Without rules of its own a unit shows those of the place."""
    own = [line.strip() for line in unit.house_rules.splitlines() if line.strip()]
    return PublicUnit(unit.code, unit.capacity, own or [str(rule) for rule in pack_of(unit).house_rules])


def tell_operator(visitor: str, unit: Unit, whereabouts: Whereabouts, text: str) -> NeighbourMessage:
    """A message to whoever runs the unit, through the product. Raises TooMany."""
    about = Addressed(unit.building_id, unit.path, unit.community_id, unit.id, unit.party_id)
    return leave_message(visitor, about, whereabouts, text)


def building_behind(token: str | None) -> Place:
    """The building whose lift carries this QR. Raises NotFound."""
    query = select(Place).where(Place.qr_token == token, Place.kind == PlaceKind.BUILDING)
    building = session.scalar(query) if token else None
    if building is None:
        raise NotFound(_("没有找到这个二维码对应的楼栋，二维码可能已停止使用"))
    return building


def contacts_of(building: Place) -> list[PublicContact]:
    """The duty contacts of a building who agreed to be shown and have not withdrawn it."""
    query = select(DutyContact).where(
        DutyContact.building_id == building.id, DutyContact.withdrawn_at.is_(None)
    )
    return [
        PublicContact(row.duty, name, row.hours, row.public_phone)
        for row in session.scalars(query.order_by(DutyContact.id))
        if (name := unseal_or_none(row.name_sealed, Where("duty_contact", "name_sealed", row.uid)))
    ]


def tell_building(visitor: str, building: Place, whereabouts: Whereabouts, text: str) -> NeighbourMessage:
    """A message about a building to its property desk: from where it is heard, never from which door."""
    about = Addressed(building.id, building.path, community_of(building))
    return leave_message(visitor, about, whereabouts, text)
