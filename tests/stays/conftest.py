"""A landlord's flat for four, as most of these tests need it."""

import pytest


@pytest.fixture
def flat(world):
    world.owner = world.landlord()
    world.tower = world.building()
    world.unit = world.flat(world.owner.target, world.tower)
    return world
