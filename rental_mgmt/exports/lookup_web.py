"""Pages of look-ups: ask, the receipt with its answer for who asked, the second person's word."""

from flask import flash, redirect, request, url_for

from ..accounts.rosters import names_of
from ..core.access import require_fresh
from ..core.forms import Form
from ..core.http import actor, answer_is_secret
from ..core.i18n import _
from ..core.paging import page_of
from ..core.web import page
from ..stays.divisions import country_name
from . import answers, lookups, seconds
from .models import Lookup
from .pages_web import FEW, web
from .schemas import LookupDecisionIn, LookupIn, LookupRevealIn, asked_of, reason_of


@web.route("/lookups", methods=["GET", "POST"])
def look_up():
    """Ask by document, or by unit and day."""
    # The step is asked for before anything is typed.
    require_fresh(actor())
    form, made = Form(LookupIn, {"kind": "number", "document_kind": "resident_id"}), []

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
        people=names_of((lookup.user_id, lookup.second_by_id)),
        query=lookups.query_words(lookup) if asks else None,
        doubt=lookups.doubt_about(lookup) if asks else None,
        case=lookups.opened(lookup, "case_sealed"),
        letter=lookup.letter_sealed and lookups.opened(lookup, "letter_sealed"),
        country_name=country_name,
        **({"revealed": {}} | more),
    )


@web.post("/lookups/<uuid:uid>/decide")
def decide_lookup(uid):
    """The second person's word."""
    lookups.get_lookup(actor(), uid)
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
