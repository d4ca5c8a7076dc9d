"""Pages for API keys: one's own, shown once when made."""

from datetime import timedelta
from uuid import UUID

from flask import flash, g, redirect, url_for

from ..core import clock
from ..core.access import ROLE_LABELS
from ..core.forms import Form
from ..core.http import actor
from ..core.i18n import _
from ..core.paging import page_of
from ..core.web import page
from . import keys
from .models import ApiKey
from .pages_web import web
from .schemas import KeyIn
from .sign_in_web import done


@web.route("/api-keys", methods=["GET", "POST"])
def api_keys():
    me = actor()
    form = Form(KeyIn, {"expires_at": clock.real_now() + timedelta(days=90), "role": me.role.value})
    results = done(form, lambda **typed: keys.make_key(me, **typed))
    if results:
        g.answer_is_secret = True
    choices = [(role.value, ROLE_LABELS[role]) for role in keys.roles_of(me)]
    found = page_of(keys.list_my_keys(me), (ApiKey.id.desc(),))
    shown = {"made": results[0] if results else None, "names": keys.place_names(me, found.items)}
    places = [(str(uid), name) for uid, name in keys.list_key_places(me)]
    return page("accounts/api_keys.html", form=form, roles=choices, places=places, found=found, **shown)


@web.post("/api-keys/<uuid:uid>/revoke")
def revoke_key(uid: UUID):
    keys.revoke_key(actor(), uid)
    flash(_("密钥已撤销"))
    return redirect(url_for(".api_keys"), 303)
