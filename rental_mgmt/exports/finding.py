"""Which guests an exact look-up means: by a whole document number, or by one unit and one day.

Nothing is found by a part of a number. Which stays count is the jurisdiction of the time.
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from itertools import product

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from ..core import clock
from ..core.db import session
from ..core.errors import Invalid
from ..core.i18n import _
from ..core.seal import Where, fingerprint, unseal_or_none
from ..places.models import Place
from ..stays.details import identity_text
from ..stays.divisions import country_code, country_codes
from ..stays.document_kinds import DocumentKind, OtherDocument
from ..stays.id_number import plain
from ..stays.models import Guest, Person, Stay
from ..units.models import Unit
from .filters import GONE_AT, IS_MINOR
from .models import LookupKind
from .scope import served

MOST_FOUND = 500
MOST_NAMED = 5
# 12楼 is a floor, 12号楼 a building; 2单元1203 is the door 2-1203.
FLOOR, STAIRCASE = re.compile(r"(?<=[0-9])楼(?=[0-9])"), re.compile(r"([0-9]+)单元-?")


@dataclass(frozen=True)
class Asked:
    """What is looked for; without a country or kind of paper any will do. The repr names nobody."""

    kind: LookupKind
    number: str | None = field(default=None, repr=False)
    document_kind: DocumentKind = DocumentKind.RESIDENT_ID
    nationality: str | None = None
    other_document: OtherDocument | None = None
    unit: str | None = None
    on_day: date | None = None

    @property
    def plain_number(self) -> str:
        """The number without layout, as registering keeps it."""
        if self.document_kind is DocumentKind.OTHER:
            return self.number
        return plain(self.number).rstrip("<")


def guest_query() -> Select:
    """What an answer needs of each guest."""
    compound = Place.__table__.alias("compound")
    return (
        select(
            *(Guest.uid, Guest.name_sealed, Guest.number_sealed, Guest.phone_sealed, Guest.document_kind),
            *(Guest.nationality, Guest.arrived_at, GONE_AT.label("gone_at"), Guest.voided_at),
            *(Unit.uid.label("unit_uid"), Unit.name.label("unit_name"), Unit.code, Unit.community_id),
            *(compound.c.name.label("compound_name"), IS_MINOR.label("is_minor")),
        )
        .select_from(Guest)
        .join(Stay, Stay.id == Guest.stay_id)
        .join(Unit, Unit.id == Guest.unit_id)
        .join(compound, compound.c.id == Unit.compound_id)
        .order_by(Guest.arrived_at.desc(), Guest.id)
    )


def guests_meant(asked: Asked, unit: Unit | None, station_ids: tuple[int, ...]) -> Select:
    """The guests that are looked for where these stations may look, the latest first."""
    query = guest_query().limit(MOST_FOUND)
    if unit is not None:
        return query.where(Guest.unit_id == unit.id, _there_on(asked.on_day))
    person = query.join(Person, Person.id == Guest.person_id).where(Person.fp.in_(prints_of(asked)))
    return person.where(served(station_ids, Guest.arrived_at))


def _there_on(day: date) -> ColumnElement[bool]:
    begins, ends = clock.day_bounds(day)
    return (Guest.arrived_at < ends) & or_(GONE_AT.is_(None), begins < GONE_AT)


def prints_of(asked: Asked) -> list[bytes]:
    """The fingerprints that registering this document would have made: one for each country it may be of."""
    kind, number = asked.document_kind, asked.plain_number
    if kind.carries_resident_number:
        return [fingerprint("id_number", identity_text(kind, number))]
    countries = [country_code(asked.nationality)] if asked.nationality else country_codes()
    others = (
        (asked.other_document,) if asked.other_document or kind is not DocumentKind.OTHER else OtherDocument
    )
    texts = (identity_text(kind, number, country, other) for country, other in product(countries, others))
    return [fingerprint("id_number", text) for text in texts]


def is_erased(row: Row) -> bool:
    """Was the key of this guest's data destroyed when its time was over?"""
    return unseal_or_none(row.name_sealed, Where("guest", "name_sealed", row.uid)) is None


# --- one unit -----------------------------------------------------------------------------------------------


def unit_meant(asked: Asked, station_ids: tuple[int, ...]) -> Unit:
    """The one unit meant by a code, an address, or its end such as 1203; a foreign one is not there.

    Raises Invalid naming the field: nothing fits, or several do and are named.
    """
    if asked.on_day > clock.local_day(clock.now()):
        raise Invalid(errors={"on_day": [_("日期不能晚于今天")]})
    found = _units_called(asked, station_ids)
    if not found:
        raise Invalid(errors={"unit": [_("辖区内没有这个房源，请核对编码或门号")]})
    if len(found) > 1:
        some = [f"{compound} {unit.name}（{unit.code or '—'}）" for unit, compound in found[:MOST_NAMED]]
        words = _("有多个房源符合：%(names)s；请填写编码或写全楼栋门号", names=_("、").join(some))
        raise Invalid(errors={"unit": [words]})
    return found[0].Unit


def _units_called(asked: Asked, station_ids: tuple[int, ...]) -> list[Row]:
    compound, building, door = (Place.__table__.alias(name) for name in ("compound", "building", "door"))
    ours = (
        select(Unit, compound.c.name)
        .join(compound, compound.c.id == Unit.compound_id)
        .join(building, building.c.id == Unit.building_id)
        .join(door, door.c.id == Unit.door_id)
        .where(served(station_ids, clock.day_bounds(asked.on_day)[1]))
        .limit(MOST_NAMED + 1)
    )
    called = _squeezed(asked.unit)
    names = [func.replace(name, " ", "") for name in (Unit.name, building.c.name + door.c.name)]
    ways = (
        Unit.code == called.upper(),
        or_(*(name == called for name in names)),
        or_(*(name.endswith(called, autoescape=True) for name in names)),
    )
    return next(filter(None, (session.execute(ours.where(way)).all() for way in ways)), [])


def _squeezed(typed: str) -> str:
    """An address without spaces and floors' and staircases' other spellings: 1栋 12楼 1203 is 1栋12层1203."""
    plain_text = "".join(unicodedata.normalize("NFKC", typed).split())
    return FLOOR.sub("层", STAIRCASE.sub(r"\1-", plain_text))
