"""Who sees which units. Stays, events and papers all hang off a unit, so this is the whole of data access."""

from sqlalchemy import Select, select

from ..accounts.scope import within
from ..core.access import Actor
from .models import Unit


def visible(actor: Actor, model) -> Select:
    """Rows of Unit, or of a model with a `unit_id`, as far as the actor's memberships reach."""
    query = select(model) if model is Unit else select(model).join(Unit, model.unit_id == Unit.id)
    return query.where(within(actor, Unit))
