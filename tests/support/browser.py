"""A real browser against a real port: Chromium by Playwright, the product served by waitress in a thread."""

import os
import shutil
import threading
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright
from waitress import wasyncore
from waitress.server import create_server

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# No sandbox: root has none, and the pages are our own. The rest keeps the browser from calling home.
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
MISSING = (
    "No browser: pages were NOT tested. Install Chromium (Debian: apt install chromium fonts-noto-cjk) "
    "or set CHROMIUM to one."
)
PHONE, TABLET, DESK = (360, 780), (768, 1024), (1440, 900)


def find_chromium() -> str | None:
    """The browser's path: the setting CHROMIUM, else what the system has."""
    named = os.environ.get("CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, NAMES)), None)


@contextmanager
def launched(path: str):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def served(app, threads: int = 4):
    """The app on a free loopback port; yields its address."""
    server = create_server(app, host="127.0.0.1", port=0, threads=threads, clear_untrusted_proxy_headers=True)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        # In the server's own thread: closing sockets under a running loop is an error.
        server.trigger.pull_trigger(lambda: wasyncore.close_all(server._map))
        thread.join(10)
        server.task_dispatcher.shutdown()


@contextmanager
def opened(browser: Browser, address: str, size: tuple[int, int] = PHONE, **options):
    """A fresh page, as a person in Shanghai would have it; it must meet no script error or refused content."""
    width, height = size
    context = browser.new_context(
        base_url=address,
        locale=options.pop("locale", "zh-CN"),
        timezone_id="Asia/Shanghai",
        viewport={"width": width, "height": height},
        **options,
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.faults = _faults_of(page, address)
    try:
        yield page
        assert not page.faults, page.faults
    finally:
        context.close()


def _faults_of(page: Page, address: str) -> list[str]:
    """Filled while the page is used: uncaught errors, what the security policy refused, calls to elsewhere."""
    faults = []
    page.on("pageerror", lambda error: faults.append(f"uncaught: {error}"))
    page.on("console", lambda said: "Content Security Policy" in said.text and faults.append(said.text))
    page.on("request", lambda asked: _is_elsewhere(asked.url, address) and faults.append(f"asked {asked.url}"))
    return faults


def _is_elsewhere(url: str, address: str) -> bool:
    return not url.startswith((address, "data:", "blob:", "about:"))


def accessibility_faults(page: Page) -> list[str]:
    """What axe finds wrong on the page as it stands, one line each."""
    found = Axe().run(page).response["violations"]
    return [
        f"{v['id']} ({v['impact']}): {n['target']} {n['failureSummary']}" for v in found for n in v["nodes"]
    ]


def is_wider_than_screen(page: Page) -> bool:
    """Must a person scroll sideways?"""
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def screenshot(page: Page, path: Path) -> None:
    page.screenshot(path=path, full_page=True)
