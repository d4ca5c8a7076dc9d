"""The JSON door of places: what is in reach, and building the tree."""

from ..core import fields
from ..core.api import Blueprint, PageQuery
from ..core.errors import Invalid
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from . import grids, stations, tree
from .models import Grid, Place, PoliceStation
from .schemas import (
    CompoundIn,
    EndGridIn,
    EndStationIn,
    GridAssignmentIn,
    GridOut,
    PlaceIn,
    PlaceOut,
    PlaceQuery,
    StationOut,
)

api = Blueprint("places_api", __name__, url_prefix="/api/v1", description="地点与网格")


class PlacesQuery(PageQuery, PlaceQuery):
    """Paging, and which places."""


class PlacePage(fields.Schema):
    """One page of places."""

    items = fields.fields.List(fields.fields.Nested(PlaceOut))
    next_cursor = fields.Text(allow_none=True)


class GridPage(fields.Schema):
    """One page of grids."""

    items = fields.fields.List(fields.fields.Nested(GridOut))
    next_cursor = fields.Text(allow_none=True)


class StationPage(fields.Schema):
    """One page of police stations."""

    items = fields.fields.List(fields.fields.Nested(StationOut))
    next_cursor = fields.Text(allow_none=True)


@api.route("/places", methods=["GET"])
@api.arguments(PlacesQuery, location="query")
@api.response(200, PlacePage)
def list_places(query):
    """管辖范围内的地点，可按种类和上级筛选"""
    under = tree.get_place(actor(), query["parent"]) if query["parent"] else None
    found = tree.list_places(actor(), query["kind"], under)
    return page_of(found, (Place.id,), query["cursor"], query["size"])


@api.route("/places/<uuid:uid>", methods=["GET"])
@api.response(200, PlaceOut)
def get_place(uid):
    """一个地点"""
    return tree.get_place(actor(), uid)


@api.route("/places", methods=["POST"])
@api.arguments(PlaceIn)
@api.response(201, PlaceOut)
def add_place(body):
    """新建地点（社区干部在本社区内，系统管理员不限）"""
    parent = tree.get_place(actor(), body["parent"]) if body["parent"] else None
    return tree.add_place(actor(), parent, body["kind"], body["name"], body["code"])


@api.route("/grids", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, GridPage)
def list_grids(query):
    """管辖范围内的网格"""
    return page_of(grids.list_grids(actor()), (Grid.id,), query["cursor"], query["size"])


EXAMPLE_UID = "01890a5d-ac96-774b-bcce-b302099a8057"


def _one_of(said: dict) -> tuple[Place | None, object]:
    """The building, else the unit's uid: exactly one of the two is given."""
    building, unit = said.pop("building"), said.pop("unit")
    if (building is None) is (unit is None):
        raise Invalid(errors={"building": [_("楼栋和房源请填一个")]})
    return building and tree.get_place(actor(), building), unit


@api.route("/grids/<uuid:uid>/assignments", methods=["POST"])
@api.arguments(GridAssignmentIn, example={"building": EXAMPLE_UID})
@api.response(204)
def assign_grid(said, uid):
    """把楼栋或一套房源划入网格；原来的划分到此为止，在办预警随之调整"""
    grid, (building, unit) = grids.get_grid(actor(), uid), _one_of(said)
    grids.assign_building(actor(), grid, building) if building else grids.assign_unit(actor(), grid, unit)


@api.route("/grid-assignments/end", methods=["POST"])
@api.arguments(EndGridIn, example={"unit": EXAMPLE_UID, "on": "2026-06-30"})
@api.response(204)
def end_grid(said):
    """结束楼栋或一套房源的网格划分（房源随后按所在楼栋）；on 不填为现在"""
    building, unit = _one_of(said)
    grids.end_building(actor(), building, **said) if building else grids.end_unit(actor(), unit, **said)


@api.route("/stations", methods=["GET"])
@api.arguments(PageQuery, location="query")
@api.response(200, StationPage)
def list_stations(query):
    """管辖范围内的派出所"""
    return page_of(stations.list_stations(actor()), (PoliceStation.id,), query["cursor"], query["size"])


@api.route("/stations/<uuid:uid>/compounds", methods=["POST"])
@api.arguments(CompoundIn, example={"compound": EXAMPLE_UID})
@api.response(204)
def assign_station(said, uid):
    """设置小区所属的派出所；原来的到此为止，房源和在办预警随之调整"""
    station = stations.get_station(actor(), uid)
    stations.assign_station(actor(), station, tree.get_place(actor(), said["compound"]))


@api.route("/station-assignments/end", methods=["POST"])
@api.arguments(EndStationIn, example={"compound": EXAMPLE_UID, "on": "2026-06-30"})
@api.response(204)
def end_station(said):
    """结束小区与派出所的归属；on 不填为现在"""
    stations.end_station(actor(), tree.get_place(actor(), said["compound"]), said["on"])
