"""Run as `python -I -S sandbox` with a file on standard input: one JSON line out for each row.

Lines are `{"sheet": name, "date1904": flag}`, then `[row number, [cell, …]]` for its rows, `{"note": …}` where
something was left out, and last either `{"end": true}` or `{"refused": code, …}`. A cell is null, a text, or
[kind, text] with kind n (number), d (number shown as a date), f (formula) or e (error value).
Only the standard library is imported: whatever a hostile file does, it does it in a small process of its own.
"""

import json
import os
import sys

import csv_rows
import xlsx_rows
from limits import CPU_SECONDS, FILE_BYTES, MEMORY_BYTES, Refused

try:
    import resource
except ImportError:  # Windows has no such limits; the reader's own limits and its time limit remain.
    resource = None

_OTHER = (
    (b"%PDF", "pdf"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
    (b"Rar!", "archive"),
    (b"7z\xbc\xaf", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"{\\rtf", "document"),
)


def main() -> None:
    _limit()
    out = sys.stdout.buffer
    try:
        for item in _read(sys.stdin.buffer):
            out.write(_line(item))
        out.write(_line({"end": True}))
    except Refused as refused:
        out.write(_line({"refused": refused.code, **refused.values}))
    except MemoryError:
        out.write(b'{"refused": "memory"}\n')
    out.flush()


def _limit() -> None:
    if resource is None:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS + 1))
    # A core file would be a copy of people's papers on the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _read(stream):
    size = os.fstat(stream.fileno()).st_size
    if size > FILE_BYTES:
        raise Refused("file", limit=FILE_BYTES >> 20)
    start = stream.read(4096)
    stream.seek(0)
    if not start.strip():
        raise Refused("empty")
    if start.startswith(b"PK\x03\x04"):
        return xlsx_rows.read_xlsx(stream)
    _refuse_other(start, stream)
    return csv_rows.read_csv(stream)


def _refuse_other(start: bytes, stream) -> None:
    for magic, code in _OTHER:
        if start.startswith(magic):
            raise Refused(code)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        # Excel keeps an encrypted workbook inside the old container, under this name.
        raise Refused("encrypted" if "EncryptedPackage".encode("utf-16-le") in stream.read() else "xls")
    if (
        start.lstrip(b"\xef\xbb\xbf \t\r\n")
        .lower()
        .startswith((b"<html", b"<!doctype", b"<?xml", b"<table", b"<meta"))
    ):
        raise Refused("html")


def _line(item) -> bytes:
    # A lone surrogate cannot come from valid XML or a strict decoder; "replace" keeps the pipe alive.
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


if __name__ == "__main__":
    main()
