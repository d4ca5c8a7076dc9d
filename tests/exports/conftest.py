"""A police room with two liaisons and a lead, a flat with guests, and another station that must see nothing."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from rental_mgmt.core import clock
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.exports import building, orders
from rental_mgmt.exports.filters import GuestFilter
from rental_mgmt.exports.lookups import Asked
from rental_mgmt.exports.models import Export, FileFormat, LookupKind, Profile, Purpose
from rental_mgmt.exports.orders import Reason
from rental_mgmt.stays.document_kinds import DocumentKind

from ..support import people

REASON = Reason(Purpose.CRIMINAL_CASE, "A5101042026060001")
URGENT = Reason(Purpose.RESCUE, "JJ-0610", urgent=True)


@pytest.fixture
def room(world):
    """Two guests in a flat: an adult and a minor; the police room that may ask, and a foreign one."""
    block = world.block()
    stay = world.stay(block.landlord, block.unit)
    adult, minor = people.person(1), people.person(2, minor=True)
    foreign = world.station(world.compound("别处小区"), name="别处派出所")
    room = SimpleNamespace(
        **vars(block),
        stay=stay,
        adult=adult,
        minor=minor,
        guest=world.guest(block.landlord, stay, adult),
        child=world.guest(
            block.landlord, stay, minor, relation="child", guardian_phone="19000000009", guardian_name="王五"
        ),
        second=world.liaison(block.station),
        foreign=world.liaison(foreign),
        foreign_lead=world.station_lead(foreign),
        auditor=world.auditor(),
    )
    # A stream ends the session of its thread; what stands here stays readable.
    session.expunge_all()
    return room


def by_number(person) -> Asked:
    return Asked(LookupKind.NUMBER, number=person.id_number)


def by_unit(unit: str, day=None) -> Asked:
    return Asked(LookupKind.UNIT_DATE, unit=unit, on_day=day or clock.local_day(clock.now()))


def by_passport(traveller) -> Asked:
    return Asked(
        LookupKind.NUMBER,
        number=traveller.number,
        document_kind=DocumentKind.PASSPORT,
        nationality=traveller.nationality,
    )


def chosen(room, **more) -> GuestFilter:
    today = clock.local_day(clock.now())
    return GuestFilter(
        **{"place": room.compound.uid, "from_day": today - timedelta(days=30), "to_day": today} | more
    )


def ordered(
    room, reason=REASON, profile=Profile.FULL, file_format=FileFormat.CSV, by=None, **filters
) -> Export:
    with unit_of_work():
        made = orders.order_export(
            (by or room.liaison).actor, chosen(room, **filters), reason, profile, file_format
        )
    return again(made)


def approved(room, **more) -> Export:
    export = ordered(room, **more)
    with unit_of_work():
        orders.approve_export(room.second.actor, export.uid)
    return again(export)


def built(room, **more) -> Export:
    """An export that is ready to be taken."""
    export = approved(room, **more)
    assert building.build_next()
    return again(export)


def again(row):
    """The row as it is now, readable whatever becomes of the session."""
    session.expunge_all()
    session.rollback()
    found = session.get_one(type(row), row.id)
    session.expunge(found)
    session.rollback()
    return found
