"""The running demo: the web server in this process, the scheduler as a child beside it, both ended together."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from waitress.server import create_server

from ..core.disk import write_new
from ..core.errors import Refusal
from ..core.i18n import _

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"
THREADS = 6
STOPS_WITHIN = 10


def keep_secret(data_dir: str) -> str:
    """The installation's own SECRET_KEY, kept so that browsers stay signed in over a restart."""
    path = Path(data_dir) / "secret.key"
    write_new(path, secrets.token_hex(32).encode())
    return path.read_text().strip()


def refuse_taken_port(port: int) -> None:
    """Say it before the minute of preparing, not after."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            words = _("端口 %(port)s 已被占用，请关闭占用它的程序，或换一个：make run PORT=8001", port=port)
            raise Refusal(words) from None


def serve(app, port: int, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; `say` is told the address once it answers."""
    server = create_server(app, host=HOST, port=port, threads=THREADS, clear_untrusted_proxy_headers=True)
    scheduler = SchedulerBeside(app.config)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _stop)
    say(f"http://{HOST}:{server.effective_port}")
    try:
        server.run()
    finally:
        scheduler.stop()
        server.close()


def _stop(*_signal) -> None:
    raise SystemExit(0)


class SchedulerBeside:
    """The scheduler process; started again should it ever fall over."""

    def __init__(self, settings: Mapping):
        names = ("MODE", "DATA_DIR", "KEYS_DIR", "DATABASE_URL")
        self._env = os.environ | {name: str(settings[name]) for name in names}
        # Beside the sign-ins that a person has just been shown, its lines would only be in the way.
        self._log = Path(settings["DATA_DIR"]) / "scheduler.log"
        self._stopping = threading.Event()
        self._child: subprocess.Popen | None = None
        self._keeper = threading.Thread(target=self._keep_running, daemon=True)
        self._keeper.start()

    def _keep_running(self) -> None:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "scheduler"]
        while not self._stopping.is_set():
            with self._log.open("ab") as log:
                about = {"cwd": ROOT, "env": self._env, "stdin": subprocess.DEVNULL}
                self._child = subprocess.Popen(command, stdout=log, stderr=log, **about)
                self._child.wait()
            self._stopping.wait(2)

    def stop(self) -> None:
        self._stopping.set()
        if self._child is not None:
            self._child.terminate()
        self._keeper.join(STOPS_WITHIN)
        if self._keeper.is_alive():
            self._child.kill()
            self._keeper.join()
