"""P14 and P15 with 1,000 requests on SQLite and 300 on PostgreSQL; `make soak` asks 10,000."""

import pytest

from .fuzz import Fuzz

REQUESTS = {"sqlite": 1_000, "postgresql": 300}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_odd_requests_fell_nothing_and_tell_nothing(app, database):
    found = Fuzz(app, seed=14).run(REQUESTS[database.name])
    assert not found.faults, "\n".join([str(found), *found.faults])
    assert {200, 303, 403, 404, 422} <= set(found.statuses), "only a part of the product was reached"
