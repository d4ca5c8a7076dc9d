"""The blueprint that the JSON operations of units stand on."""

from ..core.api import Blueprint

api = Blueprint("units_api", __name__, url_prefix="/api/v1", description="房源、备案与认领")
