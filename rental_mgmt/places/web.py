"""Pages of places: browse the tree, build it, draw grids, name stations, hours, packs and contacts."""

from uuid import UUID

from flask import Blueprint, flash, redirect, url_for

from ..core import clock
from ..core.access import Role, may, require_may
from ..core.db import session
from ..core.errors import Forbidden, NotFound
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.web import page
from . import contacts, duty, grids, jurisdiction, stations, tree
from .models import Place, PlaceKind
from .schemas import (
    AssignIn,
    ContactIn,
    DutyIn,
    EndIn,
    GridIn,
    NameIn,
    PackChoiceIn,
    PlaceIn,
    ServedIn,
    StationIn,
    UnitGridIn,
    pack_choices,
)

web = Blueprint("places", __name__, url_prefix="/places", template_folder="templates")

VIEWERS = (Role.SYSTEM_ADMIN, Role.COMMUNITY_OFFICER, Role.PROPERTY_MANAGER, Role.GRID_WORKER)
SHOWN_AT_MOST = 300


def _me():
    """Whoever builds or looks after places; others meet them on their units' pages."""
    me = actor()
    if me.role not in VIEWERS:
        raise Forbidden(_("您的角色不使用这个页面"))
    return me


def _may(operation):
    """Whoever may do this: nobody is shown a form that they cannot send."""
    require_may(actor(), operation)
    return actor()


def _children(me, place: Place | None) -> list[Place]:
    query = tree.list_places(me, under=place) if place else _tops(me)
    return list(session.scalars(query.order_by(Place.kind, Place.rank, Place.code).limit(SHOWN_AT_MOST)))


def _tops(me):
    if me.role is Role.SYSTEM_ADMIN:
        return tree.list_places(me, PlaceKind.STREET)
    if me.role is Role.GRID_WORKER:
        return tree.list_places(me, PlaceKind.BUILDING)
    return tree.list_places(me).where(Place.path.in_(me.paths))


@web.get("")
def index():
    me = _me()
    return page("places/index.html", places=_children(me, None), may_add=may(me, stations.add_station))


@web.route("/new", methods=["GET", "POST"])
def add_street():
    me, form = _may(tree.add_place), Form(PlaceIn, {"kind": PlaceKind.STREET})
    if form.submit(lambda parent, **typed: tree.add_place(me, None, **typed)):
        flash(_("已建立"))
        return redirect(url_for(".index"), 303)
    kinds = [(PlaceKind.STREET.value, PlaceKind.STREET.label)]
    return page("places/add.html", form=form, parent=None, kinds=kinds)


@web.get("/<uuid:uid>")
def show(uid: UUID):
    me = _me()
    place = tree.get_place(me, uid)
    return page("places/show.html", place=place, children=_children(me, place), **_around(me, place))


def _around(me, place: Place) -> dict:
    """What a page of a compound or a building shows beside the tree."""
    found = {
        "path": list(tree.above(place.path).values()),
        "may_build": may(me, tree.add_place) and bool(tree.INSIDE[place.kind]),
        "may_set": may(me, tree.rename_place),
    }
    if place.kind is PlaceKind.COMPOUND:
        drawn = session.scalars(grids.list_grids(me).where(grids.Grid.compound_id == place.id)).all()
        found |= {
            "grids": [(grid, grids.buildings_of(grid)) for grid in drawn],
            "station": stations.station_at(place.id, clock.now()),
            "hours": duty.table_of(place),
            "pack": jurisdiction.pack_at(place.path, clock.local_day(clock.now())).title,
            "is_admin": me.role is Role.SYSTEM_ADMIN,
        }
    if place.kind is PlaceKind.BUILDING:
        found |= {
            "contacts": contacts.contacts_of(place, me.user_id),
            "grid": grids.grid_at(place.id, clock.now()),
            "own_grids": grids.units_of_their_own(place),
            "may_agree": may(me, contacts.agree_to_be_shown),
            "may_remove_any": me.role is Role.COMMUNITY_OFFICER,
        }
    return found


def _of_kind(me, uid: UUID, kind: PlaceKind) -> Place:
    place = tree.get_place(me, uid)
    if place.kind is not kind:
        raise NotFound
    return place


@web.route("/<uuid:uid>/add", methods=["GET", "POST"])
def add(uid: UUID):
    me = _may(tree.add_place)
    parent = tree.get_place(me, uid)
    kinds = [(kind.value, kind.label) for kind in tree.INSIDE[parent.kind]]
    form = Form(PlaceIn, {"kind": kinds[0][0] if kinds else None})
    if form.submit(lambda **typed: _add(me, uid, typed)):
        flash(_("已建立"))
        return redirect(url_for(".show", uid=uid), 303)
    return page("places/add.html", form=form, parent=parent, kinds=kinds)


