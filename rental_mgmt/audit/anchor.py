"""The heads go outside: to a file or an address that whoever owns the database cannot rewrite."""

import hashlib
import json
import os
from datetime import datetime, timedelta

import requests
from sqlalchemy import insert, select

from ..core import clock, keys
from ..core.db import session, unit_of_work
from ..core.errors import Unavailable
from ..core.i18n import _
from .models import AuditAnchor, AuditChain
from .verify import head_words

WARN_AFTER = timedelta(minutes=10)
REFUSE_AFTER = timedelta(hours=4)
PATIENCE_SECONDS = 5

_sinks: dict[str, str | None] = {"file": None, "url": None}


def configure(file: str | None, url: str | None) -> None:
    """Say where the heads go; called once at start."""
    _sinks.update(file=file, url=url)


def is_configured() -> bool:
    return any(_sinks.values())


def send_heads(at: datetime) -> dict | None:
    """Write the present heads, signed, to the configured sinks; what failed is written down with its reason.

    Cuts its own units of work: no writer waits while an address outside takes its time.
    """
    if not is_configured():
        return None
    with unit_of_work(read_only=True):
        chains = session.execute(
            select(AuditChain.scope, AuditChain.keep, AuditChain.length, AuditChain.head)
        ).all()
    heads = {f"{c.scope}/{c.keep.value}": [c.length, c.head.hex()] for c in chains}
    line = {"at": at.isoformat(), "chains": heads}
    text = json.dumps(line | {"signature": keys.sign(head_words(line)).hex()}, sort_keys=True)
    errors = [error for error in (_to_file(text), _to_url(text)) if error]
    row = {
        "at": at,
        "sink": "+".join(name for name, target in _sinks.items() if target),
        "chains": len(heads),
        "digest": hashlib.sha256(text.encode()).digest(),
        "error": "; ".join(errors) or None,
    }
    with unit_of_work():
        session.execute(insert(AuditAnchor), [row])
    return row


def _to_file(text: str) -> str | None:
    if not _sinks["file"]:
        return None
    try:
        with open(_sinks["file"], "a", encoding="utf-8") as heads:
            heads.write(text + "\n")
            heads.flush()
            os.fsync(heads.fileno())
    except OSError as problem:
        return type(problem).__name__
    return None


def _to_url(text: str) -> str | None:
    if not _sinks["url"]:
        return None
    try:
        headers = {"Content-Type": "application/json"}
        answer = requests.post(
            _sinks["url"], data=text.encode(), headers=headers, timeout=PATIENCE_SECONDS, allow_redirects=False
        )
        return None if answer.ok else f"HTTP {answer.status_code}"
    except requests.RequestException as problem:
        return type(problem).__name__


def lag() -> timedelta | None:
    """How long ago a head last reached the outside; None where no sink is configured, or none ever did."""
    if not is_configured():
        return None
    reached = select(AuditAnchor.at).where(AuditAnchor.error.is_(None))
    last = session.scalar(reached.order_by(AuditAnchor.at.desc()).limit(1))
    return clock.real_now() - last if last else None


def require_anchor() -> None:
    """Refuse exports, reveals, administration while no head has reached the outside for four hours."""
    behind = lag()
    if behind >= REFUSE_AFTER if behind is not None else has_failed():
        raise Unavailable(_("审计链头已超过 4 小时未送出，暂停导出与查看；请联系系统管理员"), retry_after=300)


def has_failed() -> bool:
    """Is a sink configured that was tried and never reached?"""
    return is_configured() and session.scalar(select(AuditAnchor.id).limit(1)) is not None
