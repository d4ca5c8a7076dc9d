"""What the product tells people in the app, and what neighbours ask an operator or the desk to hear."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Path, Sealed, Uid, Words
from ..core.i18n import lazy

_UNREAD = text("read_at is null")


class Notice(Uid, Model):
    """One notice to one user. Text and title carry counts and codes, no names; `link` is a path of ours.

    Title and text are messages of the catalogue, said in the reader's language with `values` filled in.
    """

    __tablename__ = "notice"
    __table_args__ = (
        Index(None, "user_id", "uid"),
        Index("ix_notice_unread", "user_id", postgresql_where=_UNREAD, sqlite_where=_UNREAD),
    )

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    kind: Mapped[str]
    title: Mapped[str]
    text: Mapped[str]
    link: Mapped[str | None]
    values: Mapped[dict] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]


class Whereabouts(StrEnum):
    """Where the neighbour hears it from: never a door."""

    ABOVE = "above"
    BESIDE = "beside"
    BELOW = "below"
    NOT_KNOWN = "not_known"

    @property
    def label(self):
        return WHEREABOUTS_LABELS[self]


WHEREABOUTS_LABELS = {
    Whereabouts.ABOVE: lazy("楼上"),
    Whereabouts.BESIDE: lazy("隔壁"),
    Whereabouts.BELOW: lazy("楼下"),
    Whereabouts.NOT_KNOWN: lazy("说不清"),
}


class NeighbourMessage(Uid, Model):
    """A message left on a building's or unit's public page; who left it is never shown to the landlord."""

    __tablename__ = "neighbour_message"
    __table_args__ = (Index(None, "visitor_fp", "created_at"), Index(None, "building_id", "created_at"))

    building_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    community_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    # Where it was left and whose unit it is about, so that desk and operator reach it by their scope.
    path: Mapped[Path]
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    whereabouts: Mapped[Whereabouts] = mapped_column(Words(Whereabouts))
    text_sealed: Mapped[Sealed]
    visitor_fp: Mapped[bytes]
    created_at: Mapped[datetime]

    @property
    def chain(self) -> str:
        return f"place:{self.community_id}"
