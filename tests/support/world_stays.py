"""Stays and guests of the world, made the way the product makes them."""

from datetime import timedelta

from rental_mgmt.core import clock
from rental_mgmt.core.db import unit_of_work
from rental_mgmt.stays import registration, service
from rental_mgmt.stays.models import Guest, Stay
from rental_mgmt.stays.schemas import GuestIn

from . import people


class StaysInWorld:
    """Mixed into World."""

    def stay(self, landlord, unit, nights: float = 1, begins=None, planned_guests: int | None = None) -> Stay:
        """A stay from now (or `begins`) for some nights, planned by this landlord."""
        begins = begins or clock.now()
        with unit_of_work():
            return service.plan_stay(
                landlord.actor, unit, begins, begins + timedelta(days=nights), planned_guests
            )

    def guest(self, landlord, stay: Stay, person=None, **given) -> Guest:
        """Somebody registered in a stay; `given` as in the form."""
        with unit_of_work():
            made = registration.register_guest(
                landlord.actor, stay.uid, self.details(person or people.person(self.next_number()), **given)
            )
        return self.find(Guest, made.uid)

    def details(self, person=None, **given) -> dict:
        """What a landlord types about a person, loaded by the form's schema."""
        typed = {"name": person.name, "number": person.id_number} if person else {}
        return GuestIn().load(typed | given)

    def find(self, model, uid):
        """The row of a public identifier as it is now."""
        from rental_mgmt.core.db import session

        session.rollback()
        return session.query(model).filter_by(uid=uid).populate_existing().one()
