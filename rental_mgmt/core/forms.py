"""An HTML form is a schema met on a page: the same rules as the API, kept input, errors beside the fields."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from flask import g, request
from marshmallow import EXCLUDE, ValidationError
from marshmallow import fields as mf
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from . import fields
from .api import flat
from .db import session, start_over
from .errors import Conflict, Invalid, Refusal, StepUpNeeded, Unauthenticated, Unavailable
from .i18n import _

# What was typed into these is never sent back to the page.
NOT_KEPT = frozenset({"password", "secret"})
INDEX = re.compile(r"\[[0-9]+\]")


@dataclass
class FieldSpec:
    """What a template needs to draw one field."""

    name: str
    label: str = ""
    kind: str = "text"
    help: str = ""
    required: bool = False
    choices: list = field(default_factory=list)
    extra: dict = field(default_factory=dict)

    def __getattr__(self, name):
        return self.__dict__.get("extra", {}).get(name, "")


class Form:
    """One form on one page.

    `files` name the uploads that are handed to the action as keyword arguments; as a dict, each with its label.
    """

    def __init__(
        self,
        schema: type[fields.Schema],
        initial: dict | None = None,
        files: tuple[str, ...] | dict[str, str] = (),
    ):
        self.schema = schema(unknown=EXCLUDE)
        self.initial = initial or {}
        self.files = files if isinstance(files, dict) else dict.fromkeys(files, "")
        self.errors: dict[str, list[str]] = {}
        self.status, self._is_sent = 200, False

    def submit(self, action: Callable[..., Any]) -> bool:
        """On POST, load the form and do the action. False: show the page (again) with what was typed."""
        if request.method != "POST":
            return False
        self._is_sent = True
        try:
            action(**self._load())
            # What the database refuses is refused here, where the page still has what was typed.
            session.flush()
            return True
        except (StaleDataError, IntegrityError):
            self._refuse(Conflict(_("记录已存在或刚被他人修改，请刷新后再试")))
        except ValidationError as error:
            self._refuse(Invalid(errors=error.normalized_messages()))
        except (Unauthenticated, StepUpNeeded, Unavailable):
            raise
        except Refusal as refusal:
            self._refuse(refusal)
        return False

    def _load(self) -> dict:
        fields.values_are_typed.set(False)
        typed = {}
        for name, spec in self.schema.load_fields.items():
            many = isinstance(spec, mf.List)
            values = request.form.getlist(name)
            if values:
                typed[name] = values if many else values[0]
            elif isinstance(spec, fields.Flag):
                typed[name] = False
        loaded = self.schema.load({k: v for k, v in typed.items() if v != "" or self.schema.fields[k].required})
        uploads = {name: [u for u in request.files.getlist(name) if u.filename] for name in self.files}
        return loaded | uploads

    def _refuse(self, refusal: Refusal) -> None:
        start_over()
        self.status = refusal.status
        g.form_status = refusal.status
        if isinstance(refusal, Invalid) and refusal.errors:
            for path, said in flat(refusal.errors):
                # A fault of one of several answers (kinds[0]) stands beside the field that asks for them.
                known = self.errors.setdefault(INDEX.sub("", path), [])
                known.append(said) if said not in known else None
        else:
            self.errors["_schema"] = [str(refusal.message)]

    def spec(self, name: str) -> FieldSpec:
        """How to draw a field, from the schema that also checks it."""
        found = self.schema.fields.get(name)
        if found is None:
            return FieldSpec(name, label=self.files.get(name, ""), kind="file")
        said = dict(found.metadata)
        if isinstance(found, mf.List):
            said = dict(found.inner.metadata) | said | {"multiple": True}
        taken = {k: said.pop(k) for k in ("label", "kind", "help", "choices") if k in said}
        return FieldSpec(name, required=found.required or _has_preset(found), extra=said, **taken)

    def value(self, name: str):
        """What was typed into this form (a page may have several), else the present value."""
        kind = self.spec(name).kind
        if kind in NOT_KEPT:
            return ""
        if self._is_sent and request.form:
            found = self.schema.fields.get(name)
            if isinstance(found, mf.List):
                return request.form.getlist(name)
            return request.form.get(name, "")
        value = self.initial.get(name)
        return "" if value is None else value

    def errors_of(self, name: str) -> list[str]:
        return self.errors.get(name, [])

    @property
    def said_in_one_line(self) -> str:
        """All that is wrong, each with its field's name: for a flash where the form is not shown again."""
        said = [(self.spec(name).label, words) for name, errors in self.errors.items() for words in errors]
        return _("；").join(f"{label}{_('：')}{words}" if label else words for label, words in said)

    @property
    def general_errors(self) -> list[str]:
        return self.errors.get("_schema", []) + self.errors.get("", [])


def form_key() -> str:
    """A fresh idempotency key for one rendered form."""
    return secrets.token_urlsafe(16)


def _has_preset(found: mf.Field) -> bool:
    """Does a choice begin with one of its words? Then nothing has to be said about leaving it out."""
    return isinstance(found, fields.Choice) and isinstance(found.load_default, StrEnum)
