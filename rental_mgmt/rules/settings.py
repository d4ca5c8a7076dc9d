"""The rule book: which rules there are, how often they were right, and tuning them, written down."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import Select, false, or_, select

from ..accounts.scope import below
from ..alerts.harbour import SETTING
from ..alerts.precision import Precision, list_precision
from ..audit.service import record
from ..core import clock
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Invalid, NotFound
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..core.settings import get_setting, put_setting
from ..core.touch import Kind, touch
from ..places.models import Place, PlaceKind
from .base import Rule, load_rules
from .models import RuleSetting
from .tuning import Tuning

# Who reads the whole book; others read of the rules whose turn comes to them.
DESK = (
    Role.COMMUNITY_OFFICER,
    Role.POLICE_LIAISON,
    Role.STATION_LEAD,
    Role.SYSTEM_ADMIN,
    Role.AUDITOR,
)
READERS = (*DESK, Role.LANDLORD, Role.HELPER, Role.PROPERTY_MANAGER, Role.GRID_WORKER)
TUNERS = (Role.COMMUNITY_OFFICER, Role.SYSTEM_ADMIN)
JUDGES = (Role.COMMUNITY_OFFICER, Role.POLICE_LIAISON, Role.STATION_LEAD)
PRECISION_OF = timedelta(days=90)
LONGEST_HARBOUR = timedelta(days=180)
# So many times what it ships with may a setting be.
WIDEST = 20


@dataclass(frozen=True)
class Tuned:
    """A rule as it stands somewhere: on or off, its settings, and how often it was tuned."""

    place: Place | None
    is_on: bool
    settings: dict[str, int]
    version: int


@allow(*READERS)
def list_rules(actor: Actor) -> list[Rule]:
    """The rules this actor may read about, in the order of their codes."""
    return [rule for _code, rule in sorted(load_rules().items()) if _may_read(actor, rule)]


def _may_read(actor: Actor, rule: Rule) -> bool:
    if actor.role in DESK:
        return True
    if rule.is_identity and actor.role is Role.HELPER:
        return False
    role = Role.LANDLORD if actor.role is Role.HELPER else actor.role
    stands_by = role is Role.PROPERTY_MANAGER and not rule.is_identity
    return stands_by or any(role in turn.roles for turn in rule.turns)


@allow(*READERS)
def get_rule(actor: Actor, code: str) -> Rule:
    """One rule by its code; 404 also for one that is none of the actor's business."""
    rule = load_rules().get(code)
    if rule is None or not _may_read(actor, rule):
        raise NotFound
    return rule


@allow(*READERS)
def precision_of(actor: Actor) -> dict[str, Precision]:
    """How often each rule was right in the actor's scope within 90 days; only for those who judge."""
    if actor.role not in JUDGES:
        return {}
    return {one.rule: one for one in list_precision(actor, clock.now() - PRECISION_OF)}


@allow(*READERS)
def tuned_in(actor: Actor, rule: Rule, compound: Place | None = None) -> Tuned:
    """How a rule stands for everyone, or in one compound."""
    settings, version, is_on = Tuning().settings(rule, compound and compound.id)
    return Tuned(compound, is_on, settings, version)


def _setting(rule: Rule, place: Place | None) -> RuleSetting | None:
    where = RuleSetting.place_id == place.id if place else RuleSetting.place_id.is_(None)
    return session.scalars(select(RuleSetting).where(RuleSetting.rule == rule.code, where)).first()


@allow(*TUNERS)
def list_compounds(actor: Actor) -> Select:
    """The compounds an actor may tune rules for, or shelter."""
    reached = [below(Place.path, path) for path in actor.paths]
    return select(Place).where(Place.kind == PlaceKind.COMPOUND, or_(false(), *reached))


def get_compound(actor: Actor, uid: UUID) -> Place:
    return get_or_404(list_compounds(actor), uid)


def is_tuned_by(rule: Rule, actor: Actor) -> bool:
    """May this actor change the rule's settings? What spans compounds is set by the system's administrator."""
    if actor.role is Role.COMMUNITY_OFFICER:
        return rule.kind is Kind.UNIT
    return actor.role is Role.SYSTEM_ADMIN


# --- tuning -------------------------------------------------------------------------------------------------


def bounds(rule: Rule, name: str) -> tuple[int, int]:
    """The least and the most a setting may be."""
    return 1, rule.settings[name] * WIDEST


@allow(*TUNERS)
def tune(actor: Actor, rule: Rule, compound: Place | None, is_on: bool, settings: dict[str, int]) -> Tuned:
    """Switch a rule or change its settings: in one compound (community officer) or for everyone (system).

    Everything it speaks about is judged anew at the next tick. Raises Invalid naming each setting to correct.
    """
    _check_place(actor, rule, compound)
    _check(rule, settings)
    before = tuned_in(actor, rule, compound)
    row = _setting(rule, compound)
    if row is None:
        row = RuleSetting(rule=rule.code, place_id=compound and compound.id, settings={}, version=0)
        session.add(row)
    row.is_on, row.settings = is_on, {**row.settings, **settings}
    row.version += 1
    row.changed_at, row.changed_by_id = clock.now(), actor.user_id
    session.flush()
    touch((Kind.RULE, rule.facts().number))
    record(
        actor,
        "rule.tune",
        f"rule:{rule.code}",
        chain=f"place:{compound.parent_id}" if compound else "system",
        compound=compound and str(compound.uid),
        before={"is_on": before.is_on} | before.settings,
        after={"is_on": is_on} | row.settings,
    )
    return tuned_in(actor, rule, compound)


def _check_place(actor: Actor, rule: Rule, compound: Place | None) -> None:
    if compound is None and actor.role is not Role.SYSTEM_ADMIN:
        raise Invalid(errors={"compound": [_("请选择一个小区；对所有小区的设置由系统管理员修改")]})
    if compound is not None and rule.kind is not Kind.UNIT:
        raise Invalid(errors={"compound": [_("这条规则跨小区判断，只能由系统管理员统一设置")]})


def _check(rule: Rule, settings: dict[str, int]) -> None:
    errors = {}
    for name, value in settings.items():
        if name not in rule.settings:
            errors[f"settings.{name}"] = [_("这条规则没有这一项设置")]
            continue
        least, most = bounds(rule, name)
        if type(value) is not int or not least <= value <= most:
            errors[f"settings.{name}"] = [_("请填写 %(min)s 到 %(max)s 的整数", min=least, max=most)]
    if errors:
        raise Invalid(errors=errors)


# --- the safe harbour of a compound that has just joined ----------------------------------------------------


def harbours() -> dict[int, date]:
    """The last day of each compound's safe harbour, by the compound's id."""
    return {int(key): date.fromisoformat(until[:10]) for key, until in get_setting(SETTING, {}).items()}


@allow(Role.COMMUNITY_OFFICER)
def shelter(actor: Actor, compound: Place, until: date) -> None:
    """Let a compound's mistakes be notes until a day; a day that has passed ends the shelter."""
    today = clock.local_day(clock.now())
    if until > today + LONGEST_HARBOUR:
        raise Invalid(errors={"until": [_("保护期最长 180 天")]})
    ends_at = clock.day_bounds(until)[1]
    put_setting(SETTING, get_setting(SETTING, {}) | {str(compound.id): ends_at.isoformat()})
    for rule in load_rules().values():
        if rule.harbour:
            touch((Kind.RULE, rule.facts().number))
    record(actor, "harbour.set", compound, chain=f"place:{compound.parent_id}", until=until)
