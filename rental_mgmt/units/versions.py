"""Two people at one thing: the row is held, and whoever saw an older state is told so."""

from ..core.db import session
from ..core.errors import Conflict
from ..core.i18n import _
from .models import Filing, Unit


def hold(row: Unit | Filing, version: int) -> None:
    """Lock the row until this transaction ends. Raises Conflict when it is not as the person saw it."""
    session.refresh(row, with_for_update={"key_share": True})
    if row.version != version:
        raise Conflict(_("内容刚被他人修改过，请刷新后查看最新情况再操作"))
