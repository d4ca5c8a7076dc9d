"""A small city to test in: say what is there, in the words of the field.

Each room says its words in a file of its own, world_<room>.py, as a class that World is mixed from. What they
make is committed at once, because doors, threads and browsers look from other transactions. Objects that were
made stay readable after a request, but are not watched any more: look again to see what has changed.
"""

from rental_mgmt.core import clock

from .world_alerts import AlertsInWorld
from .world_people import PeopleInWorld
from .world_stays import StaysInWorld
from .world_units import UnitsInWorld


class World(AlertsInWorld, StaysInWorld, UnitsInWorld, PeopleInWorld):
    """Starts empty at the frozen moment; every word makes what it names and returns it."""

    @property
    def now(self):
        return clock.now()
