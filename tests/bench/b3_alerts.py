"""B3: a page of a role's alert list over HTTP, against a bare handler that reads 50 rows by an index."""

import json
from collections.abc import Iterator
from datetime import timedelta
from random import Random
from uuid import UUID

from sqlalchemy import event

import rental_mgmt
from rental_mgmt.alerts.models import ROLE_BITS
from rental_mgmt.alerts.queue import AlertFilter, Which, get_page
from rental_mgmt.core.access import Role
from rental_mgmt.core.db import engine, session, unit_of_work
from rental_mgmt.places.models import Place as PlaceRow
from tests.support.world import World

from . import Measure, Place, Scale, bare, inside, line, load, servers
from .b1_register import NOT_COUNTED
from .city import COMPOUND, DOOR, City, analyse, now, pour, where_is
from .ratios import ROUNDS, in_turns

CLIENTS = 4
# One alert in so many still needs somebody, one in five is about somebody's identity.
LIVE_EACH, IDENTITY_EACH = 50, 5
DEEP = 200
LISTS = {Which.LIVE: "open queue", Which.CLOSED: "closed list"}
LANDLORDS = ROLE_BITS[Role.LANDLORD] | ROLE_BITS[Role.HELPER]
READERS = LANDLORDS | ROLE_BITS[Role.PROPERTY_MANAGER] | ROLE_BITS[Role.GRID_WORKER]
IDENTITY_READERS = LANDLORDS | ROLE_BITS[Role.POLICE_LIAISON]


