"""The generic lock message: an array of at most 500 events, read strictly. Pure: no session, no clock.

[{"id": "…", "device": "SN-1", "action": "unlock", "at": "2026-06-10T22:05:00+08:00", "key_purpose": "guest",
  "key": "…", "stay": "…"}]; `key` and `stay` are optional, one event may come without its array.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from marshmallow import ValidationError

from ...core import fields, strict_json
from ...core.errors import Invalid
from ...core.i18n import _
from ..models import KeyPurpose, LockAction

MOST = 500


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a lock said; `key` is the vendor's number of the key, `stay` the stay it was issued for."""

    id: str
    device: str
    action: LockAction
    at: datetime
    key_purpose: KeyPurpose = KeyPurpose.UNKNOWN
    key: str | None = None
    stay: UUID | None = None


class EventIn(fields.Schema):
    """The shape of one event."""

    id = fields.Text("事件编号", max=100, min=1, required=True)
    device = fields.Text("设备序列号", max=100, min=1, required=True)
    action = fields.Choice(LockAction, "动作", required=True)
    at = fields.Moment("发生时间", required=True)
    key_purpose = fields.Choice(KeyPurpose, "钥匙用途", load_default=KeyPurpose.UNKNOWN)
    key = fields.Text("钥匙编号", max=100, load_default=None)
    stay = fields.UidField("入住编号", load_default=None)


_SCHEMA = EventIn(many=True)


def parse(body: bytes) -> list[Event]:
    """The events of a body. Raises 4xx naming the path of what is wrong, e.g. [3].at."""
    fields.values_are_typed.set(True)
    found = strict_json.loads(body)
    found = [found] if isinstance(found, dict) else found
    if not isinstance(found, list):
        raise Invalid(_("内容应为事件数组"))
    if not 1 <= len(found) <= MOST:
        raise Invalid(_("一次最多 500 个事件，至少 1 个"))
    events = list(map(_plain_event, found))
    if None not in events:
        return events
    try:
        return [Event(**values) for values in _SCHEMA.load(found)]
    except ValidationError as error:
        raise Invalid(errors=error.normalized_messages()) from None


# --- the usual event ----------------------------------------------------------------------------------------
# What the schema surely takes exactly as it stands is read without it: 6 µs instead of 60. Anything else,
# right or wrong, is the schema's to judge and to put in words.

_ACTIONS, _PURPOSES = ({word.value: word for word in kind} for kind in (LockAction, KeyPurpose))
_NAMES = frozenset(EventIn().fields)
_AT = re.compile(
    r"20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-][01][0-9]:[0-5][0-9])",
    re.ASCII,
)
_WORD = re.compile(r"[!-~]{1,100}", re.ASCII)
_UID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def _plain_event(said) -> Event | None:
    """The event, where nothing about it is unusual; None where the schema has to look."""
    if type(said) is not dict or not said.keys() <= _NAMES:
        return None
    try:
        key, stay = said.get("key"), said.get("stay")
        plain = _WORD.fullmatch(said["id"]) and _WORD.fullmatch(said["device"]) and _AT.fullmatch(said["at"])
        if not plain or not (key is None or _WORD.fullmatch(key)) or not (stay is None or _UID.fullmatch(stay)):
            return None
        purpose = _PURPOSES[said.get("key_purpose", "unknown")]
        at = datetime.fromisoformat(said["at"]).astimezone(UTC)
        return Event(
            said["id"], said["device"], _ACTIONS[said["action"]], at, purpose, key, stay and UUID(stay)
        )
    except (KeyError, TypeError, ValueError):
        return None
