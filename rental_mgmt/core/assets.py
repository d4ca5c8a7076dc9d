"""What a page loads besides itself: one style sheet and one script, without what only their readers need."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from rcssmin import cssmin
from rjsmin import jsmin

# In this order: what is later outweighs what is earlier.
SHEETS = ("tokens", "base", "forms", "components", "pictures")
ALL = "all.css"
SCRIPT = "app.js"


@cache
def content(folder: str, name: str) -> bytes | None:
    """The bytes of an asset that is made here, None for any other file."""
    if name == ALL:
        return cssmin("".join((Path(folder) / f"{sheet}.css").read_text() for sheet in SHEETS)).encode()
    if name == SCRIPT:
        return jsmin((Path(folder) / SCRIPT).read_text()).encode()
    return None


@cache
def version(folder: str, name: str) -> str:
    """Eight digits of what a static file holds: another content is another address. "" where there is none."""
    try:
        return sha256(content(folder, name) or (Path(folder) / name).read_bytes()).hexdigest()[:8]
    except OSError:
        return ""
