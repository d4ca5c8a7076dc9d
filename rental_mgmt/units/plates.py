"""The plate on the door and the notice in the lift: a QR and a code, never a name, never who is in."""

import secrets
from itertools import groupby
from uuid import UUID

import segno
from markupsafe import Markup, escape
from sqlalchemy import select

from ..audit.service import record
from ..core.access import Actor, Role, allow
from ..core.db import session
from ..core.errors import Conflict, NotFound
from ..core.i18n import _
from ..core.lookup import get_or_404
from ..places.models import Place, PlaceKind
from ..places.scope import below
from ..places.tree import chain_of
from .models import Unit
from .public import HAS_A_PLATE

PLATE_PRINTERS = (Role.LANDLORD, Role.HELPER, Role.PROPERTY_MANAGER, Role.GRID_WORKER, Role.POLICE_LIAISON)


def qr_of(address: str) -> Markup:
    """An address as a QR: black on white, without a size of its own."""
    drawn = segno.make(address, error="m", micro=False)
    return Markup(
        drawn.svg_inline(border=2, omitsize=True, svgclass=None, lineclass=None, dark="#000", light="#fff")
    )


@allow(*PLATE_PRINTERS)
def token_of(actor: Actor, unit: Unit) -> str:
    """What the QR of a unit's plate carries. Raises Conflict while it has no plate."""
    if unit.qr_token is None or unit.status not in HAS_A_PLATE:
        raise Conflict(_("备案办结后才有房源码牌"))
    return unit.qr_token


def plate_svg(code: str, address: str) -> str:
    """A plate as a picture to be cut in metal or plastic: 90 × 120 mm, the code under its QR."""
    drawn = segno.make(address, error="m", micro=False)
    size, _height = drawn.symbol_size(border=0)
    title, hint = escape(_("网约房 房源码")), escape(_("扫码查看须知、联系经营者"))
    white, qr = 'fill="#fff" text-anchor="middle"', f'viewBox="0 0 {size} {size}"><path d="{_outline(drawn)}"/>'
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="90mm" height="120mm" viewBox="0 0 90 120">'
        '<rect width="90" height="120" rx="5" fill="#1d4e93"/>'
        '<rect x="2" y="2" width="86" height="116" rx="4" fill="none" stroke="#fff" stroke-width=".6"/>'
        f'<text x="45" y="14" font-size="6.5" font-weight="700" {white}>{title}</text>'
        '<rect x="11" y="20" width="68" height="68" rx="2" fill="#fff"/>'
        f'<svg x="14" y="23" width="62" height="62" {qr}</svg>'
        f'<text x="45" y="99" font-size="6" font-weight="700" {white}>{escape(code)}</text>'
        f'<text x="45" y="109" font-size="4.2" {white}>{hint}</text></svg>'
    )


def _outline(drawn: segno.QRCode) -> str:
    """The dark modules as one path, a run of them at a time."""
    runs = []
    for y, row in enumerate(drawn.matrix):
        x = 0
        for dark, group in groupby(row):
            width = len(list(group))
            if dark:
                runs.append(f"M{x} {y}h{width}v1h-{width}z")
            x += width
    return "".join(runs)


# --- the lift -----------------------------------------------------------------------------------------------

LIFT_PRINTERS = (Role.PROPERTY_MANAGER, Role.COMMUNITY_OFFICER)


@allow(*LIFT_PRINTERS)
def list_buildings(actor: Actor) -> list[Place]:
    """The buildings that the actor looks after."""
    found = [
        place
        for path in actor.paths
        for place in session.scalars(
            select(Place).where(Place.kind == PlaceKind.BUILDING, below(Place.path, path))
        )
    ]
    return sorted(found, key=lambda place: (place.path.rpartition(f"{place.id}/")[0], place.rank, place.name))


@allow(*LIFT_PRINTERS)
def get_building(actor: Actor, uid: UUID) -> Place:
    building = get_or_404(select(Place).where(Place.kind == PlaceKind.BUILDING), uid)
    if not any(building.path.startswith(path) for path in actor.paths):
        raise NotFound
    return building


@allow(*LIFT_PRINTERS)
def renew_lift_token(actor: Actor, building: Place) -> str:
    """A new secret for the building's page; a notice that hangs in the lift with an older one stops working."""
    building.qr_token = secrets.token_urlsafe(16)
    record(actor, "place.renew_qr", building, chain_of(building))
    return building.qr_token
