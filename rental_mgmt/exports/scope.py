"""Which stays and places a police room may ask about: those its station served at the time, not today."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, select

from ..accounts.scope import below
from ..core.access import POLICE_ROLES, Actor, allow
from ..core.db import session
from ..places.models import Place, PlaceKind, StationCompound
from ..units.models import Unit

# What an order may be about.
KINDS = (PlaceKind.COMMUNITY, PlaceKind.COMPOUND, PlaceKind.BUILDING)


def served(station_ids: Collection[int], at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Did one of these stations serve the unit's compound at that moment, or at that column's of each row?

    Whoever served a compound first is taken to have done so before, too: ledgers reach further back than we do.
    """
    spans = _spans(station_ids)
    if isinstance(at, datetime):
        return Unit.compound_id.in_({span.compound_id for span in spans if span.holds(at)})
    return or_(false(), *(span.holds_for(at) for span in spans))


@dataclass(frozen=True)
class _Span:
    """One of our stations served a compound; no beginning or no end is None."""

    compound_id: int
    begins: datetime | None
    ends: datetime | None

    def holds(self, at: datetime) -> bool:
        return (self.begins is None or self.begins <= at) and (self.ends is None or at < self.ends)

    def holds_for(self, column: ColumnElement[datetime]) -> ColumnElement[bool]:
        conditions = [Unit.compound_id == self.compound_id]
        if self.begins:
            conditions.append(column >= self.begins)
        if self.ends:
            conditions.append(column < self.ends)
        return and_(*conditions)


def _spans(station_ids: Collection[int]) -> list[_Span]:
    ours = select(StationCompound.compound_id).where(StationCompound.station_id.in_(station_ids))
    query = select(StationCompound).where(StationCompound.compound_id.in_(ours))
    spans, known = [], set()
    for row in session.scalars(query.order_by(StationCompound.valid_from, StationCompound.id)):
        begins = row.valid_from if row.compound_id in known else None
        known.add(row.compound_id)
        if row.station_id in station_ids:
            spans.append(_Span(row.compound_id, begins, row.valid_to))
    return spans


@allow(*POLICE_ROLES)
def list_places(actor: Actor) -> Select:
    """The communities, compounds and buildings of the compounds the actor's stations serve or ever served."""
    ever = select(StationCompound.compound_id).where(StationCompound.station_id.in_(actor.station_ids))
    communities = select(Place.parent_id).where(Place.id.in_(ever))
    return (
        select(Place)
        .where(
            or_(
                Place.id.in_(ever),
                (Place.kind == PlaceKind.BUILDING) & Place.parent_id.in_(ever),
                (Place.kind == PlaceKind.COMMUNITY) & Place.id.in_(communities),
            )
        )
        .order_by(Place.path)
    )


def station_of(station_ids: tuple[int, ...], place: Place) -> int:
    """Which of these stations an order about a place belongs to: the one that served it last."""
    if len(station_ids) == 1:
        return station_ids[0]
    compound = Place.__table__.alias("compound")
    around = or_(below(compound.c.path, place.path), literal(place.path).startswith(compound.c.path))
    query = (
        select(StationCompound.station_id)
        .join(compound, compound.c.id == StationCompound.compound_id)
        .where(StationCompound.station_id.in_(station_ids), around)
        .order_by(StationCompound.valid_from.desc())
    )
    return session.scalars(query).first()
