"""Batches of imported rows: staged first, stored in one go, undone as one."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ..core.db import Model, Uid, Words
from ..core.i18n import lazy, say_again


class BatchStatus(StrEnum):
    READING = "reading"
    CHECKED = "checked"
    REFUSED = "refused"
    STORED = "stored"
    UNDONE = "undone"

    @property
    def label(self):
        return BATCH_LABELS[self]


BATCH_LABELS = {
    BatchStatus.READING: lazy("正在读取"),
    BatchStatus.CHECKED: lazy("试运行通过，可以导入"),
    BatchStatus.REFUSED: lazy("有错误，未导入"),
    BatchStatus.STORED: lazy("已导入"),
    BatchStatus.UNDONE: lazy("已撤销"),
}


class ImportBatch(Uid, Model):
    """One file for one compound. `live_hash` is its hash while stored: the same file twice changes nothing."""

    __tablename__ = "import_batch"
    __table_args__ = (UniqueConstraint("compound_id", "live_hash"), Index(None, "compound_id", "uid"))

    compound_id: Mapped[int] = mapped_column(ForeignKey("place.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    file_id: Mapped[int | None] = mapped_column(ForeignKey("stored_file.id"))
    sha256: Mapped[bytes]
    live_hash: Mapped[bytes | None]
    status: Mapped[BatchStatus] = mapped_column(Words(BatchStatus))
    progress: Mapped[int] = mapped_column(default=0)
    # {"units": n, "stays": n, "guests": n, "columns": {...}, "ignored": [...]}
    summary: Mapped[dict]
    created_at: Mapped[datetime]
    stored_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]

    @property
    def said_summary(self) -> dict:
        """The summary with its sentences in the reader's language."""
        said = dict(self.summary)
        if "notes" in said:
            said["notes"] = [say_again(note) for note in said["notes"]]
        if "sheets" in said:
            said["sheets"] = [
                sheet | {"understood": [[say_again(word) for word in column] for column in sheet["understood"]]}
                for sheet in said["sheets"]
            ]
        return said


class ImportRow(Model):
    """A row with something to say: its problems as [{"cell", "level", "said"}], never a value of the row."""

    __tablename__ = "import_row"
    __table_args__ = (UniqueConstraint("batch_id", "sheet", "number"),)

    batch_id: Mapped[int] = mapped_column(ForeignKey("import_batch.id"))
    sheet: Mapped[str]
    number: Mapped[int]
    is_error: Mapped[bool]
    problems: Mapped[list]

    @property
    def said_problems(self) -> list[dict]:
        """The problems in the reader's language: cell, level, words."""
        return [
            {"cell": one["cell"], "level": one["level"], "words": say_again(one["said"])}
            for one in self.problems
        ]
