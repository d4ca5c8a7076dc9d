"""Secrets we hand out: tokens for cookies and keys, codes people type, and signed tickets between two steps."""

import base64
import hashlib
import hmac
import json
import secrets
from datetime import timedelta

from ..core import clock, keys

# Crockford's letters: nothing that a tired person reads as something else (I, L, O, U).
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
READ_AS = str.maketrans("ILO", "110")
GROUPS, GROUP = 5, 4


def new_token() -> str:
    """256 random bits for a cookie or an API key."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What the database keeps of a token: it is random enough that a plain hash tells nothing."""
    return hashlib.sha256(token.encode()).digest()


def new_code() -> str:
    """100 random bits in groups that can be printed, read out and typed: 7K3M-Q9XT-4RWD-PX2Y-0HJN."""
    drawn = "".join(secrets.choice(LETTERS) for _ in range(GROUPS * GROUP))
    return "-".join(drawn[n : n + GROUP] for n in range(0, len(drawn), GROUP))


def code_hash(typed: str) -> bytes:
    """What the database keeps of a code, however it was typed: small letters, no dashes, O for 0."""
    plain = "".join(typed.upper().translate(READ_AS).replace("-", "").split())
    return hmac.new(keys.derive("one-time-code"), plain.encode(), "sha256").digest()


def name_hash(kind: str, value: str) -> bytes:
    """16 bytes that stand for a sign-in name or an address where the value itself is not kept."""
    return hmac.new(keys.derive(f"attempt-{kind}"), value.encode(), "sha256").digest()[:16]


# --- tickets ------------------------------------------------------------------------------------------------


def ticket(purpose: str, lasts: timedelta, **values) -> str:
    """A signed note to ourselves that travels in a cookie between two steps of one person's browser."""
    until = int((clock.real_now() + lasts).timestamp())
    text = base64.urlsafe_b64encode(json.dumps(values | {"until": until}).encode()).decode()
    return f"{text}.{_signature(purpose, text)}"


def open_ticket(purpose: str, given: str | None) -> dict | None:
    """What a ticket says, or None when it is forged, out of date or for something else."""
    text, _dot, signature = (given or "").partition(".")
    if not hmac.compare_digest(signature.encode(), _signature(purpose, text).encode()):
        return None
    values = json.loads(base64.urlsafe_b64decode(text))
    return values if values.pop("until") > clock.real_now().timestamp() else None


def _signature(purpose: str, text: str) -> str:
    return hmac.new(keys.derive(f"ticket-{purpose}"), text.encode(), "sha256").hexdigest()
