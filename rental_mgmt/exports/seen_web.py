"""The auditor's page for somebody who asks: who has seen my data?"""

from ..accounts.rosters import names_of
from ..core.access import require_fresh, require_may
from ..core.forms import Form
from ..core.http import actor, answer_is_secret
from ..core.web import page
from . import seen
from .finding import Asked
from .models import LookupKind
from .pages_web import web
from .schemas import WhoSawIn


@web.route("/who-saw", methods=["GET", "POST"])
def who_saw():
    """Asked by POST alone: a number never stands in an address."""
    require_may(actor(), seen.who_saw_person)
    require_fresh(actor())
    answer_is_secret()
    form, found = Form(WhoSawIn, {"document_kind": "resident_id"}), []
    form.submit(lambda **given: found.append(seen.who_saw_person(actor(), Asked(LookupKind.NUMBER, **given))))
    one = found[0] if found else None
    people = names_of(line.user_id for line in one.seen) if one else {}
    return page("exports/who_saw.html", form=form, one=one, people=people)
