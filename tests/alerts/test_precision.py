"""How often a rule was right comes from people's verdicts, within one's scope, in one query."""

from datetime import timedelta

import pytest

from rental_mgmt.alerts import service
from rental_mgmt.alerts.models import Alert, Verdict
from rental_mgmt.alerts.precision import Precision, list_precision
from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.errors import Forbidden


def close(world, block, rule: str, *verdicts: Verdict) -> None:
    for n, verdict in enumerate(verdicts):
        alert = world.alert(block.unit, rule, part=f"{verdict}{n}")
        with unit_of_work():
            service.close(block.manager.actor, session.get(Alert, alert.id), verdict)


def test_precision_counts_verdicts_by_rule(world, block, count_queries):
    close(world, block, "A01", Verdict.TRUE, Verdict.TRUE, Verdict.TRUE, Verdict.FALSE, Verdict.CAUSE_GONE)
    close(world, block, "A03", Verdict.DUPLICATE)
    world.alert(block.unit, "A05")
    with count_queries() as seen:
        found = list_precision(block.officer.actor)
    assert len(seen) == 1
    assert found == [Precision("A01", 3, 1, 0, 1), Precision("A03", 0, 0, 1, 0)]
    assert [rule.share for rule in found] == [0.75, None]


def test_what_closed_earlier_or_elsewhere_does_not_count(world, block):
    close(world, block, "A01", Verdict.TRUE)
    stranger = world.community_officer(world.community("别的社区"))
    assert list_precision(stranger.actor) == []
    assert list_precision(block.officer.actor, world.now + timedelta(hours=1)) == []


def test_landlords_and_workers_do_not_see_it(client, world, block):
    with pytest.raises(Forbidden):
        list_precision(block.landlord.actor)
    assert client.get("/api/v1/rules/precision", headers=world.key(block.worker)).status_code == 403
    assert client.get("/api/v1/rules/precision", headers=world.key(block.officer)).json == []
