"""The JSON door of places: what is in reach, and building the tree."""

from ..core import fields
from ..core.api import Blueprint, PageQuery
from ..core.http import actor
from ..core.paging import page_of
from . import grids, tree
from .models import Grid, Place
from .schemas import GridOut, PlaceIn, PlaceOut, PlaceQuery

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
