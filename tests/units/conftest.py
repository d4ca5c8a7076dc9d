"""The people around one building: whoever files, checks, decides, looks after it."""

from types import SimpleNamespace

import pytest


@pytest.fixture
def city(world):
    """A building with its grid and station, a landlord, and everyone who has a part in a filing."""
    building = world.building("1栋")
    compound, community = building.parent, world.community()
    station = world.station(compound)
    return SimpleNamespace(
        building=building,
        owner=world.landlord(),
        worker=world.grid_worker(world.grid(building)),
        liaison=world.liaison(station),
        lead=world.station_lead(station),
        manager=world.property_manager(compound),
        officer=world.community_officer(building.parent.parent),
        station=station,
        community=community,
    )
