"""The rows of an export: one SELECT with the truth of their days, opened and written as text cells."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select

from ..accounts.masking import mask_name, mask_number_list, mask_phone
from ..core import clock
from ..core.i18n import _, lazy
from ..core.seal import SealBroken, opener
from ..places.models import Place
from ..stays.details import MINOR
from ..stays.divisions import country_codes, country_name
from ..stays.document_kinds import OTHER_LABELS, DocumentKind, Sex
from ..stays.models import Guest, Missing, Relation, Stay
from ..units.models import Unit, UnitCapacity
from .filters import GONE_AT
from .models import Profile

log = logging.getLogger(__name__)

# Raised when a column comes, goes or changes its meaning; it stands in the manifest.
LAYOUT = 1
HEADS = (
    lazy("小区"),
    lazy("房源"),
    lazy("房源编码"),
    lazy("当时核定人数"),
    lazy("姓名"),
    lazy("性别"),
    lazy("国家或地区"),
    lazy("证件种类"),
    lazy("证件号码"),
    lazy("手机号"),
    lazy("未成年人"),
    lazy("与预订人关系"),
    lazy("到达时间"),
    lazy("离店时间"),
    lazy("预计离店"),
    lazy("登记时间"),
    lazy("待补全"),
)


def guest_rows() -> Select:
    """Everything a row needs in one statement; the caller adds the filter. In the order of registration."""
    compound = Place.__table__.alias("compound")
    capacity_then = (
        select(UnitCapacity.capacity)
        .where(
            UnitCapacity.unit_id == Unit.id,
            UnitCapacity.valid_from <= Guest.arrived_at,
            or_(UnitCapacity.valid_to.is_(None), UnitCapacity.valid_to > Guest.arrived_at),
        )
        .order_by(UnitCapacity.valid_from.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            *(Guest.uid, Guest.name_sealed, Guest.number_sealed, Guest.phone_sealed, Guest.age_at_check_in),
            *(Guest.sex, Guest.nationality, Guest.document_kind, Guest.document_name, Guest.relation),
            *(Guest.arrived_at, GONE_AT.label("gone_at"), Stay.checks_out_at, Guest.recorded_at, Guest.missing),
            *(Unit.name.label("unit_name"), Unit.code, compound.c.name.label("compound_name")),
            func.coalesce(capacity_then, Unit.capacity).label("capacity"),
        )
        .select_from(Guest)
        .join(Stay, Stay.id == Guest.stay_id)
        .join(Unit, Unit.id == Guest.unit_id)
        .join(compound, compound.c.id == Unit.compound_id)
        .order_by(Guest.id)
    )


@dataclass
class Counts:
    """What became of the rows: written, minors among them; withheld, as erased; broken, as altered."""

    rows: int = 0
    minors: int = 0
    withheld: int = 0
    broken: int = 0


class RowWriter:
    """Turns database rows into text cells of one profile; the words of enums are looked up once."""

    def __init__(self, profile: Profile):
        self.counts = Counts()
        self.uids: list[UUID] = []
        self._shown = _MASKS[profile]
        self._kinds = {kind: str(kind.label) for kind in DocumentKind}
        self._others = {kind.value: str(label) for kind, label in OTHER_LABELS.items()}
        self._relations = {None: ""} | {relation: str(relation.label) for relation in Relation}
        self._missing = {what.value: str(what.label) for what in Missing}
        self._sexes = {sex: str(sex.label) for sex in Sex}
        self._countries = {code: country_name(code) for code in country_codes()}
        self._yes = _("是")

    def cells(self, rows: Iterator[Row]) -> Iterator[list[str]]:
        """The rows of those who are not erased, as text; counts and uids are kept on the way."""
        for row in rows:
            uid = row.uid
            try:
                name = _open_name(row.name_sealed, uid)
                number, phone = _open_number(row.number_sealed, uid), _open_phone(row.phone_sealed, uid)
            except SealBroken:
                # One altered row must not keep the police from all the others; it is counted and logged.
                self.counts.broken += 1
                log.exception("a guest's seal is broken", extra={"guest": str(uid)})
                continue
            if name is None:
                self.counts.withheld += 1
                continue
            self.uids.append(uid)
            yield self._cells(row, name, number, phone)

    def _cells(self, row: Row, name: str, number: str | None, phone: str | None) -> list[str]:
        is_minor = row.age_at_check_in is not None and row.age_at_check_in < MINOR
        self.counts.rows += 1
        self.counts.minors += is_minor
        return [
            row.compound_name,
            row.unit_name,
            row.code or "",
            str(row.capacity),
            self._shown["name"](name),
            self._sexes[row.sex],
            self._countries.get(row.nationality, row.nationality),
            self._others.get(row.document_name) or self._kinds[row.document_kind],
            self._shown["number"](number) if number else "",
            self._shown["phone"](phone) if phone else "",
            self._yes if is_minor else "",
            self._relations[row.relation],
            _minute(row.arrived_at),
            _minute(row.gone_at),
            _minute(row.checks_out_at),
            _minute(row.recorded_at),
            "、".join(self._missing[what] for what in row.missing) if row.missing else "",
        ]


def _as_it_is(text: str) -> str:
    return text


_MASKS: dict[Profile, dict[str, Callable[[str], str]]] = {
    Profile.FULL: {"name": _as_it_is, "number": _as_it_is, "phone": _as_it_is},
    Profile.MASKED: {"name": mask_name, "number": mask_number_list, "phone": mask_phone},
}


_open_name, _open_number, _open_phone = (
    opener("guest", column) for column in ("name_sealed", "number_sealed", "phone_sealed")
)


def _minute(at: datetime | None) -> str:
    """A moment in Shanghai, to the minute."""
    return at.astimezone(clock.LOCAL).isoformat(" ", "minutes")[:16] if at else ""
