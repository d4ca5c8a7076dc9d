"""README tells the truth: settings, commands, the sample seed, the made-up guest of the tour, files."""

import re
from pathlib import Path

import pytest

from .support import people

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_every_setting_is_in_the_table():
    named = set(re.findall(r'(?:environ\.get|_flag|_whole)\("([A-Z_]+)"', (ROOT / "config.py").read_text()))
    assert len(named) > 10
    assert {name for name in named if f"`{name}`" not in README} == set()


@only_sqlite
def test_every_command_is_in_the_table(app):
    own = {name: command for name, command in app.cli.commands.items() if command.callback or command.commands}
    flask_s = {"run", "shell", "routes"}
    missing = []
    for name, command in own.items():
        inner = getattr(command, "commands", {})
        said = [f"{name} {word}" for word in inner] or [name]
        missing += [words for words in said if f"`{words}" not in README and name not in flask_s]
    assert missing == []


def test_the_sample_seed_is_the_one_that_ships():
    sample = (ROOT / "rental_mgmt/demo/seed_sample.json").read_text("utf-8").strip()
    assert sample in README


def test_the_guest_of_the_tour_has_a_number_that_checks_out():
    assert people.person(77).id_number in README


def test_every_file_that_is_named_exists():
    named = re.findall(r"`((?:rental_mgmt|tests)/[\w/.]+\.\w+)`", README)
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_nothing_of_one_machine_or_registry_is_in_it():
    assert re.findall(r"/work/|/root/|/tmp/|pypi|files\.pythonhosted", README) == []
