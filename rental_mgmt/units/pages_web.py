"""What the pages of units share: their blueprint, the page of one unit, one press on it."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, current_app, flash, redirect, request, url_for

from ..core.access import Actor, may
from ..core.errors import NotFound
from ..core.forms import Form
from ..core.http import actor
from ..core.web import page
from ..places.pack import Pack
from . import claiming, details, filing, listing, papers, plates, registering, states
from .models import UNDER_REVIEW, DocumentKind, FilingStatus, Unit
from .packs import filing_word, pack_of
from .schemas import DocumentIn, ReasonIn, SuspendIn, UnitIn, VersionIn

web = Blueprint("units", __name__, template_folder="templates")

FORMS = {"document": DocumentIn, "suspend": SuspendIn, "return_": ReasonIn}
OPERATIONS = {
    "edit": registering.edit_unit,
    "add_document": papers.add_document,
    "submit": filing.submit,
    "withdraw": filing.withdraw,
    "check": filing.check,
    "return_": filing.return_,
    "decide": filing.decide,
    "suspend": states.suspend,
    "resume": states.resume,
    "plate": plates.token_of,
    "claim_code": claiming.print_claim_code,
}


def unit_page(unit: Unit, refused: str = "", **forms: Form):
    """One unit: what it is, how its filing stands, what this role may do; `refused` names a form to open."""
    me, pack = actor(), pack_of(unit)
    return page(
        "units/show.html",
        unit=unit,
        pack=pack,
        word=lambda status: filing_word(FilingStatus(status), pack),
        label_of=lambda name: UnitIn().fields[name].metadata["label"],
        can={name: may(me, operation) for name, operation in OPERATIONS.items()},
        refused=refused,
        forms={name: Form(schema) for name, schema in FORMS.items()} | forms,
        **_facts(me, unit),
        **_filing(me, unit, pack),
        **_papers(me, unit, pack),
    )


def _facts(me: Actor, unit: Unit) -> dict:
    return {
        "contact": listing.get_safety_contact(me, unit),
        "role": details.present_role(unit),
        "listings": details.listings_of(unit),
        "windows": details.windows_of(unit),
        "rooms": listing.rooms_of(unit),
        "merged": listing.merged_into(unit),
        "survivor": unit.merged_into_id and listing.survivor_of(unit),
    }


def _filing(me: Actor, unit: Unit, pack: Pack) -> dict:
    open_now = registering.open_filing(unit)
    return {
        "filings": listing.list_shown_filings(me, unit),
        "open_filing": open_now,
        "under_review": open_now is not None and open_now.status in UNDER_REVIEW,
        "proposed": registering.proposed(unit),
        "missing": filing.missing_for(unit, pack) if me.party_ids else {},
    }


def _papers(me: Actor, unit: Unit, pack: Pack) -> dict:
    asked = filing.asked_papers(unit, pack)
    consent = [paper for paper in asked if paper.kind == DocumentKind.NEIGHBOUR_CONSENT]
    return {
        "asked": asked,
        "documents": papers.documents_of(unit),
        "is_readable": lambda kind: papers.is_readable(unit, kind, me),
        "consent_basis": filing.basis_of(consent),
        "papers_basis": filing.basis_of(paper for paper in asked if paper not in consent),
    }


def pressed(unit: Unit, act: Callable[[int], object], done: str):
    """One press on the page of a unit: done and said, or the page again with the reason it was refused."""
    form = Form(VersionIn)
    if form.submit(act):
        flash(done, "good")
        return to_unit(unit)
    return unit_page(unit, "press", press=form)


def uid_in(text: str) -> UUID:
    """A public identifier out of an address; anything else is not there."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound from None


def to_unit(unit: Unit):
    return redirect(url_for("units.show", unit_uid=unit.uid), 303)


def absolute(path: str) -> str:
    """An address that a phone can open: by the configured name of the site, else as this page was reached."""
    base = current_app.config["PUBLIC_URL"].rstrip("/") or request.host_url.rstrip("/")
    return base + path
