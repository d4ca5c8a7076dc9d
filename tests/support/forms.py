"""A person without JavaScript: reads the form on a page as it was sent and submits it with other answers."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

from flask.testing import FlaskClient


@dataclass
class PageForm:
    """One form as a browser would send it; `buttons` are the named ones, sent only when pressed."""

    action: str
    method: str
    values: dict[str, str | list[str]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def put(self, name: str, value: str) -> None:
        present = self.values.get(name)
        self.values[name] = (
            value if present is None else [*([present] if isinstance(present, str) else present), value]
        )


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms: list[PageForm] = []
        self._open: PageForm | None = None
        self._select = self._textarea = None

    def handle_starttag(self, tag, pairs):
        said = {name: value or "" for name, value in pairs}
        if tag == "form":
            self._open = PageForm(said.get("action", ""), said.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open is not None:
            self._read(tag, said)

    def _read(self, tag: str, said: dict[str, str]) -> None:
        name = said.get("name", "")
        if name:
            self._open.names.add(name)
        if tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in said:
            self._open.put(self._select, said.get("value", ""))
        elif tag == "textarea":
            self._textarea = name
            self._open.put(name, "")
        elif tag == "button" and name:
            self._open.buttons.append((name, said.get("value", "")))
        elif tag == "input" and name and _is_sent(said):
            self._open.put(name, said.get("value", "on" if said.get("type") == "checkbox" else ""))

    def handle_data(self, text):
        if self._textarea and self._open is not None:
            self._open.values[self._textarea] += text

    def handle_endtag(self, tag):
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._textarea = None


def _is_sent(said: dict[str, str]) -> bool:
    kind = said.get("type", "text")
    if kind in ("checkbox", "radio"):
        return "checked" in said
    return kind not in ("file", "submit", "button", "image", "reset") and "disabled" not in said


def forms_on(html: str) -> list[PageForm]:
    reader = _Reader()
    reader.feed(html)
    return reader.forms


def fill_in(client: FlaskClient, path: str, answers: dict, *, at: str | None = None, follow: bool = False):
    """Open a page, answer its form and send it; the answer of the server.

    `at` is a part of the form's action where a page has several. None as an answer leaves the field out. A name
    that the form does not have is a mistake of the test, unless it is a file's.
    """
    page = client.get(path)
    assert page.status_code == 200, f"{path} → {page.status_code}"
    form = _chosen(forms_on(page.text), path, at)
    unknown = set(answers) - form.names
    assert not unknown, f"the form at {path} has no {', '.join(sorted(unknown))}; it has {sorted(form.names)}"
    sent = {name: value for name, value in (form.values | answers).items() if value is not None}
    return client.post(urljoin(path, form.action) if form.action else path, data=sent, follow_redirects=follow)


def _chosen(forms: list[PageForm], path: str, at: str | None) -> PageForm:
    """The form whose action says `at`; else the one that posts to the page itself, else the last on it."""
    posting = [form for form in forms if form.method == "post"]
    if at is not None:
        posting = [form for form in posting if at in form.action]
    own = [form for form in posting if form.action in ("", path)]
    assert posting, f"no such form at {path}"
    return (own or posting)[-1]
