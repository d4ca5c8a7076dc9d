"""The product as real processes, so that a test may kill, pause and restart them as a power cut would."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PASSED_ON = ("DATABASE_URL", "DATA_DIR", "KEYS_DIR", "MASTER_KEY", "SECRET_KEY")


class NotReady(Exception):
    """The server did not answer in time; what it printed."""


def environment(settings: dict) -> dict[str, str]:
    """The environment of a process that works with the same database and keys as the test, as in production."""
    own = {name: settings[name] for name in PASSED_ON}
    return {**os.environ, **own, "MODE": "production", "PLAIN_HTTP": "1"}


@dataclass
class Server:
    """The product behind gunicorn on one loopback port, through as many lives as the test wants."""

    settings: dict
    folder: Path
    workers: int = 1
    threads: int = 1
    lives: int = 0
    process: subprocess.Popen | None = field(default=None, repr=False)

    def __post_init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.said = self.folder / "server.log"

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, before: tuple[str, ...] = ()) -> None:
        """Begin a life; `before` are words in front of the command, such as strace's."""
        self.lives += 1
        command = [*before, sys.executable, "-m", "gunicorn", "wsgi:app", "--chdir", str(ROOT)]
        command += ["-w", str(self.workers), "--threads", str(self.threads), "-b", f"127.0.0.1:{self.port}"]
        command += [
            "--no-control-socket",
            "--worker-tmp-dir",
            "/dev/shm",
            "--log-level",
            "critical",
            "--preload",
        ]
        with self.said.open("a") as said:
            self.process = subprocess.Popen(
                command,
                env=environment(self.settings),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                # Its own group: killed whole, and not by the Ctrl-C of whoever runs the tests.
                start_new_session=True,
            )

    def wait_until_ready(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.asks("/healthz", timeout=2) == 200:
                return
            time.sleep(0.02)
        raise NotReady(self.said.read_text()[-4000:])

    def asks(self, path: str, timeout: float = 5) -> int | None:
        """The status of a GET; None when nobody answers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def kill_workers(self) -> None:
        """What a machine without memory does: the master lives and makes new ones."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for worker in children.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(worker), signal.SIGKILL)

    def kill(self) -> None:
        """What a power cut does to the process and all its children."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an administrator ends it."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, how)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(20)
        self.process = None


@contextlib.contextmanager
def served(settings: dict, folder: Path, **options) -> Iterator[Server]:
    """A server that answers; whatever the test did with it, nothing of it is left at the end."""
    server = Server(settings, folder, **options)
    try:
        server.start()
        server.wait_until_ready()
        yield server
    finally:
        server.kill()
