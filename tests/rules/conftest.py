"""What tests of rules ask for: a field with its people, on both databases, without doors."""

import pytest

from tests.support.field import Field


@pytest.fixture
def field(house) -> Field:
    return Field()
