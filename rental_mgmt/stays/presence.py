"""Who is there when: present at t ⇔ arrived_at ≤ t < coalesce(left_at, stay.ended_at, ∞), and not voided."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_

from .models import Guest, Stay

Span = tuple[datetime, datetime | None]


def busiest(spans: Iterable[Span], begins: datetime, ends: datetime) -> int:
    """The largest number of spans that hold at one instant of [begins, ends); an open span never ends."""
    steps = []
    for arrived_at, gone_at in spans:
        if arrived_at < ends and (gone_at is None or gone_at > begins):
            steps.append((max(arrived_at, begins), 1))
            if gone_at is not None and gone_at < ends:
                steps.append((gone_at, -1))
    present = most = 0
    # At one instant those who leave go before those who come.
    for _at, change in sorted(steps):
        present += change
        most = max(most, present)
    return most


def is_present(at: datetime) -> ColumnElement[bool]:
    """For a query that joins Guest and Stay: is the guest there at this moment?"""
    gone_at = func.coalesce(Guest.left_at, Stay.ended_at)
    return and_(
        Guest.voided_at.is_(None),
        Guest.arrived_at <= at,
        or_(gone_at.is_(None), gone_at > at),
    )
