"""Every rule's own cases at the boundary, and what every rule must have."""

import pytest

from rental_mgmt.core import clock
from rental_mgmt.core.db import session
from rental_mgmt.rules.base import load_rules
from rental_mgmt.rules.findings import find

RULES = list(load_rules().values())
CASES = [pytest.param(rule, case, id=f"{rule.code}-{case.name}") for rule in RULES for case in rule.cases]
FIRST_TWELVE = ["A01", "A02", "A03", "A05", "A06", "B01", "B03", "B04", "C01", "C06", "D01", "F05"]


@pytest.mark.parametrize(("rule", "case"), CASES)
def test_a_rule_says_what_its_case_says(rule, case, field, count_queries):
    case.given(field)
    session.rollback()
    with count_queries() as seen:
        found = find(rule, clock.now(), None)
    assert len(seen) == 1, "a rule is one query"
    names = {name: flat.row.id for name, flat in field.units.items()}
    assert sorted(unit for finding in found for unit in finding.unit_ids) == sorted(
        names[name] for name in case.finds
    )
    for finding in found:
        assert "%(" not in finding.text
        assert case.severity in (None, finding.severity)
        assert finding.is_note == case.is_note
        assert finding.newest_at is not None
        assert set(finding.evidence["numbers"]) <= set(rule.labels)
    # Asked about these subjects alone it says the same; about others, nothing.
    keys = [finding.subject_key for finding in found]
    assert find(rule, clock.now(), keys) == found
    assert find(rule, clock.now(), []) == find(rule, clock.now(), [10**6]) == []
