"""Every table of the product, imported once, for migrations and tests."""

from .accounts import models as accounts
from .alerts import models as alerts
from .audit import models as audit
from .core import files, idempotency, jobs, outbox, settings, touch
from .devices import models as devices
from .exports import models as exports
from .imports import models as imports
from .notices import models as notices
from .places import models as places
from .reporting import models as reporting
from .rules import models as rules
from .stays import models as stays
from .succession import models as succession
from .units import models as units
from .workorders import models as workorders

ROOMS = (
    *(files, idempotency, jobs, outbox, settings, touch),
    *(audit, places, accounts, units, notices, stays, devices, alerts),
    *(rules, workorders, exports, reporting, imports, succession),
)
