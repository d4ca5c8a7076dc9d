"""What the pages of stays share: their blueprint, a unit in scope, the lists to choose from."""

from datetime import datetime, time, timedelta

from flask import Blueprint

from ..core import clock
from ..core.http import actor
from ..core.lookup import get_or_404
from ..units.models import Unit
from ..units.scope import visible

web = Blueprint("stays", __name__, template_folder="templates", url_prefix="/stays")


def unit_in_scope(uid) -> Unit:
    return get_or_404(visible(actor(), Unit), uid)


def noon_after(at: datetime) -> datetime:
    """When a stay that begins now is usually over: noon of the next day."""
    return clock.local_time(clock.local_day(at) + timedelta(days=1), time(12))
