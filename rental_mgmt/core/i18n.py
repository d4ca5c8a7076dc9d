"""Words for people: Chinese is the source text, English a catalogue; in pages, services and jobs alike."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

LOCALES = ("zh", "en")
CATALOGUES = Path(__file__).parent.parent / "locale"

_locale: ContextVar[str] = ContextVar("locale", default="zh")
_remembers: ContextVar[bool] = ContextVar("remembers", default=False)


def locale() -> str:
    return _locale.get()


def set_locale(code: str) -> None:
    """Choose the language for the rest of this request or job."""
    _locale.set(code if code in LOCALES else "zh")


@contextmanager
def use_locale(code: str) -> Iterator[None]:
    token = _locale.set(code if code in LOCALES else "zh")
    try:
        yield
    finally:
        _locale.reset(token)


@cache
def _catalogue(code: str) -> NullTranslations:
    """A language's words, read from its .po file: what translators edit is what is shown."""
    path = CATALOGUES / code / "LC_MESSAGES" / "messages.po"
    if code == "zh" or not path.exists():
        return NullTranslations()
    compiled = io.BytesIO()
    with path.open("rb") as words:
        write_mo(compiled, read_po(words, locale=code))
    compiled.seek(0)
    return Translations(compiled)


def _(message: str, **values) -> str:
    """The message in the present language, with %(name)s places filled."""
    words = _catalogue(_locale.get()).gettext(message) if message else ""
    filled = words % values if values else words
    return Said(filled, message, values) if _remembers.get() else filled


class Lazy:
    """A message said when it is shown, for words that stand on classes and in enums."""

    def __init__(self, message: str):
        self.message = message

    def __str__(self) -> str:
        return _(self.message)

    def __html__(self) -> str:
        from markupsafe import escape

        return escape(str(self))

    def __repr__(self) -> str:
        return f"lazy({self.message!r})"

    def __eq__(self, other) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash(self.message)


def lazy(message: str) -> Lazy:
    return Lazy(message)


# --- kept sentences -----------------------------------------------------------------------------------------


class Said(str):
    """A sentence that remembers which message it is and what filled it, so that it can be said again."""

    message: str
    values: dict

    def __new__(cls, words: str, message: str, values: dict):
        said = super().__new__(cls, words)
        said.message = message
        said.values = {k: v if isinstance(v, int | float) else str(v) for k, v in values.items()}
        return said

    def __str__(self) -> str:
        return self


@contextmanager
def remembering() -> Iterator[None]:
    """Inside, every sentence is a Said: for work whose words are stored and read later in either language."""
    token = _remembers.set(True)
    try:
        yield
    finally:
        _remembers.reset(token)


def to_keep(words):
    """What is stored of a sentence: its message and values. A text that is no message of ours stays itself."""
    if not isinstance(words, Said):
        return words
    return {"say": words.message, "with": {name: to_keep(value) for name, value in words.values.items()}}


def say_again(kept) -> str:
    """A kept sentence in the present language."""
    if not isinstance(kept, dict):
        return kept
    message = kept["say"]
    return _(message, **{name: say_again(value) for name, value in kept["with"].items()})
