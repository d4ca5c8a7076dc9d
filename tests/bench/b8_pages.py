"""B8: what each role's home and the guest form weigh, and how soon a browser shows them."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from rental_mgmt.accounts.models import User
from rental_mgmt.core.access import Actor, Role
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.demo.acting import actor_of, landlord_of
from rental_mgmt.demo.cast import player
from rental_mgmt.demo.starting import prepare
from rental_mgmt.stays.models import Stay
from rental_mgmt.units.models import Unit, UnitStatus
from rental_mgmt.units.scope import visible
from tests.support import browser as browsers
from tests.support.world import World
from tests.support.world_people import Somebody

from . import Measure, Place, Scale, inside, line, servers

ROUNDS = 3
ROLES = [role for role in Role if role is not Role.SYSTEM]
# The page's bytes are all there, and the first words stand on the screen: milliseconds since the tap.
TIMES = """() => new Promise(say => new PerformanceObserver(list => {
    const words = list.getEntriesByName("first-contentful-paint")[0];
    if (words) say([performance.getEntriesByType("navigation")[0].responseEnd, words.startTime]);
}).observe({type: "paint", buffered: true}))"""


@dataclass(frozen=True)
class Seen:
    """One page in a browser that has kept nothing: bytes before compression, milliseconds since the tap."""

    page: int
    with_its_own: int
    answered: float
    painted: float
    elsewhere: int


@line("B8", "each role's home and the guest form in Chromium, 180 units")
def pages(scale: Scale, place: Place) -> Iterator[Measure]:
    with inside.opened(place):
        list(prepare())
        people = _people()
        tokens = {role: _sign_in(who) for role, who in people.items()}
        unit = _free_unit(people[Role.LANDLORD])
    shown = {f"{role.replace('_', ' ')}'s home": (role, "/") for role in ROLES}
    shown["guest form"] = (Role.LANDLORD, f"/stays/units/{unit}/register")
    with servers.product(place) as running, browsers.launched(browsers.find_chromium()) as browser:
        address, seen = f"http://127.0.0.1:{running.port}", {}
        for what, (role, path) in shown.items():
            # The best of a few: what the page needs, not what else the machine was doing.
            looks = [_look(browser, address, tokens[role], path) for _ in range(ROUNDS)]
            seen[what] = min(looks, key=lambda look: look.painted)
    yield from _figures(seen)


def _figures(seen: dict[str, Seen]) -> Iterator[Measure]:
    for what, look in seen.items():
        times = f"answered in {look.answered:.0f} ms, painted in {look.painted:.0f} ms"
        note = f"{look.page / 1000:.1f} kB of it the page; {times}"
        yield Measure(what, look.with_its_own / 1000, "kB", at_most=60, note=note)
    slowest = max(seen, key=lambda what: seen[what].painted)
    usual = statistics.median(look.painted for look in seen.values())
    note = f"{slowest}; the median of all pages {usual:.0f} ms"
    yield Measure("slowest first paint", seen[slowest].painted, "ms", at_most=200, note=note)
    yield Measure("third-party requests", sum(look.elsewhere for look in seen.values()), "", at_most=0)


def _look(browser, address: str, token: str, path: str) -> Seen:
    """A visit with nothing kept from the one before: the style sheet and the script are fetched too."""
    context = browser.new_context(viewport=dict(zip(("width", "height"), browsers.PHONE, strict=True)))
    context.add_cookies([{"name": "session", "value": token, "url": address}])
    page, answers = context.new_page(), []
    # The window itself is open already; only what the product does is measured.
    page.goto(address + "/healthz")
    page.on("response", lambda answer: answers.append(answer))
    page.goto(address + path)
    if page.url != address + path or not answers[0].ok:
        raise RuntimeError(f"{path} led to {page.url}: {answers[0].status}")
    own = [answer for answer in answers if answer.url.startswith((address, "data:"))]
    elsewhere = sum(not answer.url.startswith((address, "data:")) for answer in answers)
    weights = [len(answer.body()) for answer in own]
    times = page.evaluate(TIMES)
    context.close()
    return Seen(weights[0], sum(weights), *times, elsewhere)


def _people() -> dict[Role, Actor]:
    """Somebody of every role; the landlord is the one with the most units."""
    busiest = select(Unit.party_id).where(Unit.status == UnitStatus.ACTIVE).group_by(Unit.party_id)
    with unit_of_work(read_only=True):
        people = {role: actor_of(player(role)) for role in ROLES}
        party_id = session.scalar(busiest.order_by(func.count().desc(), Unit.party_id).limit(1))
        return people | {Role.LANDLORD: landlord_of(party_id)}


def _sign_in(who: Actor) -> str:
    """A session that this person has just begun."""
    with unit_of_work(read_only=True):
        user = session.get(User, who.user_id)
    return World().session(Somebody(user, who.role, None, "", "", None))


def _free_unit(landlord: Actor) -> UUID:
    """A home where nobody is expected: its form asks for everything."""
    expected = select(Stay.id).where(Stay.unit_id == Unit.id, Stay.ended_at.is_(None)).exists()
    with unit_of_work(read_only=True):
        query = visible(landlord, Unit).where(Unit.status == UnitStatus.ACTIVE, ~expected)
        return session.scalars(query.order_by(Unit.id).limit(1)).one().uid
