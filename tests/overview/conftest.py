"""A building with a flat and everybody around it, and how somebody's page reads from top to bottom."""

import re
from html import unescape

import pytest


@pytest.fixture
def block(world):
    """One building with a flat, and one person of each role who reaches it."""
    return world.block()


@pytest.fixture
def read(client, world):
    """read(somebody, "/"): the words of the page's own part, as somebody sees them."""

    def read(somebody, path: str = "/", expect: int = 200) -> str:
        answer = world.sign_in(client, somebody).get(path)
        assert answer.status_code == expect, f"{path} → {answer.status_code}"
        return words_of(answer.text)

    return read


def words_of(html: str) -> str:
    main = re.search(r"<main.*?</main>", html, re.DOTALL)
    words = re.sub(r"<svg.*?</svg>|<[^>]+>", " ", main[0] if main else html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", unescape(words)).strip()


def in_order(text: str, *words: str) -> bool:
    """Do these words stand one after the other?"""
    return re.search(".*?".join(map(re.escape, words)), text, re.DOTALL) is not None
