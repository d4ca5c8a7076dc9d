"""The JSON door: strict reading, problem details (RFC 9457), and the OpenAPI document."""

from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Response, current_app, json, request
from flask_smorest import Api as SmorestApi
from flask_smorest import Blueprint as SmorestBlueprint
from marshmallow import RAISE, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from . import fields, strict_json
from .errors import Invalid, Refusal
from .i18n import _
from .paging import LARGEST, SIZE


class StrictParser(FlaskParser):
    """Reads JSON by our own rules; repeated or unknown query parameters are errors that name themselves."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}

    def load_json(self, req, schema):
        fields.values_are_typed.set(True)
        body = req.get_data()
        if not body:
            return {}
        if not req.is_json:
            raise UnsupportedMediaType
        return strict_json.loads(body)

    def load_querystring(self, req, schema):
        fields.values_are_typed.set(False)
        repeated = [name for name, values in req.args.lists() if len(values) > 1]
        if repeated:
            raise Invalid(errors={name: [_("此参数只能出现一次")] for name in repeated})
        return req.args.to_dict()

    def load_form(self, req, schema):
        fields.values_are_typed.set(False)
        return req.form.to_dict()

    def handle_error(self, error, req, schema, *, error_status_code, error_headers):
        messages = error.messages
        if (
            isinstance(messages, dict)
            and len(messages) == 1
            and next(iter(messages)) in ("json", "query", "form")
        ):
            messages = next(iter(messages.values()))
        raise Invalid(errors=messages)


class Blueprint(SmorestBlueprint):
    """A room's operations; the same declaration routes, validates and documents."""

    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema, **options):
        """As smorest's; the schema is made once and not for each request."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **options)


class PageQuery(fields.Schema):
    """The paging parameters every list takes."""

    cursor = fields.Text("翻页标记", max=1000, load_default=None)
    size = fields.Whole("每页条数", min=1, max=LARGEST, load_default=SIZE)


def problem(refusal: Refusal) -> Response:
    """Problem details: what is wrong, in words, with every bad field by its path; no instance, no secrets."""
    body = {
        "type": f"urn:rental-mgmt:problem:{refusal.code}",
        "title": str(refusal.message),
        "status": refusal.status,
        "code": refusal.code,
    }
    if isinstance(refusal, Invalid):
        body["errors"] = [{"path": path, "detail": said} for path, said in flat(refusal.errors)]
    if refusal.details:
        body["details"] = refusal.details
    text = json.dumps(body, ensure_ascii=False, sort_keys=True)
    return Response(text, refusal.status, content_type="application/problem+json; charset=utf-8")


def flat(errors, path: str = "") -> list[tuple[str, str]]:
    """Nested error messages as (path, sentence), e.g. ("guests[0].id_number", "…")."""
    if isinstance(errors, dict):
        return [found for key, inner in errors.items() for found in flat(inner, _step(path, key))]
    if isinstance(errors, list):
        return [found for inner in errors for found in flat(inner, path)]
    return [(path, str(errors))]


def _step(path: str, key) -> str:
    if key == "_schema":
        return path
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}" if path else str(key)


class ProblemError(fields.Schema):
    """One bad field of a refused request."""

    path = fields.Text("字段路径", required=True)
    detail = fields.Text("说明", required=True)


class Problem(fields.Schema):
    """A refusal (RFC 9457): what is wrong, in words; every bad field by its path."""

    type = fields.Text("问题类型", required=True)
    title = fields.Text("说明", required=True)
    status = fields.Whole("状态码", required=True)
    code = fields.Text("问题代码", required=True)
    errors = fields.fields.List(fields.fields.Nested(ProblemError))
    details = fields.fields.Dict()


class Api(SmorestApi):
    """smorest's Api, but every error is ours and is documented as problem+json."""

    ERROR_SCHEMA = Problem

    def _register_error_handlers(self):
        """Errors are said in core/http.py."""

    def document(self) -> dict:
        """The OpenAPI document of the whole product."""
        found = self.spec.to_dict()
        for answer in found["components"].get("responses", {}).values():
            _as_problem(answer)
        for operations in found["paths"].values():
            for operation in operations.values():
                for status, answer in (
                    operation.get("responses", {}).items() if isinstance(operation, dict) else ()
                ):
                    if status == "default" or (status.isdigit() and int(status) >= 400):
                        _as_problem(answer)
        return found


def _as_problem(answer: dict) -> None:
    content = answer.get("content", {})
    if "application/json" in content:
        content["application/problem+json"] = content.pop("application/json")


def init_app(app, blueprints) -> Api:
    app.config.update(
        API_TITLE="网约房平安登记",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=None,
        API_SPEC_OPTIONS={
            "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
            "security": [{"key": []}],
        },
    )
    api = Api(app, spec_kwargs={"marshmallow_plugin": _Plugin(schema_name_resolver=_schema_name)})
    for blueprint in blueprints:
        api.register_blueprint(blueprint, url_prefix=blueprint.url_prefix or "/api/v1")
    app.extensions["api"] = api
    return api


# What a program may put into our own kinds of fields; a schema can say no more of them than this.
_KINDS = (
    (fields.Whole, {"type": "integer"}),
    (fields.Decimal, {"type": "number"}),
    (fields.Flag, {"type": "boolean"}),
    (fields.Moment, {"type": "string", "format": "date-time"}),
    (fields.Day, {"type": "string", "format": "date"}),
    (fields.Choice, {"type": "string"}),
)


class _Plugin(MarshmallowPlugin):
    """Knows our own kinds of fields, too."""

    def init_spec(self, spec):
        super().init_spec(spec)
        self.converter.add_attribute_function(_said_of)


def _said_of(_converter, field, **_ret) -> dict:
    """The type of one of our fields, with its limits."""
    said = next((dict(words) for kind, words in _KINDS if isinstance(field, kind)), {})
    if isinstance(field, fields.Whole | fields.Decimal):
        said |= {"minimum": field.min, "maximum": field.max}
    if type(field) is fields.Text:
        said |= {"maxLength": field.max} | ({"minLength": field.min} if field.min else {})
    if "type" in said and field.allow_none:
        said["type"] = [said["type"], "null"]
        if isinstance(field, fields.Choice):
            said["enum"] = [*field.metadata["enum"], None]
    return said


def _schema_name(schema) -> str:
    """The room and the class: two rooms may both have a ReasonIn."""
    kind = schema if isinstance(schema, type) else type(schema)
    room = kind.__module__.split(".")[1]
    return f"{room}.{kind.__name__}"


def load(schema, data):
    """Load data with a schema outside of a request's own argument (webhooks), errors as Invalid."""
    try:
        return schema.load(data)
    except ValidationError as error:
        raise Invalid(errors=error.normalized_messages()) from None


def read_json():
    """The body of this request, read strictly."""
    if not request.is_json:
        raise UnsupportedMediaType
    fields.values_are_typed.set(True)
    return strict_json.loads(request.get_data())


def the_api() -> Api:
    return current_app.extensions["api"]
