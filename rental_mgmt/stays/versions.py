"""What a registration said before each correction: kept sealed, with who corrected it, when and why."""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from ..accounts.actors import name_of
from ..accounts.models import User
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.seal import Retention, Where, seal, unseal_or_none
from .models import Guest, GuestVersion
from .registration import SEALED
from .shown import secret

CLEAR = (
    "document_kind",
    "document_state",
    "document_valid_until",
    "document_name",
    "issuing_place",
    "nationality",
    "sex",
    "age_at_check_in",
    "relation",
)


@dataclass(frozen=True)
class Correction:
    """One correction as its landlord reads it: never what was corrected, which stays sealed."""

    at: datetime
    who: str
    reason: str | None


@allow(Role.LANDLORD)
def keep_version(actor: Actor, guest: Guest, reason: str) -> None:
    """Keep what a guest's details are now, sealed, before they are changed."""
    count = select(func.count()).where(GuestVersion.guest_id == guest.id)
    number = session.scalar(count) + 1
    details = {name: secret(guest, name) for name in SEALED}
    details |= {name: str(value) for name in CLEAR if (value := getattr(guest, name)) is not None}
    details["arrived_at"] = guest.arrived_at.isoformat()
    retention = Retention(guest.retention)

    def sealed(column: str, text: str) -> bytes:
        return seal(text, _where(guest, column, number), retention, guest.recorded_at)

    version = GuestVersion(
        guest_id=guest.id,
        number=number,
        details_sealed=sealed("details", json.dumps(details, ensure_ascii=False)),
        reason_sealed=sealed("reason", reason),
        at=clock.now(),
        user_id=actor.user_id,
    )
    session.add(version)


def _where(guest: Guest, column: str, number: int) -> Where:
    return Where("guest_version", f"{column}:{number}", guest.uid)


@allow(Role.LANDLORD)
def list_corrections(actor: Actor, guest: Guest) -> list[Correction]:
    """Who corrected a registration, when and why, the newest first."""
    rows = session.execute(
        select(GuestVersion, User.uid, User.name_sealed)
        .outerjoin(User, User.id == GuestVersion.user_id)
        .where(GuestVersion.guest_id == guest.id)
        .order_by(GuestVersion.number.desc())
    )
    return [
        Correction(
            row.at, name_of(uid, name), unseal_or_none(row.reason_sealed, _where(guest, "reason", row.number))
        )
        for row, uid, name in rows
    ]
