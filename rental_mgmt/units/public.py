"""What anybody may see who stands before a plate or in a lift: never who is in, never which door."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from ..core.db import session
from ..core.errors import NotFound
from ..core.i18n import _
from ..notices.messages import Addressed, leave_message
from ..notices.models import NeighbourMessage, Whereabouts
from ..places.models import Place, PlaceKind
from ..places.tree import above
from .models import Unit, UnitStatus
from .packs import pack_of

# A suspended unit keeps its page, and the page does not say so: nobody learns at the door that a flat is empty.
HAS_A_PLATE = (UnitStatus.ACTIVE, UnitStatus.SUSPENDED)


@dataclass(frozen=True)
class PublicUnit:
    """The page behind a plate's QR: the code, how many may stay, the house rules."""

    code: str
    capacity: int
    house_rules: Sequence[str]


def unit_behind(token: str | None) -> Unit:
    """The unit whose plate carries this QR; of a merged one the unit that goes on. Raises NotFound."""
    unit = session.scalar(select(Unit).where(Unit.qr_token == token)) if token else None
    if unit is not None and unit.merged_into_id:
        unit = session.get_one(Unit, unit.merged_into_id)
    if unit is None or unit.status not in HAS_A_PLATE:
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


def tell_building(visitor: str, building: Place, whereabouts: Whereabouts, text: str) -> NeighbourMessage:
    """A message about a building to its property desk: from where it is heard, never from which door."""
    about = Addressed(building.id, building.path, above(building.path)[PlaceKind.COMMUNITY].id)
    return leave_message(visitor, about, whereabouts, text)
