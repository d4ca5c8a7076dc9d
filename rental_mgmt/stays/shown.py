"""A guest as a reader's role may see it: by the one masking table, recorded where something is clear."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ..accounts.masking import Context, Field, Shown, is_lately, show, what_may
from ..audit.service import record_access
from ..core import clock
from ..core.access import Actor
from .corrections import secret
from .document_kinds import DocumentKind, DocumentState
from .models import Guest, Missing, Stay

PARTS = (Field.NAME, Field.PHONE, Field.NUMBER)


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


def shown_guests(actor: Actor, stay: Stay, context: Context = Context.LIST) -> list[ShownGuest]:
    """The guests of a stay as the reader may see them; that it was read, and what in clear, is recorded."""
    shown, clear = [], 0
    for guest in stay.guests:
        cells = {part: _cell(actor, guest, stay, part, context) for part in PARTS}
        clear += any(cell is Shown.CLEAR for cell in cells.values())
        shown.append(_shown(guest, cells, context))
    action = "guest.list_clear" if clear else "guest.list_masked"
    record_access(actor, action, stay, chain=stay.unit.chain, guests=len(shown), clear=clear)
    return shown


def _cell(actor: Actor, guest: Guest, stay: Stay, part: Field, context: Context) -> Shown:
    if guest.voided_at:
        return Shown.MASKED
    lately = is_lately(guest.left_at or stay.ended_at, clock.now())
    return what_may(actor.role, part, context, minor=guest.is_minor, lately=lately)


def _shown(guest: Guest, cells: dict[Field, Shown], context: Context) -> ShownGuest:
    said = {
        part.value: show(part, secret(guest, part.value), cell, context) or "" for part, cell in cells.items()
    }
    return ShownGuest(
        uid=guest.uid,
        document_kind=guest.document_kind,
        document_state=guest.document_state,
        is_minor=guest.is_minor,
        is_overseas=guest.is_overseas,
        is_over_capacity=guest.is_over_capacity,
        missing=guest.missing,
        arrived_at=guest.arrived_at,
        left_at=guest.left_at,
        voided_at=guest.voided_at,
        **said,
    )
