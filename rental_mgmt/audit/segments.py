"""A finished month of a chain is sealed: its end is signed, so that its rows can later retire whole."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from ..core import clock, keys
from ..core.db import session
from .models import AuditChain, AuditEntry, AuditSegment
from .service import microseconds
from .verify import segment_words


def seal_month(at: datetime) -> int:
    """Sign the end of every chain's month before the one of `at`; returns how many segments were sealed."""
    last_day = clock.local_day(at).replace(day=1) - timedelta(days=1)
    begins, ends = clock.month_bounds(last_day.year, last_day.month)
    month = f"{last_day:%Y-%m}"
    sealed = select(AuditSegment.chain_id).where(AuditSegment.month == month)
    span = (
        select(AuditEntry.chain_id, func.min(AuditEntry.number), func.max(AuditEntry.number))
        .where(AuditEntry.at_us >= microseconds(begins), AuditEntry.at_us < microseconds(ends))
        .where(AuditEntry.chain_id.not_in(sealed))
        .group_by(AuditEntry.chain_id)
    )
    spans = {chain: (first, last) for chain, first, last in session.execute(span)}
    chains = session.scalars(select(AuditChain).where(AuditChain.id.in_(spans))).all()
    ends_of = {(chain, last) for chain, (_first, last) in spans.items()}
    seals = {
        (row.chain_id, row.number): row.seal
        for row in session.execute(
            select(AuditEntry.chain_id, AuditEntry.number, AuditEntry.seal).where(
                AuditEntry.chain_id.in_(spans), AuditEntry.number.in_({last for _chain, last in ends_of})
            )
        )
    }
    for chain in chains:
        first, last = spans[chain.id]
        segment = AuditSegment(
            chain_id=chain.id, month=month, first_number=first, last_number=last, head=seals[chain.id, last]
        )
        segment.signature, segment.sealed_at = keys.sign(segment_words(chain, segment)), at
        session.add(segment)
    return len(chains)
