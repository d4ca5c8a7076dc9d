"""What an administrator tuned, and what the nightly sweep found to differ."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model


class RuleSetting(Model):
    """A rule switched off or tuned for everyone (no place) or for one compound; the newest version counts."""

    __tablename__ = "rule_setting"
    __table_args__ = (UniqueConstraint("rule", "place_id"),)

    rule: Mapped[str]
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    is_on: Mapped[bool] = mapped_column(default=True)
    settings: Mapped[dict]
    version: Mapped[int]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))


class SweepRun(Model):
    """One nightly sweep of a rule: its whole answer against the live alerts; the difference is then applied."""

    __tablename__ = "sweep_run"

    at: Mapped[datetime]
    rule: Mapped[str]
    missed: Mapped[int]
    stale: Mapped[int]
    seconds: Mapped[float]
