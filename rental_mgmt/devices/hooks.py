"""Where locks' platforms call: POST /hooks/generic/<source uid>, signed."""

from flask import Blueprint, request

from .intake import take_events
from .vendors import generic

hooks = Blueprint("hooks", __name__, url_prefix="/hooks")


@hooks.post("/generic/<uuid:source_uid>")
def receive_events(source_uid):
    """收取门锁事件（签名见 README）"""
    signature = request.headers.get("X-Signature", "")
    taken = take_events(source_uid, signature, request.get_data(), generic.parse)
    return {"received": taken.received, "known": taken.known}, 202
