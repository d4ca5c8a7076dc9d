"""Fetch one row of a query by its public identifier, or say that it is not there."""

from uuid import UUID

from sqlalchemy import Select

from .db import session
from .errors import NotFound


def get_or_404(query: Select, uid: UUID):
    """The one row with this uid among those the query may see; missing and out of scope are one answer."""
    model = query.column_descriptions[0]["entity"]
    found = session.scalar(query.where(model.uid == uid))
    if found is None:
        raise NotFound
    return found
