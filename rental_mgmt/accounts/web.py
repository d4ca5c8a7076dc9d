"""The pages of accounts: each file registers its own on the one blueprint."""

from . import invitation_web, keys_web, people_web, sessions_web, sign_in_web
from .pages_web import web

__all__ = ["invitation_web", "keys_web", "people_web", "sessions_web", "sign_in_web", "web"]
