"""Where things are: one tree of places, grids inside compounds, the police stations, the law in force."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..core.access import Role
from ..core.db import Model, Path, Sealed, Uid, Words
from ..core.i18n import lazy


class PlaceKind(StrEnum):
    STREET = "street"
    COMMUNITY = "community"
    COMPOUND = "compound"
    BUILDING = "building"
    FLOOR = "floor"
    DOOR = "door"
    SPOT = "spot"

    @property
    def label(self):
        return PLACE_LABELS[self]


PLACE_LABELS = {
    PlaceKind.STREET: lazy("街道"),
    PlaceKind.COMMUNITY: lazy("社区"),
    PlaceKind.COMPOUND: lazy("小区"),
    PlaceKind.BUILDING: lazy("楼栋"),
    PlaceKind.FLOOR: lazy("楼层"),
    PlaceKind.DOOR: lazy("门户"),
    PlaceKind.SPOT: lazy("点位"),
}


class Place(Uid, Model):
    """A node of the tree. `path` is "/1/4/9/": the ids from the root, so that a subtree is a range of paths."""

    __tablename__ = "place"
    __table_args__ = (UniqueConstraint("parent_id", "kind", "code"), Index(None, "path"))

    kind: Mapped[PlaceKind] = mapped_column(Words(PlaceKind))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    code: Mapped[str]
    name: Mapped[str]
    path: Mapped[Path]
    # Order among siblings: floors by number, doors by code.
    rank: Mapped[int] = mapped_column(default=0)
    # The secret of the building's page behind the QR in the lift.
    qr_token: Mapped[str | None] = mapped_column(unique=True)

    parent: Mapped["Place | None"] = relationship(remote_side="Place.id")


class GridKind(StrEnum):
    GENERAL = "general"
    ORDINARY = "ordinary"
    MICRO = "micro"

    @property
    def label(self):
        return GRID_LABELS[self]


GRID_LABELS = {
    GridKind.GENERAL: lazy("总网格"),
    GridKind.ORDINARY: lazy("一般网格"),
    GridKind.MICRO: lazy("微网格"),
}


class Grid(Uid, Model):
    """A grid inside a compound; grids nest (总, 一般, 微). `path` as in places."""

    __tablename__ = "grid"

    kind: Mapped[GridKind] = mapped_column(Words(GridKind))
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("grid.id"))
    compound_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    path: Mapped[Path] = mapped_column(index=True)


class GridAssignment(Model):
    """Which grid a building or a single unit lies in, and since when; the unit's own row wins."""

    __tablename__ = "grid_assignment"
    __table_args__ = (CheckConstraint("(building_id is null) <> (unit_id is null)", "building_or_unit"),)

    grid_id: Mapped[int] = mapped_column(ForeignKey("grid.id"), index=True)
    building_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class PoliceStation(Uid, Model):
    """A 派出所; `code` has twelve digits."""

    __tablename__ = "police_station"

    name: Mapped[str]
    code: Mapped[str] = mapped_column(unique=True)


class StationCompound(Model):
    """Which station serves a compound, and since when."""

    __tablename__ = "station_compound"

    station_id: Mapped[int] = mapped_column(ForeignKey("police_station.id"), index=True)
    compound_id: Mapped[int] = mapped_column(ForeignKey("place.id"), index=True)
    valid_from: Mapped[datetime]
    valid_to: Mapped[datetime | None]


class PlacePack(Model):
    """The jurisdiction pack in force at a place and below it, from a day on."""

    __tablename__ = "place_pack"
    __table_args__ = (UniqueConstraint("place_id", "effective_from"),)

    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    pack: Mapped[str]
    effective_from: Mapped[date]


class DutyHours(Model):
    """When a role is on duty in a compound, local clock hours; without a row the defaults of the turns hold."""

    __tablename__ = "duty_hours"
    __table_args__ = (UniqueConstraint("compound_id", "role"),)

    compound_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    role: Mapped[Role] = mapped_column(Words(Role))
    from_hour: Mapped[int]
    to_hour: Mapped[int]


class DutyContact(Uid, Model):
    """A duty contact of a building who agreed to be shown on its public page; never with a door."""

    __tablename__ = "duty_contact"

    building_id: Mapped[int] = mapped_column(ForeignKey("place.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    duty: Mapped[str]
    name_sealed: Mapped[Sealed]
    hours: Mapped[str]
    # Only a number that the office published on purpose.
    public_phone: Mapped[str | None]
    agreed_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
