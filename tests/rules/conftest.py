"""What tests of rules ask for: a field with its people, on both databases, without doors; and the ticks."""

from datetime import timedelta

import pytest

from rental_mgmt.alerts.models import Alert
from rental_mgmt.core import clock
from rental_mgmt.core.db import session
from rental_mgmt.rules import engine
from tests.support.field import Field


@pytest.fixture
def field(house) -> Field:
    return Field()


@pytest.fixture
def later():
    """later(hours=2): the clock is moved on and the rules tick; what the tick did."""

    def move(hours: float = 0, minutes: float = 0, seconds: float = 0, days: float = 0) -> engine.Ticked:
        clock.freeze(clock.now() + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds))
        return engine.tick(clock.now())

    return move


@pytest.fixture
def live():
    """live("A01"): the live alerts of a rule as they are now, oldest first."""

    def find(rule: str | None = None) -> list[Alert]:
        session.rollback()
        query = session.query(Alert).filter(Alert.live_key.is_not(None)).populate_existing()
        if rule:
            query = query.filter(Alert.rule == rule)
        return query.order_by(Alert.id).all()

    return find
