"""The document of the API says of every field what kind of value it takes."""

from rental_mgmt.core.api import the_api

SAYS = {"type", "$ref", "anyOf", "allOf", "oneOf", "enum"}


def test_every_field_of_every_schema_has_a_type(app):
    schemas = the_api().document()["components"]["schemas"]
    silent = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        for field, said in schema.get("properties", {}).items()
        if not SAYS & set(said)
    ]
    assert silent == []


def test_limits_and_null_are_said(app):
    fields = the_api().document()["components"]["schemas"]["units.UnitEditIn"]["properties"]
    assert fields["beds"] == {"type": "integer", "minimum": 1, "maximum": 100}
    assert fields["nickname"]["type"] == ["string", "null"]
    assert None in fields["legal_regime"]["enum"]


def test_an_error_is_documented_as_it_is_said(app):
    document = the_api().document()
    said = document["components"]["responses"]["DEFAULT_ERROR"]["content"]["application/problem+json"]["schema"]
    problem = document["components"]["schemas"][said["$ref"].rpartition("/")[2]]
    answer = app.test_client().get("/api/v1/me").json
    assert set(problem["required"]) <= set(answer) <= set(problem["properties"])
