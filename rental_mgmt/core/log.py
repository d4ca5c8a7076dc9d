"""Logs are JSON lines on standard output: one event, one line, no personal data, no link secrets."""

import json
import logging
import re
import sys
from datetime import UTC, datetime

# The attributes every record has; whatever else a caller gave with `extra` is shown.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
# Long digit runs and tokens cannot be told from identity numbers, phones and secrets, so none is shown.
_DIGITS = re.compile(r"[0-9]{7,}[0-9Xx]?")
_TOKENS = re.compile(r"[A-Za-z0-9_\-]{20,}")


class JsonLine(logging.Formatter):
    """One record as one JSON line, redacted; an exception is told by type and place, never by its values."""

    def format(self, record: logging.LogRecord) -> str:
        said = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        said |= {k: _plain(k, v) for k, v in vars(record).items() if k not in _OWN}
        if record.exc_info and record.exc_info[0]:
            said["exception"] = record.exc_info[0].__name__
            said["where"] = _trail(record.exc_info[2])
        return json.dumps(said, ensure_ascii=False, default=str)


def _plain(name: str, value):
    return redact(value) if isinstance(value, str) and name != "request_id" else value


def redact(text: str) -> str:
    """The text without anything that could be an identity number, a phone number or a secret."""
    return _TOKENS.sub("…", _DIGITS.sub("…", text))


def _trail(traceback) -> list[str]:
    """Files and lines only: the values in a traceback may name a person."""
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('rental_mgmt/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places[-12:]


def log_as_json() -> None:
    """Send every log line to standard output as JSON."""
    root = logging.getLogger()
    if any(isinstance(handler.formatter, JsonLine) for handler in root.handlers):
        return
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLine())
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    # What our own lines say already: a migration ran, a job was due.
    for chatty in ("alembic", "apscheduler"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
