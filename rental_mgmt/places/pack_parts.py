"""What a jurisdiction pack holds: ages, deadlines, papers, steps, words and notices of a place."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from ..core import i18n
from .law import Law, in_force


class LegalRegime(StrEnum):
    """Which law binds a unit; UNDECIDED uses the duties that bind everyone who lodges people."""

    HOTEL = "hotel"
    RENTAL = "rental"
    LOCAL = "local"
    UNDECIDED = "undecided"


class DecidedBy(StrEnum):
    """Who ends a filing: the police liaison, or the check on site, of which the police are informed."""

    LIAISON = "liaison"
    INFORMED = "informed"


class Topic(StrEnum):
    """What a regime names a basis for."""

    REGISTER = "register"
    FOREIGN = "foreign"
    TAIWAN = "taiwan"
    HK_MACAO = "hk_macao"
    MINOR = "minor"


@dataclass(frozen=True)
class Wording:
    """Words of the place in both languages; as text, those of the present language."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if i18n.locale() == "en" else self.zh


@dataclass(frozen=True)
class Regime:
    title: Wording
    basis: Mapping[Topic, tuple[str, ...]]


@dataclass(frozen=True)
class Ages:
    """Years: under `minor` ask a guardian, under `strong` it is urgent, under `sensitive` data is apart."""

    minor: int
    strong: int
    sensitive: int


@dataclass(frozen=True)
class Deadlines:
    """How long each thing may take. Registration minutes are the place's or ours: no national law sets them."""

    planned_start_grace: timedelta
    registration_note: timedelta
    registration_breach: timedelta
    minor_fields: timedelta
    overseas_warn: timedelta
    overseas_raise: timedelta
    overseas_report: timedelta
    hk_macao_taiwan_report: timedelta
    hk_macao_taiwan_rural_report: timedelta
    overstay_note: timedelta
    overstay_breach: timedelta
    overstay_raise: timedelta
    left_early_silence: timedelta
    filing_check_working_days: int
    change_filing_days: int
    long_let_nights: int


@dataclass(frozen=True)
class Capacity:
    """How many people may sleep in a unit, children counted."""

    people_per_bed: int
    area_per_person: Decimal

    def limit(self, beds: int, area: Decimal | float, declared: int) -> int:
        """The least of beds × people, whole shares of the area (m²), and what was declared."""
        by_area = math.floor(Decimal(str(area)) / self.area_per_person)
        return min(beds * self.people_per_bed, by_area, declared)


@dataclass(frozen=True)
class Step:
    """One screen of a filing: the unit's fields that must be filled there, others, and the papers asked for."""

    key: str
    title: Wording
    help: Wording
    needs: tuple[str, ...]
    optional: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Paper:
    """A paper of a filing; no regimes or party roles named means it is asked of all."""

    kind: str
    title: Wording
    required: bool
    regimes: tuple[LegalRegime, ...] = ()
    party_roles: tuple[str, ...] = ()
    valid_months: int | None = None
    basis: tuple[str, ...] = ()

    def is_asked_of(self, regime: LegalRegime, party_role: str) -> bool:
        asked_of_regime = not self.regimes or regime in self.regimes
        return asked_of_regime and (not self.party_roles or party_role in self.party_roles)


@dataclass(frozen=True)
class Section:
    title: Wording
    text: Wording


@dataclass(frozen=True)
class Notice:
    """A notice to a guest before data is taken (PIPL 17 and 30), in sections, with its basis."""

    title: Wording
    basis: tuple[str, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class Pack:
    """What holds in a place from a day on; read through pack_for()."""

    code: str
    title: Wording
    effective_from: date
    decided_by: DecidedBy
    words: Mapping[str, Wording]
    preset_regime: LegalRegime
    regime_hint: Wording
    regimes: Mapping[LegalRegime, Regime]
    ages: Ages
    deadlines: Deadlines
    retention_months: Mapping[str, int]
    steps: tuple[Step, ...]
    papers: tuple[Paper, ...]
    notices: Mapping[str, Notice]
    house_rules: tuple[Wording, ...]
    safe_harbour_days: int
    capacity: Capacity
    extends: str | None = None

    @property
    def required_fields(self) -> tuple[str, ...]:
        """The unit's fields that a filing cannot be submitted without."""
        return tuple(name for step in self.steps for name in step.needs)

    def papers_for(self, regime: LegalRegime, party_role: str) -> tuple[Paper, ...]:
        """The papers asked of a unit of this regime from an owner, sublessor or agent."""
        return tuple(paper for paper in self.papers if paper.is_asked_of(regime, party_role))

    def basis(self, topic: Topic, regime: LegalRegime, on: date) -> tuple[Law, ...]:
        """The laws to name for a duty on a unit of this regime on that day, never those of another regime."""
        return in_force(self.regimes[regime].basis.get(topic, ()), on)

    def read_notice(self, name: str, *, operator: str, platform: str, contact: str) -> list[tuple[str, str]]:
        """A notice in the present language as (heading, text), with who acts and the pack's terms filled in."""
        said = self._terms() | {"operator": operator, "platform": platform, "contact": contact}
        return [(str(part.title), str(part.text).format(**said)) for part in self.notices[name].sections]

    def _terms(self) -> dict[str, int]:
        return {
            "guest_months": self.retention_months["guest"],
            "minor_months": self.retention_months["minor"],
            "minor_age": self.ages.minor,
            "sensitive_age": self.ages.sensitive,
            "overseas_hours": self.deadlines.overseas_report // timedelta(hours=1),
        }
