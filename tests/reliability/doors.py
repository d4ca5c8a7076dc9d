"""Every door of the product, with something to put into each: addresses of things, and bodies that load."""

import io
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from flask import Flask
from werkzeug.routing import Rule

from rental_mgmt.core import clock
from rental_mgmt.core.api import the_api
from tests.support import people
from tests.support.pictures import jpeg

# What a plain <uuid:uid> names, by how the address begins; the first that fits.
KINDS_BY_ADDRESS = (
    ("/people/waiting/roles/", "waiting_role"),
    ("/people/waiting/", "waiting_code"),
    ("/people/", "person"),
    ("/sessions/devices/", "phone"),
    ("/sessions/", "session"),
    ("/api-keys/", "key"),
    ("/alerts/", "alert"),
    ("/exports/", "export"),
    ("/lookups/", "lookup"),
    ("/notices/", "notice"),
    ("/messages/", "message"),
    ("/work-orders/", "order"),
    ("/grids/", "grid"),
    ("/stations/", "station"),
)
KINDS_BY_NAME = {
    "unit_uid": "unit",
    "stay_uid": "stay",
    "guest_uid": "guest",
    "filing_uid": "filing",
    "list_uid": "floor_list",
    "document_uid": "document",
    "building_uid": "building",
    "batch_uid": "batch",
    "compound_uid": "compound",
    "place_uid": "compound",
    "alert_uid": "alert",
    "file_uid": "order_photo",
    "device_uid": "device",
    "source_uid": "source",
    "contact_uid": "contact",
    "membership_uid": "membership",
    "transfer_uid": "transfer",
}
# Places that are not the compound.
BUILDINGS = {
    *("agree", "withdraw", "assign_grid", "end_grid", "assign_unit", "end_unit"),
    *("show", "add", "rename", "set_pack", "get_place"),
}
WORDS = {"code": "A01", "law_id": "psal-2025-67-1", "name": "openapi.json", "kind": "i", "token": "x"}


@dataclass(frozen=True)
class Door:
    """One method of one endpoint."""

    method: str
    endpoint: str
    rule: Rule

    @property
    def is_api(self) -> bool:
        return self.rule.rule.startswith("/api/")

    @property
    def kinds(self) -> dict[str, str]:
        """The things that its address names: parameter → kind."""
        return {name: self._kind(name) for name in sorted(self.rule.arguments) if name.endswith("uid")}

    def _kind(self, name: str) -> str:
        if name == "unit_uid" and "document_uid" in self.rule.arguments:
            return "filed_unit"
        if name != "uid":
            return KINDS_BY_NAME[name]
        path = self.rule.rule.removeprefix("/api/v1")
        if path.startswith("/places/"):
            return "building" if self.endpoint.partition(".")[2] in BUILDINGS else "compound"
        return next(kind for begins, kind in KINDS_BY_ADDRESS if path.startswith(begins))

    def address(self, app: Flask, things: dict) -> str:
        given = {name: WORDS.get(name, "x") for name in self.rule.arguments if not name.endswith("uid")}
        given |= {name: things[kind] for name, kind in self.kinds.items()}
        with app.test_request_context():
            return self.rule.build(given, append_unknown=False)[1]


