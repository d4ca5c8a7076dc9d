"""The pages of a landlord's evening; each file registers its own on the one blueprint."""

from . import guest_web, night_web, registering_web, stay_web
from .pages_web import web

__all__ = ["guest_web", "night_web", "registering_web", "stay_web", "web"]
