"""Every Chinese sentence has its English, with the same places to fill; nothing else is in the catalogue."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from rental_mgmt.core.i18n import CATALOGUES, _, use_locale

ROOT = Path(__file__).parent.parent
PLACES = re.compile(r"%\((\w+)\)s")


@pytest.fixture(scope="module")
def english():
    with (CATALOGUES / "en" / "LC_MESSAGES" / "messages.po").open("rb") as words:
        return {message.id: message.string for message in read_po(words) if message.id}


@pytest.fixture(scope="module")
def said():
    """Every message in the code and the pages."""
    with (ROOT / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)
    found = extract_from_dir(ROOT, methods, options, keywords={"_": None, "lazy": None, "gettext": None})
    return {
        message for _file, _line, message, _comments, _context in found if isinstance(message, str) and message
    }


def test_every_sentence_has_its_english(english, said):
    assert sorted(message for message in said if not english.get(message)) == []


def test_nothing_is_translated_that_nobody_says(english, said):
    assert sorted(set(english) - said) == []


def test_both_languages_fill_the_same_places(english):
    differing = {
        chinese: words
        for chinese, words in english.items()
        if set(PLACES.findall(chinese)) != set(PLACES.findall(words))
    }
    assert differing == {}


def test_the_english_is_shown():
    with use_locale("en"):
        assert _("请先登录") != "请先登录"
    with use_locale("zh"):
        assert _("请先登录") == "请先登录"
