"""What the reliability tests share: the house at real time, as other processes do not stand still with us."""

import pytest

from rental_mgmt.core import clock


@pytest.fixture
def running_house(house) -> dict:
    """Connected as every process is, while the clock runs."""
    clock.freeze(None)
    return house