def _add(me, parent_uid: UUID, typed: dict) -> None:
    tree.add_place(me, tree.get_place(me, parent_uid), typed["kind"], typed["name"], typed["code"])


@web.route("/<uuid:uid>/name", methods=["GET", "POST"])
def rename(uid: UUID):
    me = _may(tree.rename_place)
    place = tree.get_place(me, uid)
    form = Form(NameIn, {"name": place.name})
    if form.submit(lambda name: tree.rename_place(me, tree.get_place(me, uid), name)):
        return redirect(url_for(".show", uid=uid), 303)
    return page("places/one_form.html", form=form, place=place, title=_("改名称"), fields=["name"])


# --- grids, stations, hours, packs --------------------------------------------------------------------------


@web.route("/<uuid:uid>/grids/new", methods=["GET", "POST"])
def add_grid(uid: UUID):
    me = _may(grids.add_grid)
    compound = _of_kind(me, uid, PlaceKind.COMPOUND)
    form = Form(GridIn)
    if form.submit(lambda kind, name, parent: _add_grid(me, uid, kind, name, parent)):
        flash(_("网格已建立，接着在楼栋页把楼栋划入"))
        return redirect(url_for(".show", uid=uid), 303)
    choices = {"parent": _grid_choices(me, compound)}
    fields = ["kind", "name", *(["parent"] if choices["parent"] else [])]
    return page(
        "places/one_form.html", form=form, place=compound, title=_("新网格"), fields=fields, choices=choices
    )


def _add_grid(me, uid: UUID, kind, name: str, parent: UUID | None) -> None:
    grids.add_grid(me, tree.get_place(me, uid), kind, name, grids.get_grid(me, parent) if parent else None)


def _grid_choices(me, compound: Place) -> list[tuple[str, str]]:
    drawn = session.scalars(grids.list_grids(me).where(grids.Grid.compound_id == compound.id))
    return [(str(grid.uid), grid.name) for grid in drawn]


@web.route("/<uuid:uid>/grid", methods=["GET", "POST"])
def assign_grid(uid: UUID):
    me = _may(grids.assign_building)
    building = _of_kind(me, uid, PlaceKind.BUILDING)
    form = Form(AssignIn)
    if form.submit(lambda grid: grids.assign_building(me, grids.get_grid(me, grid), tree.get_place(me, uid))):
        flash(_("已划入网格，楼内房源和在办预警随之调整"))
        return redirect(url_for(".show", uid=uid), 303)
    choices = {"grid": _grid_choices(me, tree.compound_of(building))}
    return page(
        "places/one_form.html", form=form, place=building, title=_("划入网格"), fields=["grid"], choices=choices
    )


@web.route("/<uuid:uid>/grid/end", methods=["GET", "POST"])
def end_grid(uid: UUID):
    me = _may(grids.end_building)
    building = _of_kind(me, uid, PlaceKind.BUILDING)
    form = Form(EndIn)
    if form.submit(lambda on: grids.end_building(me, tree.get_place(me, uid), on)):
        flash(_("已移出网格，楼内房源和在办预警随之调整"))
        return redirect(url_for(".show", uid=uid), 303)
    return page("places/one_form.html", form=form, place=building, title=_("移出网格"), fields=["on"])


@web.route("/<uuid:uid>/grid/units", methods=["GET", "POST"])
def assign_unit(uid: UUID):
    me = _may(grids.assign_unit)
    building = _of_kind(me, uid, PlaceKind.BUILDING)
    form = Form(UnitGridIn)
    if form.submit(lambda grid, unit: grids.assign_unit(me, grids.get_grid(me, grid), unit)):
        flash(_("已单独划入，在办预警随之调整"))
        return redirect(url_for(".show", uid=uid), 303)
    choices = {
        "unit": [(str(one.uid), one.name) for one in grids.units_of(building)],
        "grid": _grid_choices(me, tree.compound_of(building)),
    }
    return page(
        "places/one_form.html",
        form=form,
        place=building,
        title=_("把一套房源单独划入网格"),
        fields=["unit", "grid"],
        choices=choices,
    )


@web.route("/<uuid:uid>/grid/units/<uuid:unit_uid>/end", methods=["GET", "POST"])
def end_unit(uid: UUID, unit_uid: UUID):
    me = _may(grids.end_unit)
    building = _of_kind(me, uid, PlaceKind.BUILDING)
    form = Form(EndIn)
    if form.submit(lambda on: grids.end_unit(me, unit_uid, on)):
        flash(_("已取消单独划分，按所在楼栋"))
        return redirect(url_for(".show", uid=uid), 303)
    return page("places/one_form.html", form=form, place=building, title=_("取消单独划分"), fields=["on"])


