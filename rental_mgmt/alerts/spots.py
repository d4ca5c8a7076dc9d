"""What the place of an alert is called: found for many at once."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from ..core.access import Actor
from ..core.db import session
from ..places.models import Place
from ..units.models import Unit
from ..units.scope import visible
from .models import Alert, AlertUnit


@dataclass(frozen=True)
class Spot:
    """Where an alert is: its unit, if it has one, else the place."""

    name: str
    unit: UUID | None = None


def spots_of(alerts: Collection[Alert]) -> dict[int, Spot]:
    """The name of each alert's unit or place, by the alert's id."""
    if not alerts:
        return {}
    rows = session.execute(
        select(Alert.id, Unit.name, Unit.uid, Place.name.label("place"))
        .join(Place, Place.id == Alert.place_id)
        .outerjoin(Unit, Unit.id == Alert.unit_id)
        .where(Alert.id.in_([alert.id for alert in alerts]))
    )
    return {row.id: Spot(row.name or row.place, row.uid) for row in rows}


def spot_of(alert: Alert) -> Spot:
    return spots_of([alert])[alert.id]


def units_of(alert: Alert, actor: Actor) -> list[Spot]:
    """Every unit of an alert about several (B03), as far as the reader's scope reaches; else none."""
    theirs = visible(actor, Unit).join(AlertUnit, AlertUnit.unit_id == Unit.id)
    found = session.scalars(theirs.where(AlertUnit.alert_id == alert.id).order_by(AlertUnit.id)).all()
    return [Spot(unit.name, unit.uid) for unit in found]
