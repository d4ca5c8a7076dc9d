"""东方新城二期 as the demo ledger knows it: three buildings, 180 units, sixty landlords."""

from dataclasses import dataclass
from functools import cache
from random import Random

from .people import names

COMPOUND = "东方新城二期"
# How many units each landlord runs: sixty, three on average, one with a whole company behind it.
_SIZES = (22, 11, 8, 6, 6, 5, 5, 4, 4, 4, *[3] * 15, *[2] * 25, *[1] * 10)
# Building → (floors, entrances, doors on a floor of an entrance, how many of them are let).
_BUILDINGS = {
    "1栋": (30, ("",), 6, 78),
    "2栋": (24, ("1单元", "2单元"), 3, 56),
    "3栋": (18, ("1单元", "2单元"), 4, 46),
}
# (layout, area from, area to, beds)
_LAYOUTS = (
    ("单间", 24, 34, 1),
    ("1室1厅", 34, 48, 1),
    ("1室1厅", 38, 52, 2),
    ("2室1厅", 55, 78, 2),
    ("2室1厅", 60, 82, 3),
    ("3室1厅", 85, 110, 4),
    ("3室2厅", 92, 128, 4),
)


@dataclass(frozen=True)
class Landlord:
    """Whoever runs units: name or company, phone, and how they hold them."""

    number: int
    name: str
    phone: str
    role: str
    contact: str

    @property
    def writes_badly(self) -> bool:
        """Some write days as texts, each in their own way."""
        return self.number % 7 in (2, 5)


@dataclass(frozen=True)
class LedgerUnit:
    """One door of the ledger; areas in square metres."""

    building: str
    entrance: str
    floor: int
    door: str
    layout: str
    area: int
    beds: int
    declared: int
    landlord: Landlord
    platforms: str
    grid: str
    popularity: float

    @property
    def limit(self) -> int:
        """How many may stay: the least of two a bed, one per five square metres, and as declared."""
        return min(self.beds * 2, self.area // 5, self.declared)


@cache
def landlords() -> tuple[Landlord, ...]:
    """All sixty, the largest first."""
    chance = Random("东方新城二期 经营者")
    roles = ["托管公司", "二房东", "托管公司", "二房东", "二房东", "托管公司", *["业主自营"] * 54]
    for other in range(8, 60, 5):
        roles[other] = "二房东"
    companies = {role: iter(given) for role, given in names()["companies"].items()}
    return tuple(_landlord(chance, number, role, companies) for number, role in enumerate(roles))


@cache
def units() -> tuple[LedgerUnit, ...]:
    """All 180, in the order of the ledger: by building, entrance, floor and door."""
    chance = Random("东方新城二期 房源")
    doors = [door for building in _BUILDINGS for door in _let_doors(building, chance)]
    owners = [landlord for landlord, size in zip(landlords(), _SIZES, strict=True) for _ in range(size)]
    chance.shuffle(owners)
    made = (_unit(chance, door, owner) for door, owner in zip(doors, owners, strict=True))
    return tuple(sorted(made, key=lambda unit: (unit.building, unit.entrance, unit.floor, unit.door)))


def _let_doors(building: str, chance: Random) -> list[tuple[str, str, int, str]]:
    """(building, entrance, floor, door) of those that are let by the night; shops are below the third floor."""
    floors, entrances, each, let = _BUILDINGS[building]
    doors = [
        (building, entrance, floor, f"{floor}{number:02}")
        for floor in range(3, floors + 1)
        for entrance in entrances
        for number in range(1, each + 1)
    ]
    return chance.sample(doors, let)


def _unit(chance: Random, door: tuple[str, str, int, str], landlord: Landlord) -> LedgerUnit:
    layout, low, high, beds = chance.choice(_LAYOUTS)
    area = chance.randint(low, high)
    declared = min(beds * 2, area // 5)
    return LedgerUnit(
        *(*door, layout, area, beds),
        declared=declared - (declared > 2 and chance.random() < 0.2),
        landlord=landlord,
        platforms=chance.choice(names()["platforms"]),
        grid=_grid(*door[:3]),
        popularity=chance.uniform(0.6, 1.3),
    )


def _grid(building: str, entrance: str, floor: int) -> str:
    """Micro-grids of the compound: the tower by height, the middle building by entrance."""
    if building == "1栋":
        return "微网格01（1栋低层）" if floor <= 15 else "微网格02（1栋高层）"
    if building == "2栋":
        return "微网格03（2栋1单元）" if entrance == "1单元" else "微网格04（2栋2单元）"
    return "微网格05（3栋）"


def _landlord(chance: Random, number: int, role: str, companies: dict) -> Landlord:
    person = chance.choice(names()["family"]) + "".join(chance.sample(names()["male"] + names()["female"], 2))
    name = next(companies.get(role, iter(())), person)
    return Landlord(number, name, f"190-0000-{1000 + number:04}", role, person)
