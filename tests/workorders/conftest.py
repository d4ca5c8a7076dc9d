"""A flat with everybody around it who may have to do with its alerts."""

import pytest


@pytest.fixture
def block(world):
    """One building with a flat, and one person of each role who reaches it."""
    return world.block()
