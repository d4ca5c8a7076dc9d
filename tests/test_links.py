"""Every address that a page makes leads to a page: the endpoint is there, and takes what it is given."""

from pathlib import Path

import pytest
from jinja2 import nodes

PACKAGE = Path(__file__).parent.parent / "rental_mgmt"
TEMPLATES = sorted(PACKAGE.glob("**/templates/**/*.html"))
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@only_sqlite
def test_every_address_in_a_template_is_one_of_the_product(app):
    wrong = []
    for template in TEMPLATES:
        tree = app.jinja_env.parse(template.read_text("utf-8"))
        for call in tree.find_all(nodes.Call):
            if _named(call) == "url_for" and (fault := _fault(app, call, template.parent.name)):
                wrong.append(f"{template.relative_to(PACKAGE)}:{call.lineno} {fault}")
    assert wrong == []


def _named(call: nodes.Call) -> str:
    return call.node.name if isinstance(call.node, nodes.Name) else ""


def _fault(app, call: nodes.Call, room: str) -> str:
    """What is wrong with url_for("endpoint", name=…); "" for a right one and for one chosen elsewhere."""
    if not isinstance(call.args[0], nodes.Const):
        return ""
    endpoint, given = call.args[0].value, {word.key for word in call.kwargs}
    endpoint = room + endpoint if endpoint.startswith(".") else endpoint
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint == endpoint]
    if not rules:
        return f"nothing answers as {endpoint}"
    # Spread arguments (**filter) may bring what is missing.
    if call.dyn_kwargs or any(rule.arguments <= given for rule in rules):
        return ""
    return f"{endpoint} takes {sorted(rules[0].arguments)}, not {sorted(given)}"
