"""B1: register a guest over HTTP, against a bare handler that does one durable INSERT."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import event, insert

import rental_mgmt
from rental_mgmt.core import clock
from rental_mgmt.core.db import engine, new_uid, session, unit_of_work
from rental_mgmt.stays.models import Stay
from rental_mgmt.units.models import Unit
from tests.support import people
from tests.support.world import World

from . import POSTGRESQL, Measure, Place, Scale, bare, inside, line, load, servers
from .ratios import ROUNDS, in_turns

CLIENTS = 4
# So many fit into each flat: every registration is an ordinary one, within capacity.
CAPACITY = 4
# More registrations than any machine here will do in a second.
MOST_PER_SECOND = 1000
NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")
JSON = {"Content-Type": "application/json"}
BARE = json.dumps({"owner": 1, "name": "王伟"}).encode()


@dataclass(frozen=True)
class Client:
    """A landlord's program: its key, and every registration it will send, one after the other."""

    headers: dict[str, str]
    requests: list[tuple[str, bytes]]

    def request(self, number: int) -> load.Request:
        path, body = self.requests[number]
        return "POST", path, self.headers | {"Idempotency-Key": f"evening-{number}"}, body


@line("B1", "register a guest over HTTP")
def register(scale: Scale, place: Place) -> Iterator[Measure]:
    places = {"registrations": place}
    if place.name == POSTGRESQL:
        places["registrations, each commit 5 ms slower"] = _slower(place)
    share = int(MOST_PER_SECOND * (scale.seconds + 2)) // CLIENTS
    with inside.opened(place) as settings:
        clients = _clients(CAPACITY + share * ROUNDS * len(places))
        most = 7 if place.name == POSTGRESQL else 11
        statements = _count_statements(settings, clients[0])
        yield Measure("SQL statements of one registration", statements, "", at_most=most)
    bare.fill(place.url, owners=1, each=1)
    for turn, (what, at) in enumerate(places.items()):
        goal = 0.45 if at is place and place.name == POSTGRESQL else 0.40
        yield _measure(what, scale, at, _Scripts(clients, share, CAPACITY + turn * ROUNDS * share), goal)


def _slower(place: Place) -> Place:
    """The same database as if its disk took its time: the server waits so long before each flush."""
    waits = "-c%20commit_delay%3D5000%20-c%20commit_siblings%3D0"
    return Place(place.name, f"{place.url}&options={waits}", place.folder)


class _Scripts:
    """A script for each round, which begins where the one before had its share."""

    def __init__(self, clients: list[Client], share: int, first: int):
        self.clients, self.share, self.next = clients, share, first

    def following(self) -> load.Script:
        begin, self.next = self.next, self.next + self.share

        def script(number: int) -> Iterator[load.Request]:
            return map(self.clients[number].request, range(begin, begin + self.share))

        return script


def _measure(what: str, scale: Scale, place: Place, scripts: _Scripts, goal: float) -> Measure:
    same = load.always("POST", "/", JSON, BARE)
    with servers.bare(place) as floor, servers.product(place) as product:
        mine, theirs = in_turns(
            lambda: load.drive(floor.port, same, clients=CLIENTS, seconds=scale.seconds),
            lambda: load.drive(product.port, scripts.following(), clients=CLIENTS, seconds=scale.seconds),
        )
    note = f"p95 {mine.percentile(0.95):.0f} ms"
    return Measure(what, mine.rate, "/s", theirs.rate, at_least=goal, note=note)


# --- laid out before ----------------------------------------------------------------------------------------


def _clients(registrations: int) -> list[Client]:
    """Landlords of different communities, each with flats enough for so many registrations."""
    world, made = World(), []
    for number in range(CLIENTS):
        owner = world.landlord()
        building = world.building(compound=world.compound(community=world.community(f"社区{number}")))
        stays = _stays(world.flat(owner.target, building), 1 + registrations // CAPACITY)
        headers = world.key(owner) | JSON
        made.append(Client(headers, _requests(stays, number * registrations, registrations)))
    return made


def _stays(like: Unit, how_many: int) -> list[str]:
    """Flats like this one, each with an open stay; the stays' uids."""
    columns = [c.name for c in Unit.__table__.columns if c.name not in ("id", "uid", "code")]
    same = {name: getattr(like, name) for name in columns} | {"capacity": CAPACITY}
    at = clock.now()
    stay = {"checks_in_at": at, "checks_out_at": at + timedelta(days=1), "recorded_at": at, "version": 1}
    uids = [new_uid() for _ in range(how_many)]
    with unit_of_work():
        ids = session.scalars(
            insert(Unit).returning(Unit.id), [same | {"uid": new_uid()} for _ in range(how_many)]
        ).all()
        rows = [stay | {"uid": uid, "unit_id": unit_id} for uid, unit_id in zip(uids, ids, strict=True)]
        session.execute(insert(Stay), rows)
    return [str(uid) for uid in uids]


def _requests(stays: list[str], first: int, how_many: int) -> list[tuple[str, bytes]]:
    made = []
    for n in range(how_many):
        who = people.person(first + n)
        sent = {"name": who.name, "document_kind": "resident_id", "number": who.id_number, "phone": who.phone}
        made.append((f"/api/v1/stays/{stays[n // CAPACITY]}/guests", json.dumps(sent).encode()))
    return made


def _count_statements(settings: dict, client: Client) -> int:
    """The round trips of one registration besides BEGIN and COMMIT; the key's first use is noted before."""
    web, seen = rental_mgmt.create_app(settings).test_client(), []

    @event.listens_for(engine(), "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        if not statement.lstrip().upper().startswith(NOT_COUNTED):
            seen.append(statement)

    method, path, headers, body = client.request(0)
    for key in ("first", "counted"):
        seen.clear()
        sent = body if key == "first" else _another(body)
        answer = web.open(path, method=method, headers=headers | {"Idempotency-Key": key}, data=sent)
        if answer.status_code != 201:
            raise load.NotServed(answer.text)
    return len(seen)


def _another(body: bytes) -> bytes:
    who = people.person(-1)
    return json.dumps(json.loads(body) | {"name": who.name, "number": who.id_number}).encode()
