"""B10: how long a process takes to be there, and what a worker holds in memory."""

import time
from collections.abc import Iterator

from . import POSTGRESQL, Measure, Place, Scale, line, load, servers

PAGE = "/sign-in"


@line("B10", "process start, memory per worker", (POSTGRESQL,))
def start(scale: Scale, place: Place) -> Iterator[Measure]:
    servers.flask(place, "migrate")
    begun = time.monotonic()
    with servers.product(place, ready=PAGE) as running:
        yield Measure("process start to first page", time.monotonic() - begun, "s", at_most=2)
        load.drive(running.port, load.always("GET", PAGE), clients=4, seconds=scale.seconds)
        largest = max(servers.memory(worker) for worker in running.workers())
        yield Measure("memory per worker after load", largest, "MB", at_most=130)
