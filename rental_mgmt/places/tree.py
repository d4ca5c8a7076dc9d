"""The tree of places: streets, communities, compounds, buildings, floors, doors and spots, built and found."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Select, String, cast, func, select, update

from ..audit.service import record
from ..core.access import Actor, Role, allow
from ..core.db import dialect_insert, new_uid, session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from .models import Place, PlaceKind
from .scope import below, visible

# What may stand under what; a root has no parent.
INSIDE: dict[PlaceKind | None, tuple[PlaceKind, ...]] = {
    None: (PlaceKind.STREET,),
    PlaceKind.STREET: (PlaceKind.COMMUNITY,),
    PlaceKind.COMMUNITY: (PlaceKind.COMPOUND,),
    PlaceKind.COMPOUND: (PlaceKind.BUILDING, PlaceKind.SPOT),
    PlaceKind.BUILDING: (PlaceKind.FLOOR, PlaceKind.SPOT),
    PlaceKind.FLOOR: (PlaceKind.DOOR, PlaceKind.SPOT),
    PlaceKind.DOOR: (),
    PlaceKind.SPOT: (),
}


def list_places(actor: Actor, kind: PlaceKind | None = None, under: Place | None = None) -> Select:
    """The places in reach, perhaps of one kind, perhaps only the children of one."""
    found = visible(actor)
    if kind is not None:
        found = found.where(Place.kind == kind)
    return found if under is None else found.where(Place.parent_id == under.id)


def get_place(actor: Actor, uid: UUID) -> Place:
    return get_or_404(visible(actor), uid)


# --- building -----------------------------------------------------------------------------------------------


@allow(Role.SYSTEM_ADMIN, Role.COMMUNITY_OFFICER)
def add_place(actor: Actor, parent: Place | None, kind: PlaceKind, name: str, code: str | None = None) -> Place:
    """Add a place below another; without a code it gets the next number. Raises Invalid, Conflict."""
    if parent is None and actor.role is not Role.SYSTEM_ADMIN:
        raise Invalid(errors={"kind": [_("街道由系统管理员建立")]})
    place = make_place(parent, kind, name, code)
    record(actor, "place.add", place, chain_of(place), kind=kind)
    return place


def make_place(
    parent: Place | None, kind: PlaceKind, name: str, code: str | None = None, rank: int | None = None
) -> Place:
    """A place with its path, for seeds and imports too."""
    if kind not in INSIDE[parent and parent.kind]:
        raise Invalid(errors={"kind": [_("这里不能建立这种地点")]})
    code = code or next_code(parent, kind)
    if find_child(parent, kind, code):
        raise Conflict(_("同一处已有编号为 %(code)s 的%(kind)s", code=code, kind=kind.label))
    rank = rank_of(name or code) if rank is None else rank
    place = Place(kind=kind, parent_id=parent and parent.id, code=code, name=name, path="", rank=rank)
    session.add(place)
    session.flush()
    place.path = f"{parent.path if parent else '/'}{place.id}/"
    session.flush()
    return place


def next_code(parent: Place | None, kind: PlaceKind) -> str:
    """The number after the highest one among the siblings of this kind."""
    codes = session.scalars(
        select(Place.code).where(Place.parent_id == (parent and parent.id), Place.kind == kind)
    )
    return str(1 + max((int(code) for code in codes if code.isascii() and code.isdigit()), default=0))


def rank_of(text: str) -> int:
    """Order among siblings: by the first number in the name, so that 2栋 stands before 10栋."""
    digits = re.search(r"[0-9]{1,9}", text)
    return int(digits[0]) if digits else 0


@allow(Role.SYSTEM_ADMIN, Role.COMMUNITY_OFFICER)
def rename_place(actor: Actor, place: Place, name: str) -> Place:
    """Give a place another name; its code and everything below stay."""
    place.name = name
    record(actor, "place.rename", place, chain_of(place))
    return place


# --- finding ------------------------------------------------------------------------------------------------


def find_child(parent: Place | None, kind: PlaceKind, code: str) -> Place | None:
    return session.scalar(
        select(Place).where(Place.parent_id == (parent and parent.id), Place.kind == kind, Place.code == code)
    )


def find_by_codes(*codes: str) -> Place | None:
    """The place that these codes lead to from the root, e.g. ("baohe", "shengli", "dfxc2", "3")."""
    found = None
    for code in codes:
        parent_id = found and found.id
        found = session.scalar(select(Place).where(Place.parent_id == parent_id, Place.code == code))
        if found is None:
            return None
    return found


def ids_of(path: str) -> list[int]:
    """The ids of a path "/1/4/9/" from the root on."""
    return [int(key) for key in path.split("/") if key]


def above(path: str) -> dict[PlaceKind, Place]:
    """The places that a path runs through, by kind, the place itself included."""
    query = select(Place).where(Place.id.in_(ids_of(path))).order_by(Place.path)
    return {place.kind: place for place in session.scalars(query)}


def compound_of(place: Place) -> Place | None:
    """The compound a place lies in; None above compounds."""
    return above(place.path).get(PlaceKind.COMPOUND)


def chain_of(place: Place) -> str:
    """The audit chain of a place's community; `system` above communities."""
    community = above(place.path).get(PlaceKind.COMMUNITY)
    return f"place:{community.id}" if community else "system"


