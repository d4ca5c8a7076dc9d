"""Statistics without names, frozen monthly from the first month on."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model


class MonthFigure(Model):
    """One figure of one place and month, with the version of its definition; a correction is a new row.

    `month` is "2026-11"; `value` a count, or hundredths of a percent where the definition says a share.
    """

    __tablename__ = "month_figure"
    __table_args__ = (UniqueConstraint("place_id", "month", "name", "revision"),)

    place_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    month: Mapped[str]
    name: Mapped[str]
    value: Mapped[int | None] = mapped_column(BigInteger)
    definition: Mapped[int]
    revision: Mapped[int] = mapped_column(default=0)
    frozen_at: Mapped[datetime]
    rule_versions: Mapped[dict]
    reason: Mapped[str | None]
