"""Where a unit is: its door in the tree of places, and the columns that say so on the unit itself."""

import re
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..places.grids import grid_at
from ..places.models import PLACE_LABELS, Place, PlaceKind
from ..places.stations import station_at
from ..places.tree import above, chain_of, find_child, floor_name, make_place

# A landlord may name a door that nobody entered yet, but not fill a building with them.
MOST_DOORS_OF_A_FLOOR, MOST_FLOORS = 60, 130
_DOOR = re.compile(r"[0-9A-Z][0-9A-Z\-]{0,9}", re.ASCII)


@dataclass(frozen=True)
class Address:
    """A door as a person names it; without a floor the door's number says it (1203 is on floor 12)."""

    building: UUID
    door: str
    floor: int | None = None

    @property
    def door_code(self) -> str:
        plain = unicodedata.normalize("NFKC", self.door).upper().removesuffix("室").removesuffix("号")
        code = re.sub(r"\s", "", re.sub(r"[‐‑–—－_/]", "-", plain))
        if not _DOOR.fullmatch(code):
            raise Invalid(errors={"door": [_("门号请写成 1203；有单元的写成 2-1203（单元-门号）")]})
        return code

    @property
    def floor_number(self) -> int:
        number = self.door_code.rpartition("-")[2]
        if self.floor is not None:
            return self.floor
        if number.isdigit() and len(number) in (3, 4):
            return int(number[:-2])
        raise Invalid(errors={"floor": [_("从门号看不出楼层，请填写楼层")]})


@allow(Role.LANDLORD)
def find_or_add_door(actor: Actor, address: Address) -> Place:
    """The door of an address, made below its building when nobody entered it yet. Raises NotFound, Invalid."""
    building = find_building(address.building)
    code, number = address.door_code, address.floor_number
    # Two landlords of one new floor: the second waits here and then finds it.
    session.refresh(building, with_for_update={"key_share": True})
    floor = find_child(building, PlaceKind.FLOOR, str(number)) or _add(
        actor, building, PlaceKind.FLOOR, str(number), floor_name(number)
    )
    return find_child(floor, PlaceKind.DOOR, code) or _add(actor, floor, PlaceKind.DOOR, code, code)


def _add(actor: Actor, parent: Place, kind: PlaceKind, code: str, name: str) -> Place:
    limit = MOST_FLOORS if kind is PlaceKind.FLOOR else MOST_DOORS_OF_A_FLOOR
    siblings = select(func.count()).where(Place.parent_id == parent.id, Place.kind == kind)
    if session.scalar(siblings) >= limit:
        raise Conflict(_("这里的%(kind)s已满，请联系社区核对门牌", kind=PLACE_LABELS[kind]))
    place = make_place(parent, kind, name, code, int(code) if kind is PlaceKind.FLOOR else None)
    record(actor, "place.add", place, chain_of(place), kind=kind)
    return place


# --- the unit's own columns ---------------------------------------------------------------------------------


def columns_of(door: Place) -> dict:
    """What a unit at this door carries of its place: ids, path, present grid and station, and its name."""
    around, at = above(door.path), clock.now()
    building, compound = around[PlaceKind.BUILDING], around[PlaceKind.COMPOUND]
    grid, station = grid_at(building.id, at), station_at(compound.id, at)
    return {
        "door_id": door.id,
        "building_id": building.id,
        "compound_id": compound.id,
        "community_id": around[PlaceKind.COMMUNITY].id,
        "path": door.path,
        "name": f"{building.name} {around[PlaceKind.FLOOR].name} {door.name}",
        "grid_id": grid and grid.id,
        "station_id": station and station.id,
    }


# --- choosing -----------------------------------------------------------------------------------------------

MOST_COMPOUNDS = 20


@dataclass(frozen=True)
class CompoundChoice:
    name: str
    community: str
    buildings: list[Place]


def choose_building(words: str = "") -> list[CompoundChoice]:
    """The compounds whose name holds these words with their buildings, at most twenty; addresses are public."""
    parent = Place.__table__.alias()
    compounds = session.execute(
        select(Place.id, Place.name, parent.c.name.label("community"))
        .join(parent, parent.c.id == Place.parent_id)
        .where(Place.kind == PlaceKind.COMPOUND, Place.name.contains(words, autoescape=True))
        .order_by(Place.name, Place.id)
        .limit(MOST_COMPOUNDS)
    ).all()
    by_compound: dict[int, list[Place]] = {row.id: [] for row in compounds}
    buildings = select(Place).where(Place.kind == PlaceKind.BUILDING, Place.parent_id.in_(by_compound))
    for building in session.scalars(buildings):
        by_compound[building.parent_id].append(building)
    return [
        CompoundChoice(row.name, row.community, sorted(by_compound[row.id], key=_as_people_count))
        for row in compounds
    ]


def find_building(uid: UUID) -> Place:
    """A building by its identifier. Raises NotFound."""
    return get_or_404(select(Place).where(Place.kind == PlaceKind.BUILDING), uid)


def _as_people_count(building: Place) -> tuple[int, str]:
    """2栋 before 10栋."""
    digits = re.search(r"[0-9]+", building.name)
    return (building.rank or (int(digits[0]) if digits else 0), building.name)
