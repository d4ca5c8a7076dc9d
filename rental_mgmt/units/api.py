"""The JSON door of units; each file registers its own operations on the one blueprint."""

from . import filing_api, units_api
from .base_api import api

__all__ = ["api", "filing_api", "units_api"]
