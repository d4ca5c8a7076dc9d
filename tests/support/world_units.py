"""Units and filings of the world, made the way the product makes them."""

import io

from PIL import Image

from rental_mgmt.core.db import session, unit_of_work
from rental_mgmt.core.seal import fingerprints
from rental_mgmt.places.models import Place
from rental_mgmt.units import filing, listing, papers, registering
from rental_mgmt.units.models import DocumentKind, Filing, Unit, UnitStatus
from rental_mgmt.units.placing import Address
from rental_mgmt.units.schemas import UnitDetailsIn

from . import people
from .world_people import Somebody


def picture(width: int = 8, height: int = 8) -> bytes:
    """A small photo."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), "white").save(out, "JPEG")
    return out.getvalue()


class UnitsInWorld:
    """Mixed into World."""

    def unit_details(self, **given) -> dict:
        """What a landlord types about a unit, loaded by the form's schema."""
        typed = {"area": 60.0, "bedrooms": 2, "beds": 2, "declared_capacity": 4}
        contact = people.person(self.next_number())
        typed |= {"safety_contact_name": contact.name, "safety_contact_phone": contact.phone}
        return UnitDetailsIn().load(typed | given)

    def draft(self, landlord: Somebody, building: Place, door: str = "1203", **given) -> Unit:
        """A unit that this landlord has just registered."""
        with unit_of_work():
            address = Address(building.uid, door)
            return registering.register_unit(landlord.actor, address, self.unit_details(**given))

    def paper(self, landlord: Somebody, unit: Unit, kind: DocumentKind = DocumentKind.SAFETY_PLEDGE, **given):
        with unit_of_work():
            return papers.add_document(
                landlord.actor, self.present(unit), kind, picture(), "photo.jpg", given.get("expires_on")
            )

    def submitted(self, landlord: Somebody, building: Place, door: str = "1203", **given) -> Filing:
        """The filing of a new unit with all that is asked for."""
        unit = self.draft(landlord, building, door, **given)
        self.paper(landlord, unit)
        with unit_of_work():
            unit = listing.get_unit(landlord.actor, unit.uid)
            return filing.submit(landlord.actor, unit, unit.version)

    def checked(self, worker: Somebody, submitted: Filing) -> Filing:
        """The same filing after the grid worker found it so on site."""
        with unit_of_work():
            found = filing.get_filing(worker.actor, submitted.uid)
            return filing.check(worker.actor, found, found.version)

    def decided(self, liaison: Somebody, checked: Filing) -> Unit:
        """The unit of a filing that the liaison has decided."""
        with unit_of_work():
            found = filing.get_filing(liaison.actor, checked.uid)
            filing.decide(liaison.actor, found, found.version)
        return self.present(found.unit)

    def unclaimed(self, building: Place, door: str, phone: str | None = None) -> Unit:
        """A unit as an import leaves it: nobody's yet, with a phone of the ledger."""
        owner = self.landlord()
        unit = self.draft(owner, building, door)
        fp, fp_next = fingerprints("phone", phone) if phone else (None, None)
        with unit_of_work():
            row = session.get(Unit, unit.id)
            row.status, row.party_id, row.claimed_at = UnitStatus.UNCLAIMED, None, None
            row.claim_phone_fp, row.claim_phone_fp_next = fp, fp_next
        return self.present(unit)

    def present(self, row):
        """A row as it is now."""
        session.rollback()
        return session.get(type(row), row.id, populate_existing=True)
