"""A guest as a reader's role may see it: by the one masking table, recorded where something is clear."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ..accounts.masking import Context, Field, Shown, is_lately, show, what_may
from ..audit.service import record_access
from ..core import clock
from ..core.access import POLICE_ROLES, Actor, Role, allow
from ..core.seal import Where, unseal_or_none
from .document_kinds import DocumentKind, DocumentState
from .models import Guest, Missing, Stay

PARTS = (Field.NAME, Field.PHONE, Field.NUMBER)
# From nothing to everything.
ORDER = (Shown.HIDDEN, Shown.MASKED, Shown.REVEAL, Shown.CLEAR)


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


def secret(guest: Guest, name: str) -> str | None:
    """One sealed detail of a guest in clear, None when absent or erased. Callers mask or record."""
    column = f"{name}_sealed"
    return unseal_or_none(getattr(guest, column), Where("guest", column, guest.uid))


LISTERS = (Role.LANDLORD, Role.HELPER, *sorted(POLICE_ROLES))


@allow(*LISTERS)
def shown_guests(actor: Actor, stay: Stay) -> list[ShownGuest]:
    """The guests of a stay as the reader may see them; that it was read, and how many in clear, is recorded."""
    shown, clear = [], 0
    for guest in stay.guests:
        cells = cells_of(actor, guest, Context.LIST)
        clear += Shown.CLEAR in cells.values()
        shown.append(_shown(guest, cells, Context.LIST))
    action = "guest.list_clear" if clear else "guest.list_masked"
    record_access(actor, action, stay, chain=stay.unit.chain, guests=len(shown), clear=clear)
    return shown


@allow(Role.LANDLORD, Role.HELPER)
def shown_guest(actor: Actor, guest: Guest) -> ShownGuest:
    """One guest as the reader may see them; that it was read, and whether in clear, is recorded."""
    cells = cells_of(actor, guest, Context.DETAIL)
    is_clear = Shown.CLEAR in cells.values()
    action = "guest.see_clear" if is_clear else "guest.see_masked"
    record_access(actor, action, guest, chain=guest.stay.unit.chain, minor=guest.is_minor)
    return _shown(guest, cells, Context.DETAIL)


def cells_of(actor: Actor, guest: Guest, context: Context) -> dict[Field, Shown]:
    """What the one masking table lets this reader see of this guest here; of a void registration only masks."""
    lately = is_lately(guest.left_at or guest.stay.ended_at, clock.now()) and not _was_anothers(guest)
    found = {part: what_may(actor.role, part, context, minor=guest.is_minor, lately=lately) for part in PARTS}
    if guest.voided_at:
        return {part: min(cell, Shown.MASKED, key=ORDER.index) for part, cell in found.items()}
    return found


def _was_anothers(guest: Guest) -> bool:
    """Did this guest leave before the unit's present party took it over?"""
    gone_at, since = guest.left_at or guest.stay.ended_at, guest.stay.unit.handed_over_at
    return gone_at is not None and since is not None and gone_at <= since


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
