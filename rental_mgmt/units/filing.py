"""A filing from the landlord's hand to the decision: each step by its role, with who, when and why."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import contains_eager

from ..core import clock
from ..core.access import SYSTEM, Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, Invalid
from ..core.i18n import _, lazy
from ..core.lookup import get_or_404
from ..notices.service import notify
from ..places.law import in_force, sentence
from ..places.pack import DecidedBy, Pack, Paper
from . import details as said
from .activation import decide_filings
from .concerned import users_of
from .details import DECIDED
from .models import WITH_LANDLORD, Filing, FilingStatus, PartyRoleKind, Unit, UnitStatus
from .packs import pack_of, packs_of
from .papers import documents_of, kinds_on_file
from .registering import open_filing, proposed
from .scope import visible
from .steps import take_steps
from .versions import hold

QUEUE = "/units/filings"
MAY_FILE = (UnitStatus.DRAFT, UnitStatus.ACTIVE, UnitStatus.SUSPENDED)


def get_filing(actor: Actor, uid: UUID) -> Filing:
    """One filing in scope with its unit; 404 also for one that exists elsewhere."""
    return get_or_404(visible(actor, Filing).options(contains_eager(Filing.unit)), uid)


def list_filings(actor: Actor, status: FilingStatus | None = None) -> Select:
    """The filings in scope; page them by (created_at, uid)."""
    query = visible(actor, Filing).options(contains_eager(Filing.unit))
    return query.where(Filing.status == status) if status else query


# --- what is missing ----------------------------------------------------------------------------------------


def missing_for(unit: Unit, pack: Pack) -> dict[str, list[str]]:
    """What the place asks for and the unit does not have yet, by field, in words with the remedy."""
    missing = {name: [_("请填写此项")] for name in pack.required_fields if not _is_given(unit, name)}
    there = kinds_on_file(unit)
    for paper in asked_papers(unit, pack):
        if paper.required and paper.kind not in there:
            missing.setdefault("papers", []).append(_("请上传：%(title)s", title=paper.title))
    return missing


def asked_papers(unit: Unit, pack: Pack) -> tuple[Paper, ...]:
    """The papers that the place asks of this unit's regime from its landlord's kind of party."""
    role = said.present_role(unit)
    return pack.papers_for(unit.legal_regime, role.role if role else PartyRoleKind.OWNER)


def basis_of(papers: Iterable[Paper]) -> list[tuple[str, str]]:
    """The laws that some papers rest on, as (id, sentence), those in force today."""
    ids = dict.fromkeys(key for paper in papers for key in paper.basis)
    return [(law.id, sentence(law.id)) for law in in_force(ids, clock.local_day(clock.now()))]


def _is_given(unit: Unit, name: str) -> bool:
    if name in said.CONTACT:
        return getattr(unit, f"{name}_sealed") is not None
    return bool(getattr(unit, {"door": "door_id"}.get(name, name), True))


# --- the landlord's steps -----------------------------------------------------------------------------------


@allow(Role.LANDLORD)
def submit(actor: Actor, unit: Unit, version: int) -> Filing:
    """Hand a unit in, or the waiting change of a decided one. Raises Invalid naming what is missing."""
    hold(unit, version)
    if unit.status not in MAY_FILE or unit.merged_into_id:
        raise Conflict(_("房源当前为“%(now)s”，不能提交备案", now=unit.status.label))
    filing, pack = open_filing(unit), pack_of(unit)
    if filing is not None and filing.status not in WITH_LANDLORD:
        raise Conflict(_("这套房源的备案申请已经提交，正在核查"))
    if unit.police_decided_at and not proposed(unit):
        raise Conflict(_("没有需要备案的变更；修改面积、床位等之后再提交"))
    if missing := missing_for(unit, pack):
        raise Invalid(_("还差几项才能提交，请补齐后再试"), errors=missing)
    filing = filing or _new_filing(unit)
    filing.snapshot = _snapshot(unit, pack) | proposed(unit)
    filing.submitted_at = clock.now()
    take_steps([filing], FilingStatus.SUBMITTED, actor)
    title = lazy("有房源备案等您现场核查")
    notify(
        users_of([unit], Role.GRID_WORKER), "filing.submitted", title, lazy("%(unit)s"), QUEUE, unit=unit.name
    )
    return filing


def _new_filing(unit: Unit) -> Filing:
    filing = Filing(unit_id=unit.id, status=FilingStatus.DRAFT, snapshot={}, created_at=clock.now())
    filing.unit = unit
    session.add(filing)
    session.flush()
    return filing


def _snapshot(unit: Unit, pack: Pack) -> dict:
    role = said.present_role(unit)
    return {name: getattr(unit, name) for name in DECIDED} | {
        "party_role": role.role if role else None,
        "neighbour_consent": unit.neighbour_consent,
        "listings": [listing.url for listing in said.listings_of(unit)],
        "papers": [{"kind": paper.kind, "uid": str(paper.uid)} for paper in documents_of(unit)],
        "pack": pack.code,
    }


@allow(Role.LANDLORD)
def withdraw(actor: Actor, filing: Filing, version: int) -> Filing:
    """Take a filing back before it is decided; the unit stays as it is."""
    hold(filing, version)
    take_steps([filing], FilingStatus.WITHDRAWN, actor)
    return filing


# --- the steps of others ------------------------------------------------------------------------------------


@allow(Role.GRID_WORKER)
def check(actor: Actor, filing: Filing, version: int, note: str | None = None) -> Filing:
    """Found on site as it was filed; where the place's pack says so, that decides it."""
    hold(filing, version)
    mark_checked(actor, [filing], note)
    return filing


