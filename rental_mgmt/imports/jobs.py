"""Files that were uploaded are read in the background; what was read is stored only when somebody says so."""

from datetime import datetime, timedelta

from sqlalchemy import select

from ..core import clock
from ..core.db import session, unit_of_work
from ..core.jobs import job
from .checking import check_batch
from .models import BatchStatus, ImportBatch
from .service import forget_file

# A ledger that nobody stored is not kept.
FORGOTTEN_AFTER = timedelta(days=3)


@job("read_imports", seconds=5)
def read_imports(_scheduled_for: datetime) -> None:
    with unit_of_work(read_only=True):
        waiting = session.scalars(
            select(ImportBatch.id).where(ImportBatch.status == BatchStatus.READING).order_by(ImportBatch.id)
        ).all()
    for batch_id in waiting:
        check_batch(batch_id)


@job("forget_imports", at="04:20")
def forget_imports(_scheduled_for: datetime) -> None:
    with unit_of_work():
        old = select(ImportBatch).where(
            ImportBatch.file_id.is_not(None), ImportBatch.created_at < clock.now() - FORGOTTEN_AFTER
        )
        for batch in session.scalars(old):
            forget_file(batch)
            if batch.status is BatchStatus.CHECKED:
                batch.status = BatchStatus.REFUSED
