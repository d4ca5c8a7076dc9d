"""Pages of exports: the list on screen, the order of the same list, the second person, the one download."""

from collections.abc import Iterator
from datetime import timedelta

from flask import Response, flash, redirect, request, url_for
from sqlalchemy import select

from ..accounts.rosters import names_of
from ..core import clock, fields, keys
from ..core.access import require_fresh
from ..core.api import flat, load
from ..core.db import session
from ..core.errors import Invalid
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from ..core.web import page
from ..places.models import Place
from ..stays.divisions import country_name
from . import download, filters, manifest, orders, seconds, tallies
from .file_web import file_response
from .models import Export, Lookup
from .pages_web import FEW, web
from .schemas import ExportIn, ExportRefusalIn, GuestFilterIn, filter_of, reason_of
from .scope import list_places


@web.get("/exports")
def index():
    """What waits for me, and the orders of the station."""
    mine = page_of(orders.list_exports(actor()), (Export.uid.desc(),), request.args.get("cursor"))
    awaiting = session.scalars(orders.list_awaiting(actor()).order_by(Export.uid).limit(FEW)).all()
    waiting = session.scalars(seconds.list_lookups_awaiting(actor()).order_by(Lookup.uid).limit(FEW)).all()
    orders_shown = [*mine.items, *awaiting]
    places = _names(orders_shown)
    return page(
        "exports/index.html",
        exports=mine,
        awaiting=awaiting,
        lookups=waiting,
        places=places,
        people=names_of(export.requested_by_id for export in orders_shown),
    )


def _names(exports: list[Export]) -> dict[int, str]:
    ids = {export.place_id for export in exports}
    return dict(session.execute(select(Place.id, Place.name).where(Place.id.in_(ids))).all())


@web.route("/exports/new", methods=["GET", "POST"])
def order():
    """The list on screen with its filter, and the order of the same list as a file."""
    require_fresh(actor())
    places = session.scalars(list_places(actor())).all()
    given = _filter_given(places)
    form, made = Form(ExportIn, given | {"profile": "masked", "file_format": "xlsx"}), []

    def ask(**given):
        asked = filter_of(given), reason_of(given), given["profile"], given["file_format"]
        made.append(orders.order_export(actor(), *asked))

    if form.submit(ask):
        flash(_("紧急导出已开始生成") if made[0].is_urgent else _("已提交，等待本所另一人审批"), "good")
        return redirect(url_for(".show", uid=made[0].uid), 303)
    return page("exports/order.html", form=form, places=places, country_name=country_name, **_listed(given))


def _filter_given(places: list[Place]) -> dict:
    """The filter as it was sent, else thirty days of the first place."""
    today = clock.local_day(clock.now())
    preset = {"from_day": f"{today - timedelta(days=30)}", "to_day": f"{today}"}
    preset |= {"who": "all", "nationality": ""}
    preset["place"] = str(places[0].uid) if places else ""
    sent = request.form if request.method == "POST" else request.args
    return preset | {name: value for name, value in sent.items() if name in preset}


def _listed(given: dict) -> dict:
    """The rows that the filter holds, with their counts; or what is wrong with the filter."""
    fields.values_are_typed.set(False)
    try:
        chosen = filter_of(load(GuestFilterIn(), {name: value for name, value in given.items() if value}))
        tally, rows = filters.count_guests(actor(), chosen), filters.list_guests(actor(), chosen)
    except Invalid as refusal:
        return {"chosen": given, "problem": list(_said(refusal))}
    shown = page_of(rows, filters.NEWEST_FIRST, request.args.get("cursor"), FEW, scalars=False)
    return {"chosen": given, "tally": tally, "shown": shown}


def _said(refusal: Invalid) -> Iterator[str]:
    """What is wrong, each with the name of its field."""
    known = GuestFilterIn().fields
    for path, words in flat(refusal.errors):
        label = known[path].metadata["label"] if path in known else None
        yield _("%(label)s：%(words)s", label=label, words=words) if label else words


@web.get("/exports/<uuid:uid>")
def show(uid):
    """One order: how far it is, what can be done now."""
    export = orders.get_export(actor(), uid)
    return page("exports/show.html", **_order(export))


def _order(export: Export) -> dict:
    is_mine = export.requested_by_id == actor().user_id
    may_decide = export.awaits_second and not is_mine
    return {
        "export": export,
        "people": names_of((export.requested_by_id, export.approved_by_id, export.refused_by_id)),
        "place": session.get_one(Place, export.place_id),
        "case": orders.case_number(export),
        "is_mine": is_mine,
        "may_decide": may_decide,
        "tally": _tally(export) if may_decide and not export.built_at else None,
        "may_download": is_mine and export.status == "ready" and not download.has_broken_off(export),
        "may_resume": is_mine and download.may_be_resumed(export),
        "chosen": filters.Who(export.filters["who"]).label,
        "country": export.filters["nationality"] and country_name(export.filters["nationality"]),
    }


def _tally(export: Export) -> filters.Tally | None:
    """How many the file would hold now, for who decides; None when the place is another station's by now."""
    place = session.get_one(Place, export.place_id)
    chosen = filters.stored_filter(place, export.from_day, export.to_day, export.filters)
    try:
        return filters.count_guests(actor(), chosen)
    except Invalid:
        return None


@web.post("/exports/<uuid:uid>/approve")
def approve(uid):
    """The second person says yes."""
    _say(lambda: orders.approve_export(actor(), uid), _("已批准"))
    return redirect(url_for(".show", uid=uid), 303)


@web.route("/exports/<uuid:uid>/refuse", methods=["POST"])
def refuse(uid):
    """The second person says no, and why."""
    form = Form(ExportRefusalIn)
    if form.submit(lambda reason: orders.refuse_export(actor(), uid, reason)):
        flash(_("已记录为不批准"), "good")
        return redirect(url_for(".show", uid=uid), 303)
    return page("exports/show.html", refusal=form, **_order(orders.get_export(actor(), uid)))


@web.post("/exports/<uuid:uid>/retry")
def retry(uid):
    """Build once more."""
    _say(lambda: orders.retry_export(actor(), uid), _("将重新生成"))
    return redirect(url_for(".show", uid=uid), 303)


def _say(act, done: str) -> None:
    act()
    flash(done, "good")


@web.post("/exports/<uuid:uid>/download")
def begin_download(uid):
    """Spend the one download, then fetch the file."""
    download.begin_download(actor(), uid)
    return redirect(url_for(".get_file", uid=uid), 303)


@web.get("/exports/<uuid:uid>/file")
def get_file(uid):
    """The bytes."""
    return file_response(uid)


@web.get("/exports/<uuid:uid>/manifest.json")
def get_manifest(uid):
    """The signed manifest."""
    signed = manifest.as_file(orders.get_manifest(actor(), uid))
    return _attached(signed, "application/json", f"export-{uid}.manifest.json")


@web.get("/exports/public-key.pem")
def get_public_key():
    """What a manifest is checked with."""
    return _attached(keys.public_key_pem(), "application/x-pem-file", "export-public-key.pem")


def _attached(data: bytes | str, content_type: str, name: str) -> Response:
    said = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(data, content_type=content_type, headers=said)


@web.get("/exports/counts")
def counts():
    """How often the police looked up and took out: open to everybody."""
    months = tallies.recent_months()
    return page(
        "exports/counts.html", lookups=tallies.public_lookups(months), exports=tallies.public_exports(months)
    )