@line("B3", "first and later pages of alerts over HTTP")
def alerts(scale: Scale, place: Place) -> Iterator[Measure]:
    with inside.opened(place) as settings:
        city, there = City(scale.units), 0
        manager = _manager()
        headers = World().key(manager)
        bare.fill(place.url, owners=CLIENTS, each=scale.alerts // CLIENTS)
        for size in scale.growth:
            largest = scale.growth[-1]
            city.add_history(scale.stays * size // largest, 0)
            there = _lay(there, scale.alerts * size // largest, city.units)
            yield from _first_pages(scale, place, headers, size)
        for which, name in LISTS.items():
            said = _count_statements(settings, headers, _path(which))
            yield Measure(f"SQL statements of the {name}", said, "", at_most=4)
        deep = {which: _deep(manager.actor, which) for which in LISTS}
    yield from _later_pages(scale, place, headers, deep)


def _first_pages(scale: Scale, place: Place, headers: dict, size: int) -> Iterator[Measure]:
    rows = load.each(lambda client, _n: ("GET", f"/?owner={client}", {}, None))
    with servers.bare(place) as floor, servers.product(place) as product:
        for which, name in LISTS.items():
            mine, theirs = in_turns(
                lambda: load.drive(floor.port, rows, clients=CLIENTS, seconds=scale.seconds / ROUNDS),
                lambda which=which: load.drive(
                    product.port,
                    load.always("GET", _path(which), headers),
                    clients=CLIENTS,
                    seconds=scale.seconds / ROUNDS,
                ),
            )
            yield Measure(f"first page, {name}", mine.rate, "/s", theirs.rate, at_least=0.40, size=size)
            yield Measure(f"first page, {name}, p95", mine.percentile(0.95), "ms", at_most=40, size=size)


def _later_pages(scale: Scale, place: Place, headers: dict, deep: dict) -> Iterator[Measure]:
    """A page far down against the first one."""
    with servers.product(place) as product:
        for which, (number, cursor) in deep.items():
            later, first = in_turns(
                lambda which=which: _drive(product, scale, headers, _path(which)),
                lambda which=which, cursor=cursor: _drive(product, scale, headers, _path(which, cursor)),
            )
            what = f"page {number}, {LISTS[which]}, against page 1"
            yield Measure(what, later.rate, "/s", first.rate, at_least=0.90)


def _drive(product: servers.Running, scale: Scale, headers: dict, path: str) -> load.Load:
    same = load.always("GET", path, headers)
    return load.drive(product.port, same, clients=CLIENTS, seconds=scale.seconds / ROUNDS)


def _path(which: Which, cursor: str = "") -> str:
    return f"/api/v1/alerts?which={which}" + (f"&cursor={cursor}" if cursor else "")


def _deep(actor, which: Which) -> tuple[int, str]:
    """The number and the cursor of page 200, or of the last full one before."""
    cursor, found = "", (1, "")
    with unit_of_work(read_only=True):
        for number in range(1, DEEP + 1):
            following = get_page(actor, AlertFilter(which), cursor).next_cursor
            if following is None:
                break
            cursor, found = following, (number, cursor)
    return found


def _count_statements(settings: dict, headers: dict, path: str) -> int:
    """The round trips of one page besides BEGIN and COMMIT; the key's first use is noted before."""
    web, seen = rental_mgmt.create_app(settings).test_client(), []

    @event.listens_for(engine(), "before_cursor_execute")
    def note(_connection, _cursor, statement, *_rest):
        if not statement.lstrip().upper().startswith(NOT_COUNTED):
            seen.append(statement)

    for _ in range(2):
        seen.clear()
        answer = web.get(path, headers=headers)
        if answer.status_code != 200:
            raise load.NotServed(answer.text)
    return len(seen)


# --- laid out before ----------------------------------------------------------------------------------------


def _manager():
    """The property manager of the first compound."""
    return World().property_manager(session.get(PlaceRow, COMPOUND))


def _lay(first: int, last: int, units: int) -> int:
    """Alerts of the last months all over the city, the newest last; nearly all of them are closed."""
    chance = Random(first)
    with unit_of_work():
        pour("alert", (_alert(n, chance.randint(1, units), chance) for n in range(first + 1, last + 1)))
    analyse()
    return last


def _alert(number: int, unit: int, chance: Random) -> dict:
    is_live, is_identity = number % LIVE_EACH == 0, number % IDENTITY_EACH == 1
    rule, at = "B01" if is_identity else "A01", now() - timedelta(minutes=chance.randint(0, 100_000))
    return {
        "id": number,
        "uid": UUID(int=number),
        "rule": rule,
        "rule_version": 1000,
        "severity": chance.randint(1, 4),
        "is_identity": is_identity,
        **_words(),
        "subject_kind": "unit",
        "subject_key": unit,
        "subject_part": str(number),
        "live_key": f"{rule}/unit/{unit}/{number}" if is_live else None,
        "place_id": DOOR + unit,
        "unit_id": unit,
        **where_is(unit),
        "status": "open" if is_live else "closed",
        "verdict": None if is_live else "true",
        "closed_at": None if is_live else at + timedelta(hours=3),
        "turns": TURNS,
        "step": 1,
        "readers": IDENTITY_READERS if is_identity else READERS,
        "sign_by": at + timedelta(minutes=30),
        "resolve_by": at + timedelta(hours=12),
        "first_seen_at": at,
        "last_seen_at": at,
        "clean_evaluations": 0,
        "reopened": 0,
        "version": 1,
    }


TURNS = json.dumps(
    [
        {"at": "2026-06-10T04:00:00+00:00", "roles": ["landlord"]},
        {"at": "2026-06-10T04:30:00+00:00", "roles": ["grid_worker", "property_manager"]},
    ]
)
EVIDENCE = json.dumps({"numbers": {"openings": 2, "gap": 35, "planned": 0}, "timeline": [], "checklist": []})


def _words() -> dict:
    text = "06-10 11:20 至 06-10 11:55 门被打开 2 次，最早与最晚相隔 35 分钟，其间没有住客登记。"
    advice = "1. 电话或消息请经营者说明；2. 半小时无答复的，当班人员上门查看；3. 拒绝登记的，移交派出所。"
    english = "Opened twice between 11:20 and 11:55, 35 minutes apart, nobody registered."
    return {
        "title": "无登记入住",
        "title_en": "Occupied without registration",
        "text": text,
        "text_en": english,
        "advice": advice,
        "advice_en": "1. Ask the landlord; 2. visit after half an hour; 3. hand over to the police.",
        "evidence": EVIDENCE,
        "basis": '["ctl-2018-21"]',
    }
