"""The auditor's desk: the chains, who saw what, who looked unusually much."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from ..accounts.models import User
from ..audit.anchor import is_configured, lag
from ..audit.models import AuditAnchor, AuditChain, AuditEntry, Keep
from ..audit.service import microseconds, record_access
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.paging import Page, page_of

# More guests seen in clear on one day than this is unusual (G07, domain.md 5.1).
UNUSUAL_PER_DAY = 50
CLEAR = ("guest.reveal", "guest.see_clear", "guest.list_clear", "guest.look_up", "export.download")


@dataclass(frozen=True)
class Line:
    """One entry as a page shows it: who as role and account number, never a name."""

    number: int
    at: datetime
    scope: str
    keep: str
    role: str
    account: str
    action: str
    subject: str
    details: str


@allow(Role.AUDITOR)
def chains(actor: Actor) -> dict:
    """Every chain with its length, and how it stands with the heads outside."""
    found = session.scalars(select(AuditChain).order_by(AuditChain.scope, AuditChain.keep)).all()
    last = session.scalars(select(AuditAnchor).order_by(AuditAnchor.id.desc()).limit(1)).first()
    return {"chains": found, "anchored": is_configured(), "lag": lag(), "last": last}


@allow(Role.AUDITOR)
def entries(actor: Actor, subject: str | None, action: str | None, cursor: str | None, size: int) -> Page:
    """The entries about a subject ("guest:<uid>") or of an action, newest first; reading them is an access."""
    query = (
        select(
            AuditEntry.number,
            AuditEntry.at_us,
            AuditChain.scope,
            AuditChain.keep,
            AuditEntry.actor_role,
            User.uid.label("account"),
            AuditEntry.action,
            AuditEntry.subject,
            AuditEntry.details,
        )
        .join(AuditChain, AuditChain.id == AuditEntry.chain_id)
        .outerjoin(User, User.id == AuditEntry.actor_id)
    )
    if subject:
        query = query.where(AuditEntry.subject == subject)
    if action:
        query = query.where(AuditEntry.action == action)
    newest = (AuditEntry.at_us.desc(), AuditEntry.number.desc(), AuditChain.scope, AuditChain.keep)
    page = page_of(query, newest, cursor, size, scalars=False)
    record_access(actor, "audit.read", subject or "audit", chain="system", rows=len(page.items))
    return Page([_line(row) for row in page.items], page.next_cursor)


def _line(row) -> Line:
    at = datetime.fromtimestamp(row.at_us / 1_000_000, UTC)
    account = str(row.account)[-8:] if row.account else "—"
    role = str(Role(row.actor_role).label) if row.actor_role in set(Role) else row.actor_role
    return Line(
        *(row.number, at, row.scope, row.keep.value, role, account),
        *(row.action, row.subject, row.details),
    )


@allow(Role.AUDITOR)
def unusual(actor: Actor) -> list:
    """Accounts that saw unusually much in clear during the last day, most first."""
    since = microseconds(clock.now() - timedelta(days=1))
    query = (
        select(User.uid, AuditEntry.actor_role, func.count().label("looks"))
        .join(User, User.id == AuditEntry.actor_id)
        .join(AuditChain, AuditChain.id == AuditEntry.chain_id)
        .where(AuditEntry.at_us >= since, AuditEntry.action.in_(CLEAR), AuditChain.keep == Keep.ACCESS)
        .group_by(User.uid, AuditEntry.actor_role)
        .having(func.count() > UNUSUAL_PER_DAY)
        .order_by(func.count().desc())
    )
    return session.execute(query).all()
