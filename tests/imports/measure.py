"""Reads files one after the other; prints for each what was said, the seconds of work, both processes' memory.

A process of its own: the test's has been larger before, and the largest size never goes down again.
"""

import json
import resource
import sys
from pathlib import Path

from rental_mgmt.imports.reader import UnreadableFile, read_file


def worked() -> float:
    """Processor seconds of this process and its children: a busy machine does not lengthen them."""
    spent = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in spent)


for path in map(Path, sys.argv[1:]):
    start, said = worked(), ""
    try:
        for _item in read_file(path):
            pass
    except UnreadableFile as refused:
        said = refused.message
    # What the kernel counts for a process begins with the size of the one that started it; this does not.
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) // 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    print(json.dumps([said, worked() - start, peak, child]), flush=True)  # noqa: T201 - its answer
