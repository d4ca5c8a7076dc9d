"""Made-up people, the same for the same seed: valid check digits, nobody's real number, names of every shape.

The six digits of the division are a whole prefecture's (510100), which no card carries, so that a number that
checks out cannot be a living person's. Phones are 190 0000 xxxx.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from rental_mgmt.stays.id_number import age_on, check_digit

# The day on which the tests stand (tests/conftest.py).
TODAY = date(2026, 6, 10)
PREFECTURES = ("510100", "510700", "511300", "320100", "330100", "420100", "440100", "500100", "610100")
FAMILY_NAMES = "王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗"
GIVEN_NAMES = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀英霞平刚桂华兰飞鑫浩宇晨欣怡梓涵"
# A minority name with its dot, characters outside the first plane, and one of fifty letters.
MINORITY_NAME = "阿依古丽·买买提"
RARE_NAMES = ("𠮷田䶮", "㛃妤", "欧阳𬎆")
LONGEST_NAME = "依力哈木江·" * 8 + "古丽"
RTL_NAME = "\u200fمحمد\u200f"
FOREIGN_NAMES = ("MÜLLER JÜRGEN", "O'BRIEN SÉAN", "NGUYỄN THỊ HOA", "DE LA CRUZ MARÍA", "IVANOVA OLGA")
COUNTRIES = ("DEU", "IRL", "VNM", "ESP", "RUS")


@dataclass(frozen=True)
class Person:
    name: str
    id_number: str
    birth_on: date
    sex: str
    phone: str
    nationality: str = "CHN"

    def age_on(self, day: date) -> int:
        return age_on(self.birth_on, day)


@dataclass(frozen=True)
class Traveller:
    name: str
    number: str
    nationality: str
    birth_on: date
    sex: str
    phone: str
    valid_until: date


def person(
    seed: int, *, age: int | None = None, sex: str | None = None, minor: bool = False, on: date = TODAY
) -> Person:
    """A person of exactly that age on a day (18–70 by default, 6–17 with `minor`)."""
    chance = Random(f"person {seed}")
    years = age if age is not None else chance.randint(6, 17) if minor else chance.randint(18, 70)
    birth_on = birth_of_age(years, on, days_ago=chance.randint(0, 364))
    sex = sex or chance.choice(("male", "female"))
    return Person(
        name=chance.choice(FAMILY_NAMES) + "".join(chance.sample(GIVEN_NAMES, chance.choice((1, 2, 2)))),
        id_number=id_number(chance.choice(PREFECTURES), birth_on, sex, chance.randint(0, 499)),
        birth_on=birth_on,
        sex=sex,
        phone=phone(seed),
    )


def people(count: int, start: int = 0, **details) -> list[Person]:
    """So many different people."""
    return [person(seed, **details) for seed in range(start, start + count)]


def passport(seed: int, *, nationality: str | None = None, on: date = TODAY) -> Traveller:
    """A foreign guest with a passport that is valid for at least another year."""
    chance = Random(f"passport {seed}")
    which = seed % len(COUNTRIES)
    return Traveller(
        name=FOREIGN_NAMES[which],
        number=chance.choice("CKPX") + f"{chance.randint(0, 99_999_999):08}",
        nationality=nationality or COUNTRIES[which],
        birth_on=birth_of_age(chance.randint(20, 65), on, days_ago=chance.randint(0, 364)),
        sex=chance.choice(("male", "female")),
        phone=phone(seed),
        valid_until=on + timedelta(days=chance.randint(366, 3000)),
    )


def phone(seed: int) -> str:
    """A mobile number that nobody has."""
    return f"1900000{seed % 10_000:04}"


def id_number(division: str, birth_on: date, sex: str, serial: int = 1) -> str:
    """A number with its right check digit; `serial` 0–499 is one of the day's."""
    digits = f"{division}{birth_on:%Y%m%d}{serial * 2 + (sex == 'male'):03}"
    return digits + check_digit(digits)


def with_wrong_check_digit(number: str) -> str:
    """The same number with another last digit."""
    return number[:17] + ("1" if number[17] != "1" else "2")


def birth_of_age(years: int, on: date, days_ago: int = 0) -> date:
    """The birth date of somebody who turned so many years old that many days (under 365) before a day."""
    birthday = on - timedelta(days=days_ago)
    if (birthday.month, birthday.day) == (2, 29):
        birthday -= timedelta(days=1)
    return birthday.replace(year=birthday.year - years)
