"""A file as an HTTP answer: whole or from an offset on, HEAD without effect; shared by page and API."""

from uuid import UUID

from flask import Response, request

from ..core.http import actor
from . import download


def file_response(uid: UUID) -> Response:
    """The bytes asked for: 200, or 206 for one open range whose If-Range still fits."""
    head = download.get_head(actor(), uid)
    if request.method == "HEAD":
        return _with_headers(Response(), head, 0)
    start = _start() if request.if_range is None or request.if_range.etag in (None, head.sha256) else 0
    head, stream = download.open_stream(actor(), uid, start)
    return _with_headers(Response(stream, 206 if start else 200, direct_passthrough=True), head, start)


def _start() -> int:
    """Where the asked range begins; anything but one range up to the end means the whole file (RFC 9110)."""
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        return 0
    start, stop = asked.ranges[0]
    return start if stop is None and start > 0 else 0


def _with_headers(answer: Response, head: download.FileHead, start: int) -> Response:
    answer.content_type = head.content_type
    answer.content_length = head.size - start
    answer.headers["Accept-Ranges"] = "bytes"
    # A proxy that swallows the file at once would hide that the line to the person broke.
    answer.headers["X-Accel-Buffering"] = "no"
    answer.headers["Content-Disposition"] = f'attachment; filename="export-{head.name}"'
    answer.set_etag(head.sha256)
    if start:
        answer.headers["Content-Range"] = f"bytes {start}-{head.size - 1}/{head.size}"
    return answer
