"""Pages: the steps of a filing, the queue of grid worker and liaison, a walk and its one decision."""

from flask import flash, redirect, request, url_for

from ..core.access import Role, may
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from ..core.web import page
from . import filing, listing, walks
from .models import Filing, FilingStatus, FloorList
from .packs import FILING_LABELS, filing_word, packs_of
from .pages_web import pressed, uid_in, unit_page, web
from .schemas import CheckIn, ReasonIn
from .walk_forms import read_walk, walk_form

# What a role's queue shows first: what it is this role's turn to do.
FIRST = {
    Role.GRID_WORKER: FilingStatus.SUBMITTED,
    Role.POLICE_LIAISON: FilingStatus.CHECKED,
    Role.STATION_LEAD: FilingStatus.CHECKED,
    Role.LANDLORD: None,
}


@web.post("/units/<uuid:unit_uid>/submit")
def submit(unit_uid):
    """提交备案"""
    unit = listing.get_unit(actor(), unit_uid)
    return pressed(
        unit, lambda version: filing.submit(actor(), unit, version), _("备案申请已提交，等待现场核查")
    )


@web.post("/filings/<uuid:filing_uid>/withdraw")
def withdraw(filing_uid):
    """撤回备案申请"""
    found = filing.get_filing(actor(), filing_uid)
    return pressed(found.unit, lambda version: filing.withdraw(actor(), found, version), _("备案申请已撤回"))


@web.post("/filings/<uuid:filing_uid>/check")
def check(filing_uid):
    """现场核查一致"""
    found, form = filing.get_filing(actor(), filing_uid), Form(CheckIn)
    if form.submit(lambda **said: filing.check(actor(), found, **said)):
        flash(_("已记录现场核查"), "good")
        return redirect(url_for(".filings"), 303)
    return unit_page(found.unit, "press", press=form)


@web.post("/filings/<uuid:filing_uid>/return")
def return_(filing_uid):
    """退回备案申请"""
    found, form = filing.get_filing(actor(), filing_uid), Form(ReasonIn)
    if form.submit(lambda **said: filing.return_(actor(), found, **said)):
        flash(_("已退回，经营者会看到原因"), "good")
        return redirect(url_for(".filings"), 303)
    return unit_page(found.unit, "return_", return_=form)


@web.post("/filings/<uuid:filing_uid>/decide")
def decide(filing_uid):
    """办结备案"""
    found = filing.get_filing(actor(), filing_uid)
    done = _("已办结，房源码已生成")
    return pressed(found.unit, lambda version: filing.decide(actor(), found, version), done)


# --- the queue ----------------------------------------------------------------------------------------------


@web.get("/units/filings")
def filings():
    """备案"""
    me = actor()
    given = request.args.get("status")
    status = FilingStatus(given) if given in {s.value for s in FilingStatus} else None
    if given is None:
        status = FIRST.get(me.role, FilingStatus.SUBMITTED)
    query = filing.list_filings(me, status)
    found = page_of(query, (Filing.created_at, Filing.uid), request.args.get("cursor"))
    packs = packs_of([one.unit for one in found.items])
    return page(
        "units/filings.html",
        found=found,
        status=status,
        counts=listing.list_filing_counts(me),
        labels=FILING_LABELS,
        word=lambda one: filing_word(one.status, packs[one.unit.compound_id]),
        walks=_open_walks(me),
        may_walk=may(me, walks.record_walk),
        may_decide=may(me, walks.decide_list),
    )


def _open_walks(me) -> list[dict]:
    """The latest walks with something left to decide at once."""
    recent = page_of(walks.list_floor_lists(me), (FloorList.walked_at.desc(), FloorList.uid), size=20).items
    waiting, names = walks.open_counts(recent), walks.names_of(recent)
    return [{"walk": walk, "name": names[walk.place_id], "waiting": waiting.get(walk.id, 0)} for walk in recent]


# --- a walk -------------------------------------------------------------------------------------------------


@web.route("/units/walk", methods=["GET", "POST"])
def walk():
    """楼层核查"""
    me = actor()
    given = request.values.get("place")
    if not given:
        return page("units/walk_choose.html", places=walks.list_walkable(me), waiting=walks.count_submitted(me))
    place = walks.get_walkable(me, uid_in(given))
    doors = walks.list_doors_with_filings(me, place)
    units = [unit for unit, _status in doors]
    form, made = Form(walk_form(units)), []
    if form.submit(lambda **typed: made.append(walks.record_walk(me, place, *read_walk(typed, units)))):
        flash(_("本次核查已保存"), "good")
        return redirect(url_for(".floor_list", list_uid=made[0].uid), 303)
    return page("units/walk.html", place=place, doors=doors, form=form, word=FILING_LABELS.get)


@web.get("/units/floor-lists/<uuid:list_uid>")
def floor_list(list_uid):
    """一次楼层核查"""
    found = walks.get_floor_list(actor(), list_uid)
    return page(
        "units/floor_list.html",
        walk=found,
        name=walks.names_of([found])[found.place_id],
        checks=walks.list_checks(actor(), found),
        labels=FILING_LABELS,
        may_decide=may(actor(), walks.decide_list),
    )


@web.post("/units/floor-lists/<uuid:list_uid>/decide")
def decide_list(list_uid):
    """一次办结核查一致的备案"""
    found = walks.get_floor_list(actor(), list_uid)
    decided = walks.decide_list(actor(), found)
    flash(_("已一次办结 %(n)s 套", n=len(decided)), "good")
    return redirect(url_for(".floor_list", list_uid=list_uid), 303)
