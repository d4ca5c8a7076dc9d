"""Units as lists and pages show them: in scope, filtered, with what a role may read of each."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, func, or_, select

from ..accounts.masking import mask_name, mask_phone
from ..accounts.scope import within
from ..audit.service import record_access
from ..core.access import Actor, Role
from ..core.db import session
from ..core.lookup import get_or_404
from ..places.models import Place
from ..places.scope import below
from . import details as said
from .models import Filing, FilingStatus, Unit, UnitStatus
from .scope import visible
from .steps import ShownStep, steps_of

# As they came: a ledger's order, then the newest last.
ORDER = (Unit.uid,)
WITH_DETAILS = (UnitStatus.DRAFT, UnitStatus.ACTIVE, UnitStatus.SUSPENDED)


@dataclass(frozen=True)
class Filter:
    """Which of the units in scope; the same object serves a page, the API and an export."""

    status: UnitStatus | None = None
    building: UUID | None = None
    words: str = ""
    police_decided: bool | None = None
    neighbour_consent: str | None = None


def get_unit(actor: Actor, uid: UUID) -> Unit:
    """One unit in scope; 404 also for one that exists elsewhere."""
    return get_or_404(visible(actor, Unit), uid)


def list_units(actor: Actor, wanted: Filter = Filter()) -> Select:
    """The units in scope that fit; page them by ORDER. A unit merged into another is not listed."""
    query = visible(actor, Unit).where(Unit.merged_into_id.is_(None))
    if wanted.status:
        query = query.where(Unit.status == wanted.status)
    if wanted.building:
        path = select(Place.path).where(Place.uid == wanted.building)
        query = query.where(below(Unit.path, session.scalar(path) or "/0/"))
    if wanted.words:
        columns = [Unit.name] + ([Unit.nickname] if actor.party_ids else [])
        fits = [column.icontains(wanted.words, autoescape=True) for column in columns]
        # A code is read off a plate in groups.
        fits.append(Unit.code.icontains(wanted.words.replace(" ", ""), autoescape=True))
        query = query.where(or_(*fits))
    if wanted.police_decided is not None:
        decided = Unit.police_decided_at.is_not(None)
        query = query.where(decided if wanted.police_decided else ~decided)
    if wanted.neighbour_consent:
        query = query.where(Unit.neighbour_consent == wanted.neighbour_consent)
    return query


def list_status_counts(actor: Actor) -> dict[UnitStatus, int]:
    """How many units of each status are in scope."""
    live = within(actor, Unit), Unit.merged_into_id.is_(None)
    return dict(session.execute(select(Unit.status, func.count()).where(*live).group_by(Unit.status)).all())


def list_filing_counts(actor: Actor) -> dict[FilingStatus, int]:
    """How many filings in each state are in scope."""
    query = visible(actor, Filing).with_only_columns(Filing.status, func.count()).group_by(Filing.status)
    return dict(session.execute(query).all())


def list_examples(actor: Actor) -> list[Unit]:
    """The actor's latest units, for “same as my other flat”."""
    live = visible(actor, Unit).where(Unit.merged_into_id.is_(None), Unit.status.in_(WITH_DETAILS))
    return list(session.scalars(live.order_by(Unit.id.desc()).limit(10)))


# --- one unit -----------------------------------------------------------------------------------------------


def get_safety_contact(actor: Actor, unit: Unit) -> dict[str, str]:
    """The safety contact as this role may read it: clear for the landlord (recorded), masked for all others."""
    get_unit(actor, unit.uid)
    contact = said.contact_of(unit)
    name, phone = contact.values()
    if actor.role is Role.LANDLORD and any(contact.values()):
        record_access(actor, "safety_contact.read", unit, chain=unit.chain)
        return {"name": name, "phone": phone}
    return {"name": mask_name(name), "phone": mask_phone(phone)}


@dataclass(frozen=True)
class ShownFiling:
    """A filing with its steps, as the landlord and everyone in scope see it."""

    filing: Filing
    steps: list[ShownStep]


def list_shown_filings(actor: Actor, unit: Unit) -> list[ShownFiling]:
    """The filings of a unit with all their steps, the newest first."""
    query = visible(actor, Filing).where(Filing.unit_id == unit.id).order_by(Filing.id.desc())
    filings = list(session.scalars(query))
    steps: dict[int, list[ShownStep]] = {filing.id: [] for filing in filings}
    for step in steps_of(filings):
        steps[step.filing_id].append(step)
    return [ShownFiling(filing, steps[filing.id]) for filing in filings]


def rooms_of(unit: Unit) -> list[Unit]:
    """The rooms of a whole flat that are let apart."""
    query = select(Unit).where(Unit.parent_id == unit.id, Unit.merged_into_id.is_(None)).order_by(Unit.id)
    return list(session.scalars(query))


def merged_into(unit: Unit) -> list[Unit]:
    """The other listings of this flat that were merged into this unit, with their history."""
    return list(session.scalars(select(Unit).where(Unit.merged_into_id == unit.id).order_by(Unit.id)))


def survivor_of(unit: Unit) -> Unit | None:
    """The unit that goes on for one that was merged; a merged unit points at the last of its line."""
    return session.get(Unit, unit.merged_into_id)
