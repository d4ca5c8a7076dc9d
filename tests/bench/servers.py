"""Real servers to drive: gunicorn on a free loopback port, and what it costs in memory."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from . import Place

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Running:
    port: int
    process: int

    def workers(self) -> list[int]:
        """The process numbers of the workers."""
        children = Path(f"/proc/{self.process}/task/{self.process}/children").read_text()
        return [int(number) for number in children.split()]


@contextlib.contextmanager
def bare(place: Place) -> Iterator[Running]:
    """The floor's server, on the same database and with as many workers as the product gets."""
    with gunicorn("tests.bench.bare:create_app()", place.workers, {"DATABASE_URL": place.url}) as running:
        yield running


def settings(place: Place) -> dict[str, str]:
    """The product's environment at this place: demo mode, because no TLS stands in front."""
    return {
        "DATABASE_URL": place.url,
        "DATA_DIR": f"{place.folder}/data",
        "MODE": "demo",
        "SECRET_KEY": "b" * 32,
    }


def flask(place: Place, *words: str) -> str:
    """Run one of the product's commands, such as flask(place, "migrate"); what it printed."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    done = subprocess.run(
        command, env={**os.environ, **settings(place)}, cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"flask {' '.join(words)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


@contextlib.contextmanager
def product(place: Place, ready: str = "/healthz", **environment: str) -> Iterator[Running]:
    """The product's own server over a migrated database."""
    with gunicorn("wsgi:app", place.workers, {**settings(place), **environment}, ready) as running:
        yield running


@contextlib.contextmanager
def gunicorn(app: str, workers: int, environment: dict[str, str], ready: str = "/") -> Iterator[Running]:
    """Serve until the block ends; `ready` is asked until it answers without an error of the server."""
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--chdir",
        str(ROOT),
        "--no-control-socket",
        "-w",
        str(workers),
    ]
    command += ["-b", f"127.0.0.1:{port}", "--worker-tmp-dir", "/dev/shm", "--log-level", "warning", app]
    # A server starts from compiled files, wherever this is measured from.
    around = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryFile("w+") as said:
        server = subprocess.Popen(command, env={**around, **environment}, stdout=said, stderr=said, cwd=ROOT)
        try:
            _wait_until_ready(server, port, ready, said)
            yield Running(port, server.pid)
        finally:
            server.terminate()
            server.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_ready(server: subprocess.Popen, port: int, path: str, said, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            if connection.getresponse().status < 500:
                return
        time.sleep(0.05)
    said.seek(0)
    raise RuntimeError(f"the server did not become ready:\n{said.read()[-4000:]}")


def memory(process: int) -> float:
    """What one process holds for itself, in MB: its private pages and its share of the common ones."""
    for row in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
        if row.startswith("Pss:"):
            return int(row.split()[1]) / 1024
    raise RuntimeError("no Pss in smaps_rollup")
