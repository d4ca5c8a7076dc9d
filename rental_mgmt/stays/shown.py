"""A guest as a reader's role may see it: by the one masking table, recorded where something is clear."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ..accounts.masking import mask_name, mask_number_list, mask_phone
from ..audit.service import record_access
from ..core import clock
from ..core.access import Actor, Role
from .corrections import secret
from .document_kinds import DocumentKind, DocumentState
from .models import Guest, Missing, Stay

CLEAR_AFTER_LEAVING = timedelta(days=30)


@dataclass(frozen=True)
class ShownGuest:
    """What a page or an answer may say about a guest."""

    uid: UUID
    name: str
    number: str
    phone: str
    document_kind: DocumentKind
    document_state: DocumentState
    is_minor: bool
    is_overseas: bool
    is_over_capacity: bool
    missing: list[str]
    arrived_at: datetime
    left_at: datetime | None
    voided_at: datetime | None

    @property
    def missing_words(self) -> list[str]:
        return [str(Missing(what).label) for what in self.missing]


def shown_guests(actor: Actor, stay: Stay) -> list[ShownGuest]:
    """The guests of a stay; the landlord reads names and phones of adults in clear while they are in house."""
    shown = [_shown(guest, is_clear=_is_clear(actor, guest, stay)) for guest in stay.guests]
    clear = sum(_is_clear(actor, guest, stay) for guest in stay.guests)
    if clear:
        record_access(actor, "guest.list_clear", stay, chain=stay.unit.chain, guests=clear)
    else:
        record_access(actor, "guest.list_masked", stay, chain=stay.unit.chain, guests=len(shown))
    return shown


def _is_clear(actor: Actor, guest: Guest, stay: Stay) -> bool:
    """Adults of one's own party, until 30 days after they left (masking table: landlord)."""
    if actor.role is not Role.LANDLORD or guest.is_minor or guest.voided_at:
        return False
    gone_at = guest.left_at or stay.ended_at
    return gone_at is None or clock.now() < gone_at + CLEAR_AFTER_LEAVING


def _shown(guest: Guest, is_clear: bool) -> ShownGuest:
    name, phone, number = (secret(guest, part) or "" for part in ("name", "phone", "number"))
    return ShownGuest(
        uid=guest.uid,
        name=name if is_clear else mask_name(name),
        number=mask_number_list(number),
        phone=phone if is_clear else mask_phone(phone),
        document_kind=guest.document_kind,
        document_state=guest.document_state,
        is_minor=guest.is_minor,
        is_overseas=guest.is_overseas,
        is_over_capacity=guest.is_over_capacity,
        missing=guest.missing,
        arrived_at=guest.arrived_at,
        left_at=guest.left_at,
        voided_at=guest.voided_at,
    )
