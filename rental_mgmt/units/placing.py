"""Where a unit is: its door in the tree of places, and the columns that say so on the unit itself."""

import re
import unicodedata
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from ..accounts.scope import below
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..places.models import GridAssignment, Place, PlaceKind, StationCompound
from .concerned import ids_in

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
    floor = _child(building, PlaceKind.FLOOR, str(number)) or _add_floor(actor, building, number)
    return _child(floor, PlaceKind.DOOR, code) or _add_door(actor, floor, code)


def _child(parent: Place, kind: PlaceKind, code: str) -> Place | None:
    return session.scalar(
        select(Place).where(Place.parent_id == parent.id, Place.kind == kind, Place.code == code)
    )


def _add_floor(actor: Actor, building: Place, number: int) -> Place:
    name = _floor_name(number)
    return _add(actor, building, Place(kind=PlaceKind.FLOOR, code=str(number), name=name, rank=number, path=""))


def _add_door(actor: Actor, floor: Place, code: str) -> Place:
    digits = re.sub(r"[^0-9]", "", code)
    rank = int(digits or 0) % 10**9
    return _add(actor, floor, Place(kind=PlaceKind.DOOR, code=code, name=code, rank=rank, path=""))


def _floor_name(number: int) -> str:
    # Names of places are data, not words of the page: they are the same in every language.
    return f"{number}层" if number > 0 else f"地下{-number}层"


def _add(actor: Actor, parent: Place, place: Place) -> Place:
    limit = MOST_FLOORS if place.kind is PlaceKind.FLOOR else MOST_DOORS_OF_A_FLOOR
    siblings = select(func.count()).where(Place.parent_id == parent.id, Place.kind == place.kind)
    if session.scalar(siblings) >= limit:
        raise Conflict(_("这里的%(kind)s已满，请联系社区核对门牌", kind=place.kind.label))
    place.parent_id = parent.id
    session.add(place)
    session.flush()
    place.path = f"{parent.path}{place.id}/"
    record(actor, "place.add", place, f"place:{community_of(parent)}", kind=place.kind)
    return place


def community_of(place: Place) -> int:
    """The id of the community a place lies in: what names its audit chain."""
    return session.scalar(_above(place, PlaceKind.COMMUNITY).with_only_columns(Place.id))


def _above(place: Place, *kinds: PlaceKind) -> Select:
    return select(Place).where(Place.id.in_(ids_in([place.path])), Place.kind.in_(kinds))


# --- the unit's own columns ---------------------------------------------------------------------------------


def columns_of(door: Place) -> dict:
    """What a unit at this door carries of its place: ids, path, present grid and station, and its name."""
    above = {place.kind: place for place in session.scalars(_above(door, *PlaceKind))}
    building, compound = above[PlaceKind.BUILDING], above[PlaceKind.COMPOUND]
    return {
        "door_id": door.id,
        "building_id": building.id,
        "compound_id": compound.id,
        "community_id": above[PlaceKind.COMMUNITY].id,
        "path": door.path,
        "name": f"{building.name} {above[PlaceKind.FLOOR].name} {door.name}",
        "grid_id": _now(
            select(GridAssignment.grid_id), GridAssignment, GridAssignment.building_id == building.id
        ),
        "station_id": _now(
            select(StationCompound.station_id), StationCompound, StationCompound.compound_id == compound.id
        ),
    }


def _now(query: Select, table, condition) -> int | None:
    at = clock.now()
    in_force = table.valid_from <= at, or_(table.valid_to.is_(None), table.valid_to > at)
    return session.scalar(query.where(condition, *in_force).order_by(table.valid_from.desc()).limit(1))


# --- choosing -----------------------------------------------------------------------------------------------

MOST_COMPOUNDS, MOST_OFFERED = 20, 400


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


def doors_of(building: Place) -> list[str]:
    """The numbers of the doors that are known in a building, to be offered while typing."""
    doors = select(Place.code).where(Place.kind == PlaceKind.DOOR, below(Place.path, building.path))
    return list(session.scalars(doors.order_by(Place.path, Place.id).limit(MOST_OFFERED)))


def _as_people_count(building: Place) -> tuple[int, str]:
    """2栋 before 10栋."""
    digits = re.search(r"[0-9]+", building.name)
    return (building.rank or (int(digits[0]) if digits else 0), building.name)
