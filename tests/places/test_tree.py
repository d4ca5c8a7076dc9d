"""The tree: built, found by codes, seen as far as one's memberships reach, and many doors at once."""

import pytest
from sqlalchemy import func, select

from rental_mgmt.core.access import Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Conflict, Forbidden, Invalid, NotFound
from rental_mgmt.places import tree
from rental_mgmt.places.models import Place, PlaceKind
from rental_mgmt.places.tree import DoorRow, ensure_door, ensure_doors


def test_a_path_says_where_a_place_lies(world):
    street = world.place(PlaceKind.STREET, "锦官街道", code="jg")
    with unit_of_work():
        community = tree.make_place(street, PlaceKind.COMMUNITY, "东方社区", "df")
        compound = tree.make_place(community, PlaceKind.COMPOUND, "二期")
    assert compound.path == f"/{street.id}/{community.id}/{compound.id}/"
    assert compound.code == "1"
    assert tree.find_by_codes("jg", "df", "1").id == compound.id
    assert tree.find_by_codes("jg", "no", "1") is None
    assert tree.chain_of(compound) == f"place:{community.id}"
    assert tree.chain_of(street) == "system"


def test_codes_go_on_from_the_highest(world):
    compound = world.compound()
    with unit_of_work():
        first, second = (tree.make_place(compound, PlaceKind.BUILDING, f"{n}栋") for n in (1, 2))
        tenth = tree.make_place(compound, PlaceKind.BUILDING, "10栋", "10")
        following = tree.make_place(compound, PlaceKind.BUILDING, "11栋")
    assert [p.code for p in (first, second, tenth, following)] == ["1", "2", "10", "11"]
    assert [p.rank for p in (first, second, tenth)] == [1, 2, 10]


def test_places_stand_only_where_they_belong(world):
    compound = world.compound()
    with pytest.raises(Invalid), unit_of_work():
        tree.make_place(compound, PlaceKind.DOOR, "1203")
    with unit_of_work():
        tree.make_place(compound, PlaceKind.BUILDING, "1栋", "1")
    with pytest.raises(Conflict), unit_of_work():
        tree.make_place(compound, PlaceKind.BUILDING, "一栋", "1")


def test_a_community_officer_builds_in_the_own_community_only(world):
    compound = world.compound()
    officer = world.community_officer(compound.parent)
    other = world.compound("别处", world.community("别的社区"))
    with unit_of_work():
        mine = tree.get_place(officer.actor, compound.uid)
        tree.add_place(officer.actor, mine, PlaceKind.BUILDING, "1栋")
    with pytest.raises(NotFound):
        tree.get_place(officer.actor, other.uid)
    with pytest.raises(Forbidden):
        tree.add_place(world.property_manager(compound).actor, compound, PlaceKind.BUILDING, "2栋")


def test_each_role_sees_its_part_of_the_tree(world):
    near, far = world.building("1栋"), world.building("9栋", world.compound("别处", world.community("远")))
    world.door(near, 3, "301"), world.door(far, 3, "301")
    compound, station = near.parent, world.station(near.parent)

    def seen(somebody, kind=PlaceKind.DOOR):
        return [p.path.startswith(near.path) for p in session.scalars(tree.list_places(somebody.actor, kind))]

    for somebody in (
        world.property_manager(compound),
        world.community_officer(compound.parent),
        world.grid_worker(world.grid(near)),
        world.liaison(station),
    ):
        assert seen(somebody) == [True], somebody.role
    landlord = world.landlord()
    assert seen(landlord) == [], "doors are not public"
    assert sorted(seen(landlord, PlaceKind.BUILDING)) == [False, True], "addresses are"
    assert len(seen(world.user(Role.SYSTEM_ADMIN))) == 2


# --- many doors at once -------------------------------------------------------------------------------------

ROWS = [DoorRow(str(b), f, f"{f}{n:02}") for b in (1, 2, 3) for f in range(1, 11) for n in (1, 2)]


def test_a_ledgers_doors_are_made_in_a_few_statements(world, count_queries):
    compound = world.compound()
    with count_queries() as seen, unit_of_work():
        found = ensure_doors(compound, ROWS)
    assert len(found) == len(ROWS)
    assert len({at.door_id for at in found.values()}) == len(ROWS)
    assert len(seen) <= 24
    assert len({line.split()[0] for line in seen}) <= 3
    at = found[DoorRow("2", 10, "1001")]
    assert at.name == "2栋 10层 1001"
    assert at.path.startswith(compound.path)
    assert session.get(Place, at.building_id).rank == 2


def test_doors_are_found_again_and_never_made_twice(world):
    compound = world.compound()
    with unit_of_work():
        first = ensure_doors(compound, ROWS)
    with unit_of_work():
        again = ensure_doors(compound, [*ROWS, *ROWS])
    assert first == again
    doors = select(func.count()).where(Place.kind == PlaceKind.DOOR)
    assert session.scalar(doors) == len(ROWS)
    assert tree.count_doors(compound) == len(ROWS)
    assert session.scalar(select(func.count()).where(Place.path == "")) == 0


def test_one_door_with_an_unknown_floor(world):
    compound = world.compound()
    with unit_of_work():
        at = ensure_door(compound, "A2", None, "底商-3")
    door = session.get(Place, at.door_id)
    assert (door.code, door.parent.name, door.parent.parent.name) == ("底商-3", "楼层不明", "A2栋")
    assert tree.full_name(door) == "东方新城二期 A2栋 楼层不明 底商-3"
    assert tree.compound_of(door).id == compound.id


# --- doors to the tree --------------------------------------------------------------------------------------


def test_the_api_lists_what_is_in_reach(world, client):
    building = world.building()
    headers = world.key(world.property_manager(building.parent))
    found = client.get("/api/v1/places?kind=building", headers=headers).json["items"]
    assert [one["name"] for one in found] == ["1栋"]
    assert "id" not in found[0]
    assert "path" not in found[0]
    other = world.building("9栋", world.compound("别处"))
    assert client.get(f"/api/v1/places/{other.uid}", headers=headers).status_code == 404


def test_an_officer_adds_a_building_by_api(world, client):
    compound = world.compound()
    headers = world.key(world.community_officer(compound.parent))
    body = {"kind": "building", "name": "5栋", "code": "5", "parent": str(compound.uid)}
    assert client.post("/api/v1/places", json=body, headers=headers).status_code == 201
    assert client.post("/api/v1/places", json=body, headers=headers).status_code == 409
    body["kind"] = "street"
    assert client.post("/api/v1/places", json=body | {"parent": None}, headers=headers).status_code == 422
