"""The pages of units: each file registers its own on the one blueprint."""

from . import claim_web, filing_web, plate_web, public_web, units_web
from .pages_web import web

__all__ = ["claim_web", "filing_web", "plate_web", "public_web", "units_web", "web"]
