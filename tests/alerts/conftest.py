"""A flat with everybody around it who may have to do with its alerts."""

from types import SimpleNamespace

import pytest


@pytest.fixture
def block(world):
    """One building with a flat, and one person of each role who reaches it."""
    building = world.building()
    compound = world._compound
    grid, station = world.grid(building), world.station(compound)
    landlord = world.landlord()
    return SimpleNamespace(
        building=building,
        compound=compound,
        grid=grid,
        station=station,
        landlord=landlord,
        helper=world.helper(landlord.target),
        unit=world.flat(landlord.target, building, "1203"),
        manager=world.property_manager(compound),
        worker=world.grid_worker(grid),
        officer=world.community_officer(world._community),
        liaison=world.liaison(station),
        lead=world.station_lead(station),
    )
