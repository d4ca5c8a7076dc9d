"""Reads files one after the other; prints for each what was said, the seconds, both processes' memory.

A process of its own: the test's has been larger before, and the largest size never goes down again.
"""

import json
import resource
import sys
import time
from pathlib import Path

from rental_mgmt.imports.reader import UnreadableFile, read_file

for path in map(Path, sys.argv[1:]):
    start, said = time.monotonic(), ""
    try:
        for _item in read_file(path):
            pass
    except UnreadableFile as refused:
        said = refused.message
    # What the kernel counts for a process begins with the size of the one that started it; this does not.
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(json.dumps([said, time.monotonic() - start, peak, child]), flush=True)  # noqa: T201 - its answer
