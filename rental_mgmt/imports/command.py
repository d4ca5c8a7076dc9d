"""The `import` command: the dry run of a file, and with --store the import itself."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from ..core.access import SYSTEM, Actor
from ..core.db import session, unit_of_work
from ..core.errors import NotFound
from ..core.i18n import _, say_again
from ..places.models import Place, PlaceKind
from .checking import check_batch
from .models import ImportBatch
from .service import upload
from .storing import store_batch

MOST_SHOWN = 50


@dataclass(frozen=True)
class Outcome:
    """How it went, in lines for a terminal."""

    is_good: bool
    lines: list[str]


def import_file(file: Path | bytes, compound_code: str, store: bool, name: str = "") -> Outcome:
    """Read a ledger for the compound with this code, and store it if asked and free of errors."""
    with unit_of_work():
        compound = session.scalar(
            select(Place).where(Place.kind == PlaceKind.COMPOUND, Place.code == compound_code)
        )
        if compound is None:
            raise NotFound(_("没有编码为 %(code)s 的小区", code=compound_code))
        source = file if isinstance(file, bytes) else file.read_bytes()
        batch = upload(SYSTEM, compound.uid, source, name or getattr(file, "name", ""))
        session.flush()
        batch_id = batch.id
    checked = check_batch(batch_id)
    lines = [_said(row, problem) for row in checked.rows[:MOST_SHOWN] for problem in row["problems"]]
    counts = {name: checked.summary[name] for name in ("units", "stays", "guests", "errors", "warnings")}
    lines += [*checked.notes, _("房源 %(units)s 套，入住 %(stays)s 次，住客 %(guests)s 人", **counts)]
    lines.append(_("错误 %(errors)s 行，提醒 %(warnings)s 行", **counts))
    if checked.is_good and store:
        lines.append(_store(SYSTEM, batch_id))
    return Outcome(checked.is_good, lines)


def _store(actor: Actor, batch_id: int) -> str:
    with unit_of_work():
        stored = store_batch(actor, session.get(ImportBatch, batch_id))
    return _(
        "已导入：房源 %(units)s 套，入住 %(stays)s 次，住客 %(guests)s 人；已有 %(known)s 人未重复",
        **vars(stored),
    )


def _said(row: dict, problem: dict) -> str:
    level = _("错误") if problem["level"] == "error" else _("提醒")
    return f"{level} {row['sheet']} {problem['cell']}  {say_again(problem['said'])}"
