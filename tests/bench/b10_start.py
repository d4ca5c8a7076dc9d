"""B10: from a clean clone to a signed-in page; how soon a process is there; what a worker holds in memory."""

import time
from collections.abc import Iterator
from pathlib import Path

from . import POSTGRESQL, Measure, Place, Scale, clean_clone, line, load, servers

PAGE = "/sign-in"


@line("B10", "clean clone, process start, memory per worker", (POSTGRESQL,))
def start(scale: Scale, place: Place) -> Iterator[Measure]:
    if clean_clone.is_possible():
        reached = clean_clone.to_a_signed_in_page(Path(place.folder))
        note = f"ready after {reached['address']:.0f} s"
        yield Measure("clean clone to a signed-in page", reached["page"], "s", at_most=60, note=note)
    servers.flask(place, "migrate")
    # Started once before, as any server but the very first is: its files are compiled.
    with servers.product(place, ready=PAGE):
        pass
    begun = time.monotonic()
    with servers.product(place, ready=PAGE) as running:
        yield Measure("process start to first page", time.monotonic() - begun, "s", at_most=2)
        load.drive(running.port, load.always("GET", PAGE), clients=4, seconds=scale.seconds)
        largest = max(servers.memory(worker) for worker in running.workers())
        yield Measure("memory per worker after load", largest, "MB", at_most=130)
