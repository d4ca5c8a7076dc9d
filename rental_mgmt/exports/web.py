"""The pages of the police room: look-ups and their receipts, the list, orders, approvals, one download."""

from datetime import timedelta

from flask import Blueprint, Response, flash, redirect, request, url_for
from sqlalchemy import select

from ..core import clock, fields, keys
from ..core.access import require_fresh
from ..core.api import flat, load
from ..core.db import session
from ..core.errors import Invalid
from ..core.forms import Form
from ..core.http import actor, answer_is_secret
from ..core.i18n import _
from ..core.paging import page_of
from ..core.web import page
from ..places.models import Place
from ..stays.divisions import country_name
from . import answers, download, filters, lookups, manifest, orders, seconds, tallies
from .file_web import file_response
from .models import Export, Lookup
from .schemas import (
    ExportIn,
    ExportRefusalIn,
    GuestFilterIn,
    LookupDecisionIn,
    LookupIn,
    LookupRevealIn,
    asked_of,
    filter_of,
    reason_of,
)
from .scope import list_places

web = Blueprint("exports", __name__, template_folder="templates")
FEW = 20


# --- look-ups -----------------------------------------------------------------------------------------------


@web.route("/lookups", methods=["GET", "POST"])
def look_up():
    """Ask by document, or by unit and day."""
    # The step is asked for before anything is typed.
    require_fresh(actor())
    form, made = Form(LookupIn, {"kind": "number", "document_kind": "resident_id", "nationality": "CHN"}), []

    def ask(**given):
        made.append(lookups.look_up(actor(), asked_of(given), reason_of(given), given["letter"]))

    if form.submit(ask):
        return redirect(url_for(".show_lookup", uid=made[0].uid), 303)
    recent = page_of(lookups.list_lookups(actor()), (Lookup.uid.desc(),), request.args.get("cursor"), FEW)
    return page("exports/look_up.html", form=form, recent=recent, limit=lookups.LOOKUPS_A_DAY)


@web.get("/lookups/<uuid:uid>")
def show_lookup(uid):
    """The receipt; and the answer to who asked, for a day."""
    return _lookup_page(lookups.get_lookup(actor(), uid))


def _lookup_page(lookup: Lookup, **more):
    asks = lookup.user_id == actor().user_id
    sees = answers.may_see(lookup, actor().user_id)
    return page(
        "exports/lookup.html",
        lookup=lookup,
        asks=asks,
        sees=sees,
        guests=answers.get_answer(actor(), lookup.uid) if sees else [],
        query=lookups.query_words(lookup) if asks else None,
        case=lookups.opened(lookup, "case_sealed"),
        letter=lookup.letter_sealed and lookups.opened(lookup, "letter_sealed"),
        country_name=country_name,
        **({"revealed": {}} | more),
    )


@web.post("/lookups/<uuid:uid>/decide")
def decide_lookup(uid):
    """The second person's word."""
    form = Form(LookupDecisionIn)
    if form.submit(lambda approve: seconds.decide_lookup(actor(), uid, approve)):
        flash(_("已记录您的审核意见"), "good")
    else:
        flash(_("；").join(form.general_errors), "bad")
    return redirect(url_for(".show_lookup", uid=uid), 303)


@web.post("/lookups/<uuid:uid>/guests/<uuid:guest_uid>/reveal")
def reveal(uid, guest_uid):
    """One value in clear."""
    answer_is_secret()
    form, revealed = Form(LookupRevealIn), {}

    def show(field):
        revealed[guest_uid, field.value] = answers.reveal(actor(), uid, guest_uid, field)

    if not form.submit(show):
        flash(_("；").join(form.general_errors), "bad")
    return _lookup_page(lookups.get_lookup(actor(), uid), revealed=revealed)


# --- exports ------------------------------------------------------------------------------------------------


@web.get("/exports")
def index():
    """What waits for me, and the orders of the station."""
    mine = page_of(orders.list_exports(actor()), (Export.uid.desc(),), request.args.get("cursor"))
    awaiting = session.scalars(orders.list_awaiting(actor()).order_by(Export.uid).limit(FEW)).all()
    waiting = session.scalars(seconds.list_lookups_awaiting(actor()).order_by(Lookup.uid).limit(FEW)).all()
    places = _names([*mine.items, *awaiting])
    return page(
        "exports/index.html",
        exports=mine,
        awaiting=awaiting,
        lookups=waiting,
        places=places,
        me=actor().user_id,
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
        return {"chosen": given, "problem": [words for _path, words in flat(refusal.errors)]}
    shown = page_of(rows, filters.NEWEST_FIRST, request.args.get("cursor"), FEW, scalars=False)
    return {"chosen": given, "tally": tally, "shown": shown}


@web.get("/exports/<uuid:uid>")
def show(uid):
    """One order: how far it is, what can be done now."""
    export = orders.get_export(actor(), uid)
    return page("exports/show.html", **_order(export))


def _order(export: Export) -> dict:
    is_mine = export.requested_by_id == actor().user_id
    return {
        "export": export,
        "place": session.get_one(Place, export.place_id),
        "case": orders.case_number(export),
        "is_mine": is_mine,
        "may_decide": export.awaits_second and not is_mine,
        "may_download": is_mine and export.status == "ready" and not download.has_broken_off(export),
        "may_resume": is_mine and download.may_be_resumed(export),
        "chosen": filters.Who(export.filters["who"]).label,
        "country": export.filters["nationality"] and country_name(export.filters["nationality"]),
    }


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
