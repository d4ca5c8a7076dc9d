"""A landlord's flat for four, as most of these tests need it."""

import pytest


@pytest.fixture
def flat(world):
    world.owner = world.landlord()
    world.unit = world.flat(party=world.owner.target)
    return world
