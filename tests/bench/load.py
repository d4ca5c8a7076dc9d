"""A load generator: a few processes, each one client that asks again as soon as it was answered."""

import http.client
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

Request = tuple[str, str, dict[str, str], bytes | None]
# Given a client's number, every request it will make: (method, path, headers, body).
Script = Callable[[int], Iterator[Request]]

# fork: a script is a closure over what its line prepared.
_processes = multiprocessing.get_context("fork")


class NotServed(Exception):
    """An answer that is not a success: the figure would be of errors."""


@dataclass
class Load:
    """What the clients saw together. Latencies in seconds, sorted."""

    seconds: float
    latencies: list[float] = field(default_factory=list)
    answers: Counter = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, part: float) -> float:
        """E.g. percentile(0.95), in milliseconds."""
        return 1000 * self.latencies[min(len(self.latencies) - 1, int(part * len(self.latencies)))]


def drive(port: int, script: Script, *, clients: int = 4, seconds: float = 3, warm_up: float = 1) -> Load:
    """Let the clients ask for so many seconds after warming up; raises NotServed on any answer but 2xx."""
    inbox = _processes.SimpleQueue()
    begin = time.monotonic() + 0.3
    window = (begin, begin + warm_up, begin + warm_up + seconds)
    asking = [
        _processes.Process(target=_client, args=(port, script, number, window, inbox), daemon=True)
        for number in range(clients)
    ]
    for process in asking:
        process.start()
    load = Load(seconds)
    for _ in asking:
        latencies, answers, failure = inbox.get()
        if failure:
            raise NotServed(failure)
        load.latencies += latencies
        load.answers += answers
    for process in asking:
        process.join()
    load.latencies.sort()
    return load


def _client(port: int, script: Script, number: int, window: tuple[float, float, float], inbox) -> None:
    begin, count_from, end = window
    latencies, answers, failure = [], Counter(), ""
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        requests = script(number)
        time.sleep(max(0, begin - time.monotonic()))
        while (asked := time.monotonic()) < end:
            status = _ask(connection, next(requests))
            answered = time.monotonic()
            if count_from <= asked and answered <= end:
                latencies.append(answered - asked)
                answers[status] += 1
    except Exception as error:
        failure = f"client {number}: {type(error).__name__}: {error}"
    inbox.put((latencies, answers, failure))


def _ask(connection: http.client.HTTPConnection, request: Request) -> int:
    method, path, headers, body = request
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    if not 200 <= answer.status < 300:
        raise NotServed(f"{method} {path} → {answer.status}: {text[:500].decode(errors='replace')}")
    return answer.status


def always(method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Script:
    """The same request again and again."""

    def script(_client: int) -> Iterator[Request]:
        while True:
            yield method, path, headers or {}, body

    return script


def each(make: Callable[[int, int], Request]) -> Script:
    """A request of its own each time, made from the client's number and a running number."""

    def script(client: int) -> Iterator[Request]:
        for n in count():
            yield make(client, n)

    return script