@allow(Role.GRID_WORKER)
def mark_checked(actor: Actor, filings: list[Filing], note: str | None = None) -> None:
    """The grid worker saw these as filed: on to the police, or decided where they are only informed."""
    for filing in filings:
        filing.checked_by_id = actor.user_id
    take_steps(filings, FilingStatus.CHECKED, actor, note)
    packs = packs_of([filing.unit for filing in filings])
    informed = [f for f in filings if packs[f.unit.compound_id].decided_by is DecidedBy.INFORMED]
    decide_filings(informed, SYSTEM)
    waiting = [filing for filing in filings if filing not in informed]
    for kind, title, told in (
        ("filing.checked", lazy("有 %(n)s 套房源已现场核查，等您核验"), waiting),
        ("filing.informed", lazy("有 %(n)s 套房源已按现场核查办结，请知悉"), informed),
    ):
        if told:
            police = users_of([filing.unit for filing in told], Role.POLICE_LIAISON)
            notify(police, kind, title, "", QUEUE, n=len(told))


@allow(Role.POLICE_LIAISON)
def return_(actor: Actor, filing: Filing, version: int, reason: str) -> Filing:
    """Give a filing back to the landlord with the reason."""
    hold(filing, version)
    take_steps([filing], FilingStatus.RETURNED, actor, reason)
    unit, title = filing.unit, lazy("备案申请被退回，请按原因补正后重新提交")
    link = f"/units/{unit.uid}"
    notify(users_of([unit], Role.LANDLORD), "filing.returned", title, lazy("%(unit)s"), link, unit=unit.name)
    return filing


@allow(Role.POLICE_LIAISON)
def decide(actor: Actor, filing: Filing, version: int) -> Filing:
    """Decide a checked filing: the unit is active, its capacity frozen, its code and plate made."""
    hold(filing, version)
    if filing.status is not FilingStatus.CHECKED:
        raise Conflict(_("这份备案还没有现场核查，不能办结"))
    if not decide_filings([filing], actor):
        raise Conflict(_("这个门号已有另一套在册房源，请先核实哪一套属实"))
    return filing
