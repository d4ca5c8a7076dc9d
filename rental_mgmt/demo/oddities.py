"""What two months of such a compound have of oddness, planted on purpose; some where the rules still look."""

from dataclasses import replace
from datetime import timedelta

from .people import id_number, with_wrong_check_digit
from .stays import Book, LedgerStay, alone, couple, friends


def plant(book: Book) -> None:
    """Everything that needs a unit of its own, before the rhythm fills the rest."""
    for plant_one in (
        _over_capacity,
        _not_checked_out,
        _in_two_places,
        _in_many_units,
        _by_the_hour,
        _minors_alone,
        _from_abroad,
        _hard_to_write,
    ):
        plant_one(book)


def spoil(book: Book) -> None:
    """Wrong and missing papers of people who have left long ago or lately, among the ordinary stays."""
    left = [
        stay for stay in book.stays if stay.left and not stay.oddness and stay.party[0][0].paper == "身份证"
    ]
    lately = [stay for stay in left if (book.last_day - stay.left.date()).days in range(1, 6)]
    book.chance.shuffle(left)
    book.chance.shuffle(lately)
    for stay in (*_some(lately, 3), *_some(left, 6)):
        _mark(stay, "bad_check_digit", with_wrong_check_digit(stay.party[0][0]))
    for stay in (*_some(lately, 2), *_some(left, 4)):
        expired = stay.arrived.date() - timedelta(days=book.chance.randint(3, 400))
        _mark(stay, "expired", replace(stay.party[0][0], valid_until=expired))
    for stay in (*_some(lately, 1), *_some(left, 1)):
        guest = stay.party[0][0]
        _mark(stay, "sex_differs", replace(guest, sex="女" if guest.sex == "男" else "男"))
    for stay in _some(left, 2):
        guest = stay.party[0][0]
        number = id_number("510199", guest.birth_on, guest.sex, 77)
        _mark(stay, "unknown_division", replace(guest, number=number))
    for stay in _some(left, 2):
        _mark(stay, "no_paper", replace(stay.party[0][0], paper="未带证件", number="", valid_until=None))


def _some(stays: list[LedgerStay], count: int) -> list[LedgerStay]:
    """The next stays that nothing was done to yet."""
    found = []
    while len(found) < count:
        stay = stays.pop()
        if not stay.oddness:
            found.append(stay)
            stay.oddness.add("spoiled")
    return found


def _mark(stay: LedgerStay, oddness: str, guest) -> None:
    stay.party[0] = (guest, stay.party[0][1])
    stay.oddness.add(oddness)


def _over_capacity(book: Book) -> None:
    """More guests than the unit may hold: last night, this week, at the holiday."""
    for ago, nights, over in ((1, 2, 1), (3, 2, 2), (5, 1, 1), (29, 3, 3), (36, 1, 1)):
        unit = book.unit(ago, nights, lambda unit: 2 <= unit.limit <= 4)
        party = [(book.cast.adult(age=24), "本人")]
        party += [(book.cast.adult(age=22 + n), "朋友") for n in range(unit.limit + over - 1)]
        book.nights(unit, party, ago, nights, "over_capacity")


def _not_checked_out(book: Book) -> None:
    """Planned to leave days ago, and nobody wrote that they left."""
    for ago, nights in ((4, 2), (6, 2), (9, 4), (3, 2)):
        stay = book.nights(book.unit(ago, ago), couple(book, 4), ago, nights, "not_checked_out")
        stay.left = None


def _in_two_places(book: Book) -> None:
    """One paper, two beds in one night."""
    for ago, nights in ((1, 3), (4, 2), (26, 2)):
        twice = book.cast.adult("男", 33)
        for other in (friends(book, 3), alone(book, 1)):
            party = [(twice, "本人"), *other[1:]]
            book.nights(book.unit(ago, nights), party, ago, nights, "two_places")


def _in_many_units(book: Book) -> None:
    """A new flat each night."""
    for first, count in ((6, 4), (33, 3)):
        wanderer = book.cast.adult("女", 26)
        for ago in range(first, first - count, -1):
            book.nights(book.unit(ago, 1), [(wanderer, "本人")], ago, 1, "many_units")


def _by_the_hour(book: Book) -> None:
    """Three and more parties of a few hours in one flat and day."""
    for ago, hours in (
        (2, ((10, 12), (13, 16), (17, 19), (20, 23))),
        (1, ((11, 14), (15, 17), (18, 21))),
        (19, ((9, 12), (13, 15), (16, 19))),
    ):
        unit = book.unit(ago, 1)
        for start, end in hours:
            book.add(unit, couple(book, 2), book.moment(ago, start), book.moment(ago, end, 0), "by_the_hour")


def _minors_alone(book: Book) -> None:
    """Children with nobody grown: here now, this week with and without a guardian's phone, at the holiday."""
    for ago, nights, ages, has_guardian in (
        (1, 2, (16, 16), False),
        (3, 1, (15,), False),
        (5, 1, (17, 17, 16), True),
        (30, 2, (14,), True),
    ):
        children = [book.cast.child(age) for age in ages]
        party = [(child, "朋友" if number else "本人") for number, child in enumerate(children)]
        stay = book.nights(book.unit(ago, nights), party, ago, nights, "minors_alone")
        stay.guardian = book.cast.adult(age=44) if has_guardian else None


def _from_abroad(book: Book) -> None:
    for number, ago in enumerate((1, 1, 2, 4, 8, 11, 15, 18, 22, 25, 29, 34, 41, 50)):
        party = [(book.cast.overseas(number), "本人")]
        if number % 3 == 0:
            party.append((book.cast.overseas(number + 5), "朋友"))
        book.nights(book.unit(ago, 3 if ago > 3 else 2), party, ago, 3 if ago > 3 else 2, "overseas")
    for number, ago in enumerate((2, 13, 28)):
        book.nights(book.unit(ago, 2), [(book.cast.from_region(number), "本人")], ago, 2, "overseas")


def _hard_to_write(book: Book) -> None:
    for number, ago in enumerate((1, 2, 6, 10, 21, 27, 40, 52)):
        book.nights(book.unit(ago, 1), [(book.cast.rare(number), "本人")], ago, 1, "rare_name")
    book.nights(book.unit(7, 2), [(book.cast.longest(), "本人")], 7, 2, "rare_name")
