"""Tonight in the demo compound: who left since, who has come, who is still expected, what landlords said."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from itertools import islice
from random import Random

from sqlalchemy import select, update

from ..accounts.models import Party
from ..core import clock
from ..core.access import Actor
from ..core.api import load
from ..core.db import session
from ..core.fields import values_are_typed
from ..core.seal import fingerprint
from ..core.touch import Kind, touch
from ..stays.models import Guest, NightState, Stay
from ..stays.nights import Tile, mark_tonight, tiles, tonight
from ..stays.registration import register_guest
from ..stays.schemas import GuestIn
from ..stays.service import plan_stay
from ..units.models import Unit, UnitStatus
from .acting import landlord_of
from .cast import ESTABLISHED, phone_of
from .people import MAN, WOMAN, Cast
from .people import Guest as Person
from .stays import LAST_DAY

# Of the other landlords: how many say anything tonight.
TALKATIVE = 18
SEXES = {MAN: "male", WOMAN: "female"}


def move_on(since: date) -> None:
    """Everybody whose stay was planned to end since that day has left; plans nobody came for are called off."""
    now, midnight = clock.now(), clock.local_time(since, time(0))
    over = (
        Stay.ended_at.is_(None),
        Stay.cancelled_at.is_(None),
        Stay.checks_out_at < now,
        Stay.checks_out_at >= midnight,
    )
    units = session.scalars(select(Stay.unit_id).where(*over).distinct()).all()
    came = select(Guest.id).where(Guest.stay_id == Stay.id, Guest.voided_at.is_(None)).exists()
    fixed = {"synchronize_session": False}
    session.execute(
        update(Stay).where(*over, came).values(ended_at=Stay.checks_out_at), execution_options=fixed
    )
    session.execute(update(Stay).where(*over).values(cancelled_at=now), execution_options=fixed)
    touch(*((Kind.UNIT, unit) for unit in units))


def arrive() -> None:
    """Tonight's guests, plans and words of landlords, through the services that their pages call."""
    day = tonight()
    cast = Cast(day, LAST_DAY, f"今晚 {day}", made=5000 + day.toordinal() % 900)
    host = _party_of(ESTABLISHED)
    _evening_of_host(landlord_of(host), cast)
    others = session.scalars(
        select(Unit.party_id)
        .where(Unit.status == UnitStatus.ACTIVE, Unit.party_id != host)
        .group_by(Unit.party_id)
        .order_by(Unit.party_id)
    ).all()
    chance = Random(f"{day}")
    for party in chance.sample(others, TALKATIVE):
        _evening_of(landlord_of(party), cast, chance)


def _party_of(landlord) -> int:
    return session.scalar(select(Party.id).where(Party.phone_fp == fingerprint("phone", phone_of(landlord))))


def _free(actor: Actor) -> list[Unit]:
    """Units of which nothing is known for tonight."""
    return [night.unit for night in tiles(actor, tonight()) if night.tile is Tile.NOT_KNOWN]


def _evening_of_host(actor: Actor, cast: Cast) -> None:
    """The landlord of the tour: one flat taken, one expected, one empty, the rest not known."""
    free = iter(sorted(_free(actor), key=lambda unit: unit.capacity))
    for unit in islice(free, 1):
        _taken(actor, unit, [cast.adult(MAN, 31)])
    small = next(free, None)
    large = list(free)
    if large:
        # On the way up: who registers them now registers them as arrived.
        _expected(actor, large.pop(), 3, clock.now() - timedelta(minutes=10))
    if small:
        mark_tonight(actor, {small.uid: NightState.EMPTY})


def _evening_of(actor: Actor, cast: Cast, chance: Random) -> None:
    empty = {}
    for unit in _free(actor):
        match chance.randrange(6):
            case 0 | 1:
                age = chance.randint(22, 50)
                _taken(actor, unit, [cast.adult(MAN, age), cast.adult(WOMAN, age)][: unit.capacity])
            case 2:
                _expected(actor, unit, min(2, unit.capacity))
            case 3 | 4:
                empty[unit.uid] = NightState.EMPTY
    if empty:
        mark_tonight(actor, empty)


def _expected(actor: Actor, unit: Unit, guests: int, begins: datetime | None = None) -> Stay:
    """A plan for tonight, still to come whatever the hour."""
    now = clock.now()
    evening = clock.local_time(tonight(), time(20))
    begins = begins or max(evening, now + timedelta(minutes=40))
    return plan_stay(actor, unit, begins, _noon(now, 2), guests)


def _taken(actor: Actor, unit: Unit, people: Iterable[Person]) -> None:
    now, people = clock.now(), list(people)
    stay = plan_stay(actor, unit, now - timedelta(minutes=30), _noon(now, 1), len(people))
    session.flush()
    for number, person in enumerate(people):
        register_guest(actor, stay.uid, _as_typed(person, "spouse" if number else "self"))


def _noon(now: datetime, days: int) -> datetime:
    return clock.local_time(clock.local_day(now) + timedelta(days=days), time(12))


def _as_typed(person: Person, relation: str) -> dict:
    """What a landlord types for this person."""
    typed = values_are_typed.set(True)
    try:
        said = {"name": person.name, "number": person.number, "phone": person.phone, "relation": relation}
        return load(GuestIn(), said)
    finally:
        values_are_typed.reset(typed)
