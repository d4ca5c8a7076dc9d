"""P14 and P15 in full: 10,000 odd requests."""

import pytest

from tests.reliability.fuzz import Fuzz


@pytest.mark.timeout(0)
def test_odd_requests_fell_nothing_and_tell_nothing(app, size, figure):
    found = Fuzz(app, seed=size("SEED", 2026)).run(size("REQUESTS", 10_000))
    figure("P14", str(found))
    assert not found.faults, "\n".join([str(found), *found.faults])