def full_name(place: Place) -> str:
    """The names from the compound down, as people say an address: 东方新城二期 1栋 12层 1203."""
    shown = (PlaceKind.COMPOUND, PlaceKind.BUILDING, PlaceKind.FLOOR, PlaceKind.DOOR, PlaceKind.SPOT)
    path = above(place.path)
    return " ".join(path[kind].name for kind in shown if kind in path) or place.name


# --- many doors at once -------------------------------------------------------------------------------------


class DoorRow(NamedTuple):
    """A door as a ledger names it; the floor may be unknown."""

    building: str
    floor: int | None
    door: str


class DoorAt(NamedTuple):
    """A door in the tree: what a unit at it carries."""

    door_id: int
    building_id: int
    path: str
    name: str


def building_name(code: str) -> str:
    # Names of places are data, not words of the page: they are the same in every language.
    return f"{code}栋"


def floor_name(number: int | None) -> str:
    if number is None:
        return "楼层不明"
    return f"{number}层" if number > 0 else f"地下{-number}层"


def ensure_door(compound: Place, building: str, floor: int | None, door: str) -> DoorAt:
    """The door of an address, made with its building and floor where they are not there yet."""
    row = DoorRow(building, floor, door)
    return ensure_doors(compound, [row])[row]


def ensure_doors(compound: Place, rows: Iterable[DoorRow]) -> dict[DoorRow, DoorAt]:
    """All these doors of a compound, made where they are missing: four statements a level, however many."""
    rows = list(dict.fromkeys(rows))
    buildings = _ensure(
        compound, PlaceKind.BUILDING, {(compound.id, r.building): building_name(r.building) for r in rows}
    )
    floor_keys = {r: (buildings[compound.id, r.building].id, str(r.floor)) for r in rows}
    floors = _ensure(compound, PlaceKind.FLOOR, {floor_keys[r]: floor_name(r.floor) for r in rows})
    door_keys = {r: (floors[floor_keys[r]].id, r.door) for r in rows}
    doors = _ensure(compound, PlaceKind.DOOR, {door_keys[r]: r.door for r in rows})
    return {
        r: DoorAt(
            doors[door_keys[r]].id,
            floor_keys[r][0],
            doors[door_keys[r]].path,
            " ".join(
                (buildings[compound.id, r.building].name, floors[floor_keys[r]].name, doors[door_keys[r]].name)
            ),
        )
        for r in rows
    }


def _ensure(compound: Place, kind: PlaceKind, wanted: dict[tuple[int, str], str]) -> dict:
    """The places of one kind in a compound by (parent id, code), after adding those that are wanted."""
    there = _of_kind(compound, kind)
    missing = [
        {
            "uid": new_uid(),
            "kind": kind,
            "parent_id": parent_id,
            "code": code,
            "name": name,
            "path": "",
            "rank": rank_of(name),
        }
        for (parent_id, code), name in wanted.items()
        if (parent_id, code) not in there
    ]
    if not missing:
        return there
    insert = dialect_insert(Place).on_conflict_do_nothing(index_elements=["parent_id", "kind", "code"])
    session.execute(insert, missing)
    parent = Place.__table__.alias("parent")
    above_it = select(parent.c.path).where(parent.c.id == Place.parent_id).scalar_subquery()
    path = above_it.concat(cast(Place.id, String)).concat("/")
    without = update(Place).where(Place.path == "", Place.kind == kind).values(path=path)
    session.execute(without.execution_options(synchronize_session=False))
    return _of_kind(compound, kind)


def _of_kind(compound: Place, kind: PlaceKind) -> dict:
    rows = session.execute(
        select(Place.id, Place.parent_id, Place.code, Place.name, Place.path).where(
            Place.kind == kind, below(Place.path, compound.path)
        )
    )
    return {(row.parent_id, row.code): row for row in rows}


def count_doors(place: Place) -> int:
    """How many doors lie below a place."""
    doors = select(func.count()).where(Place.kind == PlaceKind.DOOR, below(Place.path, place.path))
    return session.scalar(doors)
