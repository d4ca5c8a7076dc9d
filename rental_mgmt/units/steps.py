"""The steps of filings, written down for the landlord to see: who, when, why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from ..accounts.masking import mask_name
from ..accounts.models import User
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role
from ..core.db import session
from ..core.seal import Where, unseal_or_none
from ..core.touch import Kind, touch
from .models import Filing, FilingStatus, FilingStep

VERBS = {
    FilingStatus.SUBMITTED: "submit",
    FilingStatus.WITHDRAWN: "withdraw",
    FilingStatus.CHECKED: "check",
    FilingStatus.RETURNED: "return",
    FilingStatus.DECIDED: "decide",
}


def take_steps(
    filings: Sequence[Filing], status: FilingStatus, actor: Actor, reason: str | None = None
) -> None:
    """Move filings on together. Raises Conflict when one of them cannot go there."""
    for filing in filings:
        filing.move_to(status)
    write_steps(filings, status, actor, reason)
    session.flush()


def write_steps(
    filings: Sequence[Filing], status: FilingStatus, actor: Actor, reason: str | None = None
) -> None:
    """Write down a step that filings have taken, for the landlord, the rules and the audit."""
    shared = {"step": status, "at": clock.now(), "user_id": actor.user_id, "role": actor.role, "reason": reason}
    session.execute(insert(FilingStep), [{"filing_id": filing.id} | shared for filing in filings])
    for filing in filings:
        unit = filing.unit
        record(actor, f"filing.{VERBS[status]}", filing, chain=unit.chain, unit=unit.uid)
    touch(*((Kind.UNIT, filing.unit_id) for filing in filings))


@dataclass(frozen=True)
class ShownStep:
    """A step as a page shows it: the person's role and masked name."""

    filing_id: int
    step: FilingStatus
    at: datetime
    role: Role
    name: str
    reason: str | None


def steps_of(filings: Sequence[Filing]) -> list[ShownStep]:
    """All steps of some filings, the first one first."""
    query = (
        select(FilingStep, User)
        .outerjoin(User, User.id == FilingStep.user_id)
        .where(FilingStep.filing_id.in_([filing.id for filing in filings]))
        .order_by(FilingStep.id)
    )
    return [
        ShownStep(step.filing_id, step.step, step.at, step.role, _masked(user), step.reason)
        for step, user in session.execute(query)
    ]


def _masked(user: User | None) -> str:
    if user is None:
        return ""
    name = unseal_or_none(user.name_sealed, Where("user_account", "name_sealed", user.uid))
    return mask_name(name) if name else ""
