"""The people of the demo ledger: made up, the same every time, their numbers valid and nobody's."""

import json
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from random import Random

from ..stays.identity import LONG_TERM, check_digit

MAN, WOMAN = "男", "女"


@dataclass(frozen=True)
class Guest:
    """Somebody as a ledger writes them; `number` is "" for who had no paper with them."""

    name: str
    sex: str
    birth_on: date
    paper: str = "身份证"
    number: str = ""
    nationality: str = "中国"
    phone: str = ""
    valid_until: date | None = None


class Cast:
    """Makes one new person after the other; ages are full years on `last_day`."""

    def __init__(self, last_day: date, adults_as_of: date, who: str = "东方新城二期 住客", made: int = 0):
        # Children stay children whenever the ledger is moved to; grown people keep their numbers.
        self._children_day, self._adults_day = last_day, adults_as_of
        self._chance = Random(who)
        self._made = made

    def adult(self, sex: str = "", age: int = 0) -> Guest:
        """A grown person with a resident card (18–70 where no age is asked)."""
        sex = sex or self._chance.choice((MAN, WOMAN))
        age = age or int(min(70, max(18, self._chance.triangular(18, 68, 27))))
        return self._resident(sex, age, self._adults_day, self._name(sex))

    def child(self, age: int, sex: str = "", family: str = "") -> Guest:
        """Somebody under 18 with a resident card, of a family with that name."""
        sex = sex or self._chance.choice((MAN, WOMAN))
        name = family + self._given(sex) if family else self._name(sex)
        return replace(self._resident(sex, age, self._children_day, name), phone="")

    def rare(self, which: int) -> Guest:
        """Somebody whose name not every system can write."""
        name, sex = names()["rare"][which % len(names()["rare"])]
        return self._resident(sex, 30 + which, self._adults_day, name)

    def longest(self) -> Guest:
        return self._resident(MAN, 41, self._adults_day, names()["longest"])

    def overseas(self, which: int) -> Guest:
        """A foreign guest with a passport."""
        name, sex, country, letter = names()["overseas"][which % len(names()["overseas"])]
        return self._traveller(name, sex, country, "护照", letter)

    def from_region(self, which: int) -> Guest:
        """A guest from Hong Kong, Macao or Taiwan with a travel permit."""
        name, sex, country, paper, letter = names()["regions"][which % len(names()["regions"])]
        return self._traveller(name, sex, country, paper, letter)

    def _traveller(self, name: str, sex: str, country: str, paper: str, letter: str) -> Guest:
        number = f"{letter}{self._chance.randrange(10_000_000, 99_999_999)}"
        born = _born(self._chance, self._chance.randint(22, 60), self._adults_day)
        valid_until = self._children_day + timedelta(days=self._chance.randint(400, 2500))
        return Guest(name, sex, born, paper, number, country, self._phone(), valid_until)

    def _resident(self, sex: str, age: int, day: date, name: str) -> Guest:
        born = _born(self._chance, age, day)
        division = self._chance.choice(names()["prefectures"])
        number = id_number(division, born, sex, self._made % 490)
        valid_until = (
            LONG_TERM if age >= 46 else self._children_day + timedelta(days=self._chance.randint(60, 3000))
        )
        return Guest(name, sex, born, number=number, phone=self._phone(), valid_until=valid_until)

    def _phone(self) -> str:
        """190-0000 is a range that no operator has given to anybody."""
        self._made += 1
        return f"190-0000-{2000 + self._made % 7900:04}"

    def _name(self, sex: str) -> str:
        if self._chance.random() < 0.04:
            return self._chance.choice(names()["minority_male" if sex == MAN else "minority_female"])
        double = self._chance.random() < 0.01
        family = self._chance.choice(names()["double_family" if double else "family"])
        return family + self._given(sex)

    def _given(self, sex: str) -> str:
        letters = names()["male" if sex == MAN else "female"]
        return "".join(self._chance.sample(letters, 1 if self._chance.random() < 0.3 else 2))


@cache
def names() -> dict:
    """The lists people, companies and platforms are made of."""
    return json.loads(Path(__file__).with_name("names.json").read_text("utf-8"))


def id_number(division: str, birth_on: date, sex: str, serial: int) -> str:
    """A resident number with its check digit; no card says a whole prefecture (510100), so it is nobody's."""
    digits = f"{division}{birth_on:%Y%m%d}{serial * 2 + (sex == MAN):03}"
    return digits + check_digit(digits)


def with_wrong_check_digit(guest: Guest) -> Guest:
    return replace(guest, number=guest.number[:17] + ("7" if guest.number[17] != "7" else "3"))


def _born(chance: Random, age: int, day: date) -> date:
    """A birth date of somebody who is that old on the day and neither just turned so nor about to be older."""
    return day.replace(year=day.year - age, day=min(day.day, 28)) - timedelta(days=chance.randint(70, 290))
