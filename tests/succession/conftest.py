"""An active flat with its landlord, and everyone who may have a say in what becomes of it."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from rental_mgmt.core import clock


@pytest.fixture
def block(world):
    """Two active units of one building, run by two landlords."""
    building = world.building("1栋")
    compound = building.parent
    station = world.station(compound)
    block = SimpleNamespace(
        building=building,
        owner=world.landlord(),
        other=world.landlord(),
        worker=world.grid_worker(world.grid(building)),
        liaison=world.liaison(station),
        manager=world.property_manager(compound),
        officer=world.community_officer(compound.parent),
    )
    block.unit = world.flat(block.owner.target, building, "1203")
    block.twin = world.flat(block.other.target, building, "1204")
    return block


@pytest.fixture
def in_house(world, block):
    """A guest in the unit now, one who left a week ago, and a plan for next week."""
    past = world.stay(block.owner, block.unit, 2, clock.now() - timedelta(days=9))
    left = world.guest(block.owner, past, arrived_at=(clock.now() - timedelta(days=9)).isoformat())
    from rental_mgmt.core.db import session, unit_of_work
    from rental_mgmt.stays.service import check_out

    with unit_of_work():
        check_out(block.owner.actor, session.merge(past), clock.now() - timedelta(days=7))
    stay = world.stay(block.owner, block.unit, 2)
    return SimpleNamespace(
        past=past,
        left=left,
        stay=stay,
        guest=world.guest(block.owner, stay),
        plan=world.stay(block.owner, block.unit, 2, clock.now() + timedelta(days=7)),
    )


@pytest.fixture
def act(client, world):
    """Do something with a unit through the API, at its present version."""

    def act(who, unit, verb, **given):
        body = {"version": world.present(unit).version, "reason": "同一套房"} | given
        return client.post(f"/api/v1/units/{unit.uid}/{verb}", json=body, headers=world.key(who))

    return act