@web.route("/<uuid:uid>/station/end", methods=["GET", "POST"])
def end_station(uid: UUID):
    me = _may(stations.end_station)
    compound = _of_kind(me, uid, PlaceKind.COMPOUND)
    form = Form(EndIn)
    if form.submit(lambda on: stations.end_station(me, tree.get_place(me, uid), on)):
        flash(_("归属已结束，房源和在办预警随之调整"))
        return redirect(url_for(".show", uid=uid), 303)
    return page("places/one_form.html", form=form, place=compound, title=_("结束派出所归属"), fields=["on"])


@web.route("/<uuid:uid>/station", methods=["GET", "POST"])
def assign_station(uid: UUID):
    me = _may(stations.assign_station)
    compound = _of_kind(me, uid, PlaceKind.COMPOUND)
    form = Form(ServedIn)
    if form.submit(
        lambda station: stations.assign_station(me, stations.get_station(me, station), tree.get_place(me, uid))
    ):
        flash(_("辖区已设置"))
        return redirect(url_for(".show", uid=uid), 303)
    found = session.scalars(stations.list_stations(me).order_by(stations.PoliceStation.code))
    choices = {"station": [(str(one.uid), one.name) for one in found]}
    return page(
        "places/one_form.html",
        form=form,
        place=compound,
        title=_("所属派出所"),
        fields=["station"],
        choices=choices,
    )


@web.route("/stations/new", methods=["GET", "POST"])
def add_station():
    me, form = _may(stations.add_station), Form(StationIn)
    if form.submit(lambda name, code: stations.add_station(me, name, code)):
        flash(_("派出所已登记，接着在小区页设置辖区"))
        return redirect(url_for(".index"), 303)
    return page("places/one_form.html", form=form, place=None, title=_("新派出所"), fields=["name", "code"])


@web.route("/<uuid:uid>/duty", methods=["GET", "POST"])
def set_duty(uid: UUID):
    me = _may(duty.set_duty_hours)
    compound = _of_kind(me, uid, PlaceKind.COMPOUND)
    form = Form(DutyIn, {"from_hour": 8, "to_hour": 20})
    if form.submit(lambda **typed: duty.set_duty_hours(me, tree.get_place(me, uid), **typed)):
        flash(_("值班时段已设置"))
        return redirect(url_for(".show", uid=uid), 303)
    fields = ["role", "from_hour", "to_hour"]
    return page("places/one_form.html", form=form, place=compound, title=_("值班时段"), fields=fields)


@web.route("/<uuid:uid>/pack", methods=["GET", "POST"])
def set_pack(uid: UUID):
    me = _may(jurisdiction.set_pack)
    place = tree.get_place(me, uid)
    form = Form(PackChoiceIn, {"effective_from": clock.local_day(clock.now())})
    if form.submit(
        lambda pack, effective_from: jurisdiction.set_pack(me, tree.get_place(me, uid), pack, effective_from)
    ):
        flash(_("法域包已设置"))
        return redirect(url_for(".show", uid=uid), 303)
    fields, choices = ["pack", "effective_from"], {"pack": pack_choices()}
    return page(
        "places/one_form.html", form=form, place=place, title=_("法域包"), fields=fields, choices=choices
    )


# --- contacts -----------------------------------------------------------------------------------------------


@web.route("/<uuid:uid>/contacts/new", methods=["GET", "POST"])
def agree(uid: UUID):
    me = _may(contacts.agree_to_be_shown)
    building = _of_kind(me, uid, PlaceKind.BUILDING)
    form = Form(ContactIn)
    if form.submit(lambda **typed: contacts.agree_to_be_shown(me, tree.get_place(me, uid), **typed)):
        flash(_("您已同意公示，随时可以撤回"))
        return redirect(url_for(".show", uid=uid), 303)
    fields = ["name", "duty", "hours", "public_phone"]
    return page("places/one_form.html", form=form, place=building, title=_("同意公示为联系人"), fields=fields)


@web.post("/<uuid:uid>/contacts/<uuid:contact_uid>/withdraw")
def withdraw(uid: UUID, contact_uid: UUID):
    me = _may(contacts.withdraw)
    contacts.withdraw(me, tree.get_place(me, uid), contact_uid)
    flash(_("已从公示页撤下"))
    return redirect(url_for(".show", uid=uid), 303)
