"""Police stations and the compounds they serve, with their history."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Select, false, select, update

from ..audit.service import record
from ..core import clock
from ..core.access import POLICE_ROLES, Actor, Role, allow
from ..core.db import Model, session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _
from ..core.lookup import get_or_404
from .models import Place, PlaceKind, PoliceStation, StationCompound
from .scope import EVERYWHERE, below, end_of, in_force, visible
from .tree import chain_of


def list_stations(actor: Actor) -> Select:
    """The stations that serve compounds in reach; the police see their own, administrators all."""
    if actor.role in EVERYWHERE:
        return select(PoliceStation)
    if actor.role in POLICE_ROLES:
        return select(PoliceStation).where(PoliceStation.id.in_(actor.station_ids))
    if actor.role is not Role.COMMUNITY_OFFICER:
        return select(PoliceStation).where(false())
    compounds = visible(actor).with_only_columns(Place.id)
    serving = select(StationCompound.station_id).where(
        StationCompound.compound_id.in_(compounds), *in_force(StationCompound)
    )
    return select(PoliceStation).where(PoliceStation.id.in_(serving))


def get_station(actor: Actor, uid: UUID) -> PoliceStation:
    return get_or_404(list_stations(actor), uid)


@allow(Role.SYSTEM_ADMIN)
def add_station(actor: Actor, name: str, code: str) -> PoliceStation:
    """A police station; `code` has twelve digits. Raises Invalid."""
    if session.scalar(select(PoliceStation.id).where(PoliceStation.code == code)):
        raise Invalid(errors={"code": [_("已有这个编号的派出所")]})
    station = PoliceStation(name=name, code=code)
    session.add(station)
    session.flush()
    record(actor, "station.add", station, "system")
    return station


@allow(Role.SYSTEM_ADMIN)
def assign_station(actor: Actor, station: PoliceStation, compound: Place) -> None:
    """From now on this station serves the compound; its units and live alerts follow."""
    if compound.kind is not PlaceKind.COMPOUND:
        raise Invalid(errors={"compound": [_("请选择小区")]})
    give_compound(station, compound)
    record(actor, "station.assign", station, chain_of(compound), compound=str(compound.uid))


def give_compound(station: PoliceStation, compound: Place, since: datetime | None = None) -> None:
    """The same without asking who may; for seeds."""
    at = since or clock.now()
    live = StationCompound.compound_id == compound.id, StationCompound.valid_to.is_(None)
    ended = update(StationCompound).where(*live).values(valid_to=at)
    session.execute(ended.execution_options(synchronize_session=False))
    session.add(StationCompound(station_id=station.id, compound_id=compound.id, valid_from=at))
    session.flush()
    _rewrite(compound, station.id)


@allow(Role.SYSTEM_ADMIN)
def end_station(actor: Actor, compound: Place, on: date | None = None) -> None:
    """No station serves the compound any more, since the end of a day or now; units and live alerts follow."""
    live = session.scalar(
        select(StationCompound).where(
            StationCompound.compound_id == compound.id, StationCompound.valid_to.is_(None)
        )
    )
    if live is None:
        raise Conflict(_("这个小区现在没有所属派出所"))
    live.valid_to = end_of(on, live.valid_from)
    session.flush()
    _rewrite(compound, None)
    station = session.get_one(PoliceStation, live.station_id)
    record(actor, "station.end", station, chain_of(compound), compound=str(compound.uid))


def _rewrite(compound: Place, station_id: int | None) -> None:
    """Write the present station into the compound's units and live alerts; lists read it there."""
    unit, alert = Model.metadata.tables["unit"], Model.metadata.tables["alert"]
    session.execute(update(unit).where(unit.c.compound_id == compound.id).values(station_id=station_id))
    live_here = alert.c.live_key.is_not(None), below(alert.c.path, compound.path)
    session.execute(update(alert).where(*live_here).values(station_id=station_id))


def station_at(compound_id: int, at: datetime) -> PoliceStation | None:
    """The station that served a compound at a moment."""
    return session.scalar(
        select(PoliceStation)
        .join(StationCompound, StationCompound.station_id == PoliceStation.id)
        .where(StationCompound.compound_id == compound_id, *in_force(StationCompound, at))
        .order_by(StationCompound.valid_from.desc())
        .limit(1)
    )
