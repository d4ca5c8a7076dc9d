"""From a clean clone to a signed-in page, as the reader of README does it: git clone, make run, sign in."""

import http.cookiejar
import os
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path

from tests.support.forms import forms_on

ROOT = Path(__file__).parents[2]
ADDRESS = re.compile(r"http://127\.0\.0\.1:[0-9]+")
LONGEST = 600
LANDLORD = "房东"


def is_possible() -> bool:
    """Only a repository can be cloned; an unpacked archive cannot."""
    return (ROOT / ".git").exists()


def to_a_signed_in_page(folder: Path) -> dict[str, float]:
    """Seconds since the clone began, by what was reached then; packages come from the cache of pip."""
    begun, clone = time.monotonic(), folder / "clone"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE")
    env = {name: value for name, value in os.environ.items() if name in kept or name.startswith("PIP_")}
    env |= {"PORT": "0", "PYTHONUNBUFFERED": "1"}
    command = ["make", "run", f"PYTHON={sys.base_prefix}/bin/python3"]
    about = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
    process = subprocess.Popen(command, cwd=clone, env=env, **about)
    try:
        address, lines = _until_it_answers(process, begun + LONGEST)
        reached = {"address": time.monotonic() - begun}
        _sign_in(address, *_landlord(lines))
        return reached | {"page": time.monotonic() - begun}
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def _until_it_answers(process: subprocess.Popen, deadline: float) -> tuple[str, list[str]]:
    lines = []
    for row in process.stdout:
        lines.append(row.rstrip("\n"))
        if found := ADDRESS.search(row):
            return found[0], lines
        if time.monotonic() > deadline:
            break
    raise RuntimeError("the demo did not come up:\n" + "\n".join(lines[-40:]))


def _landlord(lines: list[str]) -> tuple[str, str]:
    """(name to sign in with, password) of the first landlord in the printed table."""
    rows = [re.split(r"\s{2,}", row.strip()) for row in lines]
    return next((row[2], row[3]) for row in rows if len(row) == 6 and row[0] == LANDLORD)


def _sign_in(address: str, name: str, password: str) -> None:
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with browser.open(f"{address}/sign-in") as page:
        form = next(one for one in forms_on(page.read().decode()) if "password" in one.names)
    answers = form.values | {"name": name, "password": password}
    target = urllib.parse.urljoin(f"{address}/sign-in", form.action)
    with browser.open(target, urllib.parse.urlencode(answers).encode()) as home:
        if name_of_page(home.read().decode()) == "sign-in" or home.status != 200:
            raise RuntimeError("signing in led to no page of one's own")


def name_of_page(html: str) -> str:
    """“sign-in” where the form for it is shown again, else “own”."""
    return "sign-in" if any("password" in one.names for one in forms_on(html)) else "own"
