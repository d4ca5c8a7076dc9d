"""Is every chain whole? Finds the first bad row for any change, deletion, insertion, reorder; with a head from
outside also truncation and rollback."""

import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from ..core import keys, strict_json
from ..core.db import session
from ..core.errors import Refusal
from ..core.i18n import _
from .models import AuditChain, AuditEntry, AuditSegment
from .service import GENESIS, head_mac, seal_of

BATCH = 5_000
_ROW = select(
    AuditEntry.chain_id,
    AuditEntry.number,
    AuditEntry.at_us,
    AuditEntry.actor_id,
    AuditEntry.actor_role,
    AuditEntry.action,
    AuditEntry.subject,
    AuditEntry.details,
    AuditEntry.seal,
)


@dataclass(frozen=True)
class Fault:
    """Where a chain is broken: the first bad row, and what is wrong with it."""

    scope: str
    keep: str
    number: int | None
    words: str

    def __str__(self) -> str:
        where = "/".join(filter(None, (self.scope, self.keep)))
        return f"{where}: {self.words}" if self.number is None else f"{where} #{self.number}: {self.words}"


@dataclass(frozen=True)
class Verified:
    """The result of a verification."""

    entries: int
    chains: int
    faults: list[Fault]


def verify(outside_heads: Iterable[dict] = ()) -> Verified:
    """Read every chain once, in order, in constant memory; `outside_heads` are the lines of a head file."""
    chains = session.scalars(select(AuditChain).order_by(AuditChain.id)).all()
    anchored = _heads_by_chain(outside_heads)
    entries, faults = 0, []
    for chain in chains:
        walked, fault = _walk(chain, anchored.pop((chain.scope, chain.keep.value), {}))
        entries += walked
        faults += [fault] if fault else []
    faults += [Fault(scope, keep, None, _("整条链不见了")) for scope, keep in anchored]
    known = {chain.id for chain in chains}
    if strays := session.scalars(select(AuditEntry.chain_id).distinct()).all():
        faults += [Fault(str(n), "", None, _("记录不属于任何链")) for n in strays if n not in known]
    return Verified(entries, len(chains), faults)


def _walk(chain: AuditChain, anchored: dict[int, bytes]) -> tuple[int, Fault | None]:
    number, seal, fault = _beginning(chain)
    if fault:
        return 0, fault
    first = number
    for row in _rows(chain, number):
        number += 1
        if row[1] != number:
            return number - first, _fault(chain, number, _("此处缺少或多出一条记录"))
        seal = seal_of(seal, *row[:8])
        if seal != row[8]:
            return number - first, _fault(chain, number, _("此条记录被改动或调换"))
        if anchored and number in anchored and anchored.pop(number) != seal:
            return number - first, _fault(chain, number, _("与外部留存的链头不符"))
    if number != chain.length or seal != chain.head:
        return number - first, _fault(chain, number + 1, _("链尾被截断或链头被改动"))
    if not hmac.compare_digest(chain.head_mac, head_mac(chain.scope, chain.keep, chain.length, chain.head)):
        return number - first, _fault(chain, number, _("链头的密钥校验不符"))
    beyond = [n for n in anchored if n > number]
    return number - first, _fault(chain, min(beyond), _("链被回退：外部链头更长")) if beyond else None


def _rows(chain: AuditChain, after: int) -> Iterator:
    """The entries in order, by key, so that no database has to hold the whole chain open."""
    while True:
        query = _ROW.where(AuditEntry.chain_id == chain.id, AuditEntry.number > after)
        batch = session.execute(query.order_by(AuditEntry.number).limit(BATCH)).all()
        yield from batch
        if len(batch) < BATCH:
            return
        after = batch[-1].number


def _beginning(chain: AuditChain) -> tuple[int, bytes, Fault | None]:
    """Where to begin: at the first entry, or behind the last retired month, whose head is signed."""
    retired = session.scalars(
        select(AuditSegment)
        .where(AuditSegment.chain_id == chain.id, AuditSegment.retired_at.is_not(None))
        .order_by(AuditSegment.last_number.desc())
    ).first()
    if retired is None:
        return 0, GENESIS, None
    if not keys.is_signed(segment_words(chain, retired), retired.signature, keys.public_key_pem()):
        return 0, GENESIS, _fault(chain, retired.last_number, _("已退役月份的签名不符"))
    return retired.last_number, retired.head, None


def segment_words(chain: AuditChain, segment: AuditSegment) -> bytes:
    """What is signed when a month is sealed."""
    fields = (chain.scope, chain.keep, segment.month, segment.first_number, segment.last_number)
    return "".join(f"{field}\x1f" for field in fields).encode() + segment.head


def _fault(chain: AuditChain, number: int, words: str) -> Fault:
    return Fault(chain.scope, chain.keep.value, number, words)


def _heads_by_chain(lines: Iterable[dict]) -> dict[tuple[str, str], dict[int, bytes]]:
    heads: dict[tuple[str, str], dict[int, bytes]] = {}
    for line in lines:
        for name, (length, head) in line["chains"].items():
            scope, _slash, keep = name.rpartition("/")
            if length:
                heads.setdefault((scope, keep), {})[length] = bytes.fromhex(head)
    return heads


def read_heads(path: Path) -> list[dict]:
    """The lines of a head file, each checked against its signature; ValueError names the first bad line."""
    lines, public_key = [], keys.public_key_pem()
    for number, text in enumerate(path.read_bytes().splitlines(), 1):
        try:
            line = strict_json.loads(text)
            signature = bytes.fromhex(line.pop("signature"))
            is_ours = keys.is_signed(head_words(line), signature, public_key)
        except (Refusal, ValueError, TypeError, KeyError, AttributeError):
            raise ValueError(_("链头文件第 %(n)s 行不是本系统写出的链头", n=number)) from None
        if not is_ours:
            raise ValueError(_("链头文件第 %(n)s 行的签名不符", n=number))
        lines.append(line)
    return lines


def head_words(line: dict) -> bytes:
    return json.dumps(line, sort_keys=True, separators=(",", ":")).encode()