def doors_of(app: Flask) -> list[Door]:
    """All of them, in the order of their names; OPTIONS and HEAD are Flask's own."""
    found = {
        (rule.endpoint, method, rule.rule): Door(method, rule.endpoint, rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.endpoint != "static"
    }
    return [found[key] for key in sorted(found)]


# --- bodies -------------------------------------------------------------------------------------------------


def given(door: Door, things: dict) -> dict:
    """What loads in any form of the product: a form takes the fields it knows and leaves the others alone."""
    today, later = clock.local_day(clock.now()), clock.now() + timedelta(days=2)
    person = people.person(90_000)
    told = {
        "reason": "核对后需要这样办理",
        "note": "已到场核对",
        "name": person.name,
        "number": person.id_number,
        "phone": person.phone,
        "safety_contact_name": person.name,
        "safety_contact_phone": person.phone,
        "explanation": "加床",
        "checks_in_at": clock.now(),
        "checks_out_at": later,
        "at": clock.now(),
        "reported_at": clock.now(),
        "until": later,
        "night_on": today,
        "from_day": today - timedelta(days=9),
        "to_day": today,
        "effective_from": today,
        "expires_on": today + timedelta(days=30),
        "expires_at": clock.real_now() + timedelta(days=2),
        "month": "2026-05",
        "state": "empty",
        "field": "number",
        "approve": "true",
        "to": things["person"],
        "unit": things["filed_unit"],
        "into": things["filed_unit"],
        "source": things["source"],
        "serial": "SN-77",
        "compound": things["compound"],
        "place": things["compound"],
        "building": things["building"],
        "door": "1999",
        "alerts": things["alert"],
        "orders": things["order"],
        "result": "true",
        "purpose": "criminal_case",
        "case_number": "A5101042026060001",
        "code": "ABCD-EFGH-JKLM",
        "version": 1,
    }
    return told | {name: value(things) for name, value in SPECIAL.get(door.endpoint, {}).items()}


# Where a word means something else, or more is asked than the schema says.
SPECIAL = {
    "units.add_document": {"kind": lambda _: "photo"},
    "stays.overseas_report": {"receipt_number": lambda _: "R-1"},
    "alerts.answer": {"answer": lambda _: "vacant"},
    "places.add": {"kind": lambda _: "floor", "name": lambda _: "3层", "code": lambda _: "3"},
    "places.add_street": {"kind": lambda _: "street", "code": lambda _: "77"},
    "units.walk": {"place": lambda things: things["building"]},
    "units_api.record_walk": {"place": lambda things: things["building"]},
} | {
    f"{room}.invite": {"role": lambda things: things["gives"], "over": lambda things: things["gives_over"]}
    for room in ("accounts", "accounts_api")
}
# What the schema does not ask of everybody, but the operation of these.
ALSO = {
    "stays_api.register_guest": ("number",),
    "exports_api.look_up": ("number",),
    "units_api.claim": ("code",),
    "places_api.assign_grid": ("building",),
    "places_api.end_grid": ("building",),
    "accounts_api.invite": ("phone", "over"),
}
WITH_FILES = {
    "units.add_document",
    "stays.overseas_report",
    "imports.index",
    "imports_api.upload",
    "workorders_api.add_photo",
    "units_api.add_documents",
    "stays_api.record_overseas_report",
}


def sent(door: Door, things: dict, csrf: str) -> dict:
    """What a client of Werkzeug sends to this door, from a page of ours or as a script in one."""
    if door.method == "GET":
        return {"query_string": _query(door, things)}
    headers = {"X-CSRF-Token": csrf}
    if door.is_api and door.endpoint not in WITH_FILES:
        body = _body(door, things)
        return {"headers": headers} | ({} if body is None else {"json": body})
    typed = (_body(door, things) or {"item": "door"}) if door.is_api else given(door, things)
    values = {name: _typed(value) for name, value in typed.items() if value is not None}
    if not door.is_api:
        values |= {"csrf": csrf, "here": "/"}
    if door.endpoint in WITH_FILES:
        values |= {name: (io.BytesIO(jpeg()), "photo.jpg") for name in ("photo", "file")}
        return {"data": values, "content_type": "multipart/form-data", "headers": headers}
    return {"data": values, "headers": headers}


def _typed(value) -> str:
    """As a person types it into a form."""
    if isinstance(value, list):
        return [_typed(one) for one in value]
    return (
        value.astimezone(clock.LOCAL).strftime("%Y-%m-%dT%H:%M") if isinstance(value, datetime) else str(value)
    )


@cache
def _document(api) -> dict:
    return api.document()


def _operation(door: Door) -> tuple[dict, dict]:
    document, path = _document(the_api()), door.rule.rule
    for argument in door.rule.arguments:
        for kind in ("uuid:", ""):
            path = path.replace(f"<{kind}{argument}>", "{" + argument + "}")
    return document, document["paths"][path][door.method.lower()]


def _query(door: Door, things: dict) -> dict:
    if not door.is_api:
        return {}
    known = given(door, things)
    asked = [
        one for one in _operation(door)[1].get("parameters", ()) if one["in"] == "query" and one.get("required")
    ]
    return {one["name"]: _typed(known[one["name"]]) for one in asked}


def _body(door: Door, things: dict) -> dict | None:
    """The least that the operation takes, as the product's own OpenAPI document says."""
    document, operation = _operation(door)
    if "requestBody" not in operation:
        return None
    [said] = operation["requestBody"]["content"].values()
    known = given(door, things)
    also = {name: _in_json(known[name], {}) for name in ALSO.get(door.endpoint, ()) if known[name] is not None}
    return _least(said["schema"], document, known) | also


def _least(schema: dict, document: dict, known: dict, name: str = ""):
    """The smallest value that a JSON schema takes, with what is known by its name."""
    if "$ref" in schema:
        return _least(document["components"]["schemas"][schema["$ref"].split("/")[-1]], document, known, name)
    kind = schema.get("type", "object")
    kind = kind if isinstance(kind, str) else kind[0]
    if kind == "object":
        inner = schema.get("properties", {})
        return {key: _least(inner[key], document, known, key) for key in schema.get("required", ())}
    if kind == "array":
        return [_least(schema["items"], document, known, name)]
    if "enum" in schema:
        return str(known[name]) if str(known.get(name)) in schema["enum"] else schema["enum"][0]
    if kind in ("integer", "number"):
        return schema.get("minimum", 1)
    return True if kind == "boolean" else _in_json(known.get(name, "测试文字内容够长"), schema)


def _in_json(value, schema: dict):
    if isinstance(value, list):
        return [_in_json(one, {}) for one in value]
    if schema.get("format") == "date":
        return str(value if type(value) is date else clock.local_day(clock.now()))
    return value.isoformat() if isinstance(value, datetime) else str(value)
