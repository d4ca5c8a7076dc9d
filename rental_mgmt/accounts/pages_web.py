"""What the pages of accounts share: the blueprint, the step from an entry to cookies, the way on."""

from flask import Blueprint, Response, redirect, request, url_for

from ..core.web import read_cookie, safe_next, set_cookie
from .auth import KNOWN, PHONE, let_in
from .sign_in import Entry, Step
from .trusted import KNOWN_FOR, REMEMBERED_FOR

web = Blueprint("accounts", __name__, template_folder="templates")

PENDING, LINK = "pending", "link"
PENDING_SECONDS, LINK_SECONDS = 600, 3600
STEPS = {Step.CODE: "accounts.sign_in_code", Step.ENROL: "accounts.enrol_totp"}


def way_on() -> str:
    """The page the person was on their way to."""
    return safe_next(request.args.get("next"))


def go_on(entry: Entry, keep_link: bool = False) -> Response:
    """From a proof to the next page: a session and its cookies, or the second step.

    `keep_link`: the code that opened the account is still to be used (a landlord claims the unit with it).
    """
    if entry.opened is None:
        response = redirect(url_for(STEPS[entry.step], next=way_on()), 303)
        set_cookie(response, PENDING, entry.ticket, PENDING_SECONDS)
        return response
    target = url_for("accounts.pin", next=way_on()) if entry.asks_pin else way_on()
    response = let_in(redirect(target, 303), entry.opened.token, entry.opened.keep_seconds)
    if entry.phone_token:
        set_cookie(response, PHONE, entry.phone_token, int(REMEMBERED_FOR.total_seconds()))
    if entry.known_token:
        set_cookie(response, KNOWN, entry.known_token, int(KNOWN_FOR.total_seconds()))
    for name in (PENDING,) if keep_link else (PENDING, LINK):
        if read_cookie(name):
            forget_cookie(response, name)
    return response


def forget_cookie(response: Response, name: str) -> None:
    set_cookie(response, name, "", 0)
