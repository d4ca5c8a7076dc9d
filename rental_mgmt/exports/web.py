"""The pages of the police room: each file registers its own on the one blueprint."""

from . import lookup_web, order_web, seen_web
from .pages_web import web

__all__ = ["lookup_web", "order_web", "seen_web", "web"]
