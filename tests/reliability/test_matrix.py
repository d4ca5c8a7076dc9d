"""P12: every role at every door, with things of its own and of another community; who_may.txt says who may.

What is foreign is answered byte for byte as what is nowhere, in the address and in the body.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.world import World

from .asking import Asker, as_told, in_browser, nothing_lasts, with_key
from .both_sides import BY_LETTER, both_sides
from .doors import Door, doors_of

LINE = re.compile(
    r"(?P<method>[A-Z]+) +(?P<endpoint>\S+) +(?P<may>\S+)(?: \((?P<other>\w+)\))?(?: +(?P<all>\w+))?"
)
NOBODY = "N"
# Which things are a person's alone, wherever a key may reach.
OWN_KINDS = {"key", "phone", "notice", "session", "person", "membership", "waiting_code", "waiting_role"}


@dataclass(frozen=True)
class Row:
    """A line of the table: letters of roles."""

    may: str
    with_others: str
    everywhere: str
    is_public: bool


def read_table() -> dict[tuple[str, str], Row]:
    found, everyone = {}, "".join(BY_LETTER)
    for line in Path(__file__).with_name("who_may.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            said = LINE.fullmatch(line)
            assert said, f"not understood: {line}"
            may = everyone if said["may"] in ("signed-in", "everybody") else said["may"]
            row = Row(may, said["other"] or "", said["all"] or "", said["may"] == "everybody")
            assert (said["method"], said["endpoint"]) not in found, f"twice: {line}"
            found[said["method"], said["endpoint"]] = row
    return found


TABLE = read_table()


def test_every_door_stands_in_the_table_and_nothing_else(app):
    doors = {(door.method, door.endpoint) for door in doors_of(app)}
    assert not doors - set(TABLE), f"say in who_may.txt who may: {sorted(doors - set(TABLE))}"
    assert not set(TABLE) - doors, f"gone: {sorted(set(TABLE) - doors)}"


@pytest.fixture
def askers(app, monkeypatch) -> dict[str, tuple[Asker, Asker]]:
    """By letter: that person in a browser, and a program with their key."""
    mine, other = both_sides()
    made, world = {}, World()
    for letter, role in BY_LETTER.items():
        who, things = mine.people[role], (mine.of(role), other.of(role))
        made[letter] = in_browser(app, world.session(who), *things), with_key(app, world.key(who), *things)
    nobody = in_browser(app, None, *things)
    nothing_lasts(monkeypatch)
    return made | {NOBODY: (nobody, nobody)}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("database", "kind"),
    # Who may is decided above the database: on the second one a landlord, a manager and a liaison will do.
    [("sqlite", "pages"), ("sqlite", "api"), ("postgresql", "api")],
    indirect=["database"],
)
def test_no_cell_is_wrong(app, database, askers, kind):
    wrong = []
    if database.name == "postgresql":
        askers = {letter: askers[letter] for letter in "LMP"}
    for door in doors_of(app):
        if door.is_api is not (kind == "api"):
            continue
        row = TABLE[door.method, door.endpoint]
        for letter, (person, program) in askers.items():
            faults = faults_of(door, row, letter, person)
            if door.is_api and letter != NOBODY:
                faults += faults_of_key(door, row, letter, program)
            wrong += [f"{door.method} {door.endpoint} {letter}: {fault}" for fault in faults]
    assert not wrong, "\n".join(wrong)


def faults_of(door: Door, row: Row, letter: str, person: Asker) -> list[str]:
    """What is wrong with the answers to this person at this door."""
    own, faults = person.ask(door), []
    if own.status_code >= 500:
        faults.append(f"{own.status_code}")
    if row.is_public:
        pass
    elif letter == NOBODY:
        asked_to_sign_in = own.headers.get("Location", "").startswith("/sign-in?next=")
        if not (own.status_code == 401 if door.is_api else own.status_code == 303 and asked_to_sign_in):
            faults.append(f"{own.status_code} instead of a sign-in")
    elif letter in row.may and own.status_code in (401, 403, 404):
        faults.append(f"may, and is told {own.status_code}")
    elif letter not in row.may + row.with_others and not is_refused(own, door, person):
        faults.append(f"may not, and is told {own.status_code}")
    return faults + ([] if letter in row.everywhere else tells_of_foreign(door, person, letter in row.may))


def is_refused(answer, door: Door, person: Asker) -> bool:
    """403, or as if the thing were nowhere."""
    if answer.status_code == 404 and door.kinds:
        return as_told(answer) == as_told(person.ask(door, named=person.missing))
    return answer.status_code in (403, 404)


def tells_of_foreign(door: Door, person: Asker, may: bool) -> list[str]:
    """Does any answer tell a thing of others from one that is nowhere?"""
    faults = []
    if door.kinds:
        foreign, missing = (
            as_told(person.ask(door, named=things)) for things in (person.foreign, person.missing)
        )
        if foreign != missing:
            faults.append(f"tells a foreign one ({foreign[0]}) from one that is nowhere ({missing[0]})")
        if may and "hooks" not in door.endpoint and foreign[0] != 404:
            faults.append(f"a foreign one is {foreign[0]}")
    if door.method != "GET" and may:
        theirs = {kind: person.foreign[kind] for kind in person.missing}
        foreign, missing = (as_told(person.ask(door, said=things)) for things in (theirs, person.missing))
        # What was done says what it was done with, a code drawn by lot among it.
        if foreign != missing and max(foreign[0], missing[0]) >= 400:
            faults.append(f"tells in the body a foreign one ({foreign[0]}) from none ({missing[0]})")
    return faults


def faults_of_key(door: Door, row: Row, letter: str, program: Asker) -> list[str]:
    """A key may what its person may, but nothing that asks for a fresh sign-in."""
    answer = program.ask(door)
    if letter in row.may:
        if answer.status_code == 403 and answer.json["code"] == "step-up-needed":
            return []
        return [f"its key is told {answer.status_code}"] if answer.status_code in (401, 403, 404) else []
    if letter in row.with_others or is_refused(answer, door, program):
        return []
    return [f"its key may not, and is told {answer.status_code}"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_key_for_one_building_reaches_no_other(app, monkeypatch):
    mine, other = both_sides()
    who, world = mine.people[BY_LETTER["M"]], World()
    elsewhere = world.building("9栋", world.compound(community=world.community("别的社区")))
    things = mine.of(BY_LETTER["M"])
    program = with_key(app, world.key(who, elsewhere), things, other.of(BY_LETTER["M"]))
    nothing_lasts(monkeypatch)
    reached = [
        door.endpoint
        for door in doors_of(app)
        if door.is_api and door.kinds and not OWN_KINDS & set(door.kinds.values())
        if as_told(program.ask(door)) != as_told(program.ask(door, named=program.missing))
    ]
    assert reached == []


def test_no_page_takes_a_form_without_its_token(app, askers):
    person = askers["L"][0]
    person.csrf = "0" * 64
    posts = [door for door in doors_of(app) if door.method == "POST" and not door.is_api]
    taken = [
        door.endpoint for door in posts if "hooks" not in door.endpoint and person.ask(door).status_code != 403
    ]
    assert taken == []
