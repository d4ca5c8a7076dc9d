"""Who handed a unit to whom, when and why: from the offer with its printed code to the one who typed it."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ..core.access import Role
from ..core.db import Model, Uid, Words
from ..units.models import PartyRoleKind, Unit


class UnitTransfer(Uid, Model):
    """A unit offered by the party that runs it to whoever holds the code; taken over, or withdrawn."""

    __tablename__ = "unit_transfer"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    code_id: Mapped[int] = mapped_column(ForeignKey("one_time_code.id"), unique=True)
    from_party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    to_party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    party_role: Mapped[PartyRoleKind | None] = mapped_column(Words(PartyRoleKind))
    reason: Mapped[str]
    offered_at: Mapped[datetime]
    offered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    offered_as: Mapped[Role] = mapped_column(Words(Role))
    accepted_at: Mapped[datetime | None]
    accepted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    withdrawn_at: Mapped[datetime | None]

    unit: Mapped[Unit] = relationship()

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None
