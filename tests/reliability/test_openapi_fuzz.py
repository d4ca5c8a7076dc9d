"""P15 by the product's own OpenAPI document: what schemathesis makes of it, good and bad, fells nothing."""

import json
from itertools import cycle

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode

from rental_mgmt.core.access import Role
from tests.support.world import World

from .asking import nothing_lasts, with_key
from .both_sides import both_sides
from .doors import doors_of

EACH = 3
ASKING = (Role.LANDLORD, Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER, Role.POLICE_LIAISON, Role.SYSTEM_ADMIN)
PROBLEM = "application/problem+json; charset=utf-8"


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_no_operation_falls_over_what_its_own_description_allows_or_forbids(app, monkeypatch):
    mine, other = both_sides()
    askers = cycle(
        [with_key(app, World().key(mine.people[role]), mine.of(role), other.of(role)) for role in ASKING]
    )
    doors = {(door.rule.rule, door.method): door for door in doors_of(app) if door.is_api}
    key = next(askers).headers
    schema = schemathesis.openapi.from_wsgi("/docs/openapi.json", app, headers=key)
    nothing_lasts(monkeypatch)
    faults, asked = [], 0
    for found in schema.get_all_operations():
        operation = found.ok()
        door = next(d for (rule, method), d in doors.items() if _same(rule, method, operation))
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            cases = _cases(operation, mode)
            asked += len(cases)
            for case in cases:
                fault = _fault_of(case, door, next(askers))
                faults += [fault] if fault else []
    assert not faults, "\n".join(sorted(set(faults)))
    assert asked > EACH * len(doors)


def _same(rule: str, method: str, operation) -> bool:
    return (rule.replace("<uuid:", "{").replace("<", "{").replace(">", "}"), method) == (
        operation.path,
        operation.method.upper(),
    )


def _cases(operation, mode) -> list:
    """A few requests of this kind, the same in every run; none where an operation has nothing to get wrong."""
    made: list = []
    quick = settings(
        max_examples=EACH,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    def keep(case) -> None:
        made.append(case)

    try:
        quick(given(case=operation.as_strategy(generation_mode=mode))(keep))()
    except schemathesis.errors.SchemathesisError:
        return made
    return made


def _fault_of(case, door, who) -> str | None:
    for name, kind in door.kinds.items():
        case.path_parameters[name] = str(who.things[kind])
    answer = case.call(headers=who.headers)
    what = f"{door.method} {door.endpoint}"
    if answer.status_code >= 500:
        return f"{what}: {answer.status_code} for {str(case.body)[:300]} {case.query}"
    if answer.status_code >= 400:
        said = answer.headers["content-type"][0]
        if said != PROBLEM or not json.loads(answer.content)["title"]:
            return f"{what}: {answer.status_code} is {said}"
    return None
