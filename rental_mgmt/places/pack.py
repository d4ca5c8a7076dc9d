"""Jurisdiction packs: what holds in a place on a day, read from data files; no city's rule is in code."""

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache, lru_cache
from pathlib import Path

from marshmallow import ValidationError

from ..core import strict_json
from ..core.errors import Refusal
from .pack_parts import Ages, Capacity, DecidedBy, LegalRegime, Notice, Pack, Paper, Step, Topic, Wording
from .pack_schema import NOTICE_KEYS, RETENTION_KEYS, WORD_KEYS, PackIn

__all__ = [
    "Ages",
    "Capacity",
    "DecidedBy",
    "LegalRegime",
    "Notice",
    "Pack",
    "PackError",
    "Packs",
    "Paper",
    "Step",
    "Topic",
    "UnknownPack",
    "Wording",
    "national_ages",
    "pack_codes",
    "pack_for",
]

FOLDER = Path(__file__).parent / "data" / "packs"
# Keys of which every pack has all, once it is merged with what it extends.
COMPLETE = {
    "words": WORD_KEYS,
    "notices": NOTICE_KEYS,
    "retention_months": RETENTION_KEYS,
    "regimes": [regime.value for regime in LegalRegime],
}


# The day from which the ages below have stood in national law (未成年人保护法 2, 个人信息保护法 28).
_SINCE = date(2021, 11, 1)


class PackError(Exception):
    """A pack's file is not right: the message names the file and the key."""


class UnknownPack(KeyError):
    """No pack has this code."""


class Packs:
    """All packs of a folder, each with its versions; loading checks every one of them."""

    def __init__(self, folder: Path = FOLDER):
        self.versions: dict[str, list[tuple[date, str, dict]]] = {}
        for path in sorted(folder.glob("*.json")):
            self._add(path)
        for code, versions in self.versions.items():
            versions.sort(key=lambda version: version[:2])
            for effective_from, _name, _raw in versions:
                self.find(code, effective_from)

    def _add(self, path: Path) -> None:
        raw = _read(path)
        _check(path.name, PackIn().validate(raw, partial=True))
        for key in ("code", "effective_from"):
            if key not in raw:
                raise PackError(f"{path.name}: {key}: missing")
        version = date.fromisoformat(raw["effective_from"]), path.name, raw
        self.versions.setdefault(raw["code"], []).append(version)

    def find(self, code: str, on: date) -> Pack:
        """The pack of a code as it stands on a day; days before its first version are judged by that one."""
        name, raw = self._merged(code, on, ())
        for key, names in COMPLETE.items():
            if lacking := [each for each in names if each not in raw.get(key, {})]:
                raise PackError(f"{name}: {key}.{lacking[0]}: missing")
        try:
            return PackIn().load(raw)
        except ValidationError as error:
            _check(name, error.messages)
            raise

    def _merged(self, code: str, on: date, below: tuple[str, ...]) -> tuple[str, dict]:
        if code in below:
            raise PackError(f"{code}: extends: a circle {' > '.join((*below, code))}")
        if code not in self.versions:
            raise PackError(f"{below[-1]}: extends: no pack {code}") if below else UnknownPack(code)
        versions = self.versions[code]
        _day, name, raw = next((v for v in reversed(versions) if v[0] <= on), versions[0])
        if base := raw.get("extends"):
            raw = _merge(self._merged(base, on, (*below, code))[1], raw)
        return name, raw


def _read(path: Path) -> dict:
    try:
        raw = strict_json.loads(path.read_bytes())
    except Refusal as error:
        raise PackError(f"{path.name}: {error.message}") from None
    if not isinstance(raw, dict):
        raise PackError(f"{path.name}: not an object")
    return raw


def _check(name: str, errors: Mapping) -> None:
    for key, what in _slips(errors):
        raise PackError(f"{name}: {key}: {what}")


def _slips(errors, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            yield from _slips(inner, (*path, str(key)))
    else:
        what = errors[0] if isinstance(errors, list) else errors
        yield ".".join(part for part in path if part not in ("key", "value")), str(what)


def _merge(base: dict, over: dict) -> dict:
    """`over` on top of `base`: objects are merged key by key, everything else (lists too) is replaced."""
    shared = base.keys() & over.keys()
    both = {key: _merge(base[key], over[key]) for key in shared if _are_objects(base[key], over[key])}
    return base | over | both


def _are_objects(*values) -> bool:
    return all(isinstance(value, dict) for value in values)


@cache
def _shipped() -> Packs:
    return Packs()


@lru_cache(maxsize=256)
def pack_for(code: str, on: date) -> Pack:
    """The pack of a place's code on a day, merged with those it extends. Raises UnknownPack."""
    return _shipped().find(code, on)


def pack_codes() -> list[str]:
    """The codes a place may carry."""
    return sorted(_shipped().versions)


def national_ages() -> Ages:
    """Under which ages somebody is a minor, and a child whose data stands apart: the same everywhere.

    National law sets both, and no place's pack may say otherwise (pack_schema refuses it): who is a minor can
    be told from the age alone, without asking where.
    """
    return pack_for("national", _SINCE).ages
