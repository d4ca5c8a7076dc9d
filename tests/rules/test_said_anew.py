"""A rule's statement that was built once says at any moment what one built for that moment would."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rental_mgmt.core.db import engine
from rental_mgmt.core.prepared import prepare
from rental_mgmt.rules.base import RULES, Rule, load_rules

load_rules()
FIRST = datetime(2018, 1, 1, tzinfo=UTC)
MOMENTS = st.timedeltas(timedelta(0), timedelta(days=16 * 365)).map(lambda since: FIRST + since)
SUBJECTS = st.none() | st.sets(st.integers(1, 10**9), max_size=5).map(sorted)


def said(statement, values) -> tuple[str, dict]:
    compiled = statement.compile(engine())
    kept = {name: bound.effective_value for bound, name in compiled.bind_names.items()}
    return compiled.string, kept | values


SAID = [("find", code) for code in sorted(RULES)]
SAID += [("due", code) for code in sorted(RULES) if type(RULES[code]).due is not Rule.due]


@pytest.mark.parametrize(("what", "code"), SAID)
def test_a_kept_statement_is_the_one_built_for_its_moment(house, what, code):
    rule = RULES[code]

    def build(at, ids):
        return rule.find(at, ids, **rule.settings) if what == "find" else rule.due(ids, at, **rule.settings)

    @settings(max_examples=40, deadline=None)
    @given(at=MOMENTS, ids=SUBJECTS)
    def holds(at, ids):
        assert said(*prepare((what, code), build, at, ids)) == said(build(at, ids), {})

    holds()
