"""What rooms above add to the pages of alerts: they put a function in here, the page calls it."""

from collections.abc import Callable

from markupsafe import Markup

from ..core.access import Actor
from .models import Alert

# What may be done with one alert by those who handle it; drawn on its page.
ON_ALERT: list[Callable[[Alert, Actor], Markup | str]] = []
# What may be done with several at once; drawn around the rows of the queue that carry `name="alerts"` boxes.
ON_QUEUE: list[Callable[[Actor], Markup | str]] = []


def on_alert(alert: Alert, who: Actor) -> list[Markup | str]:
    return [drawn for draw in ON_ALERT if (drawn := draw(alert, who))]


def on_queue(who: Actor) -> list[Markup | str]:
    return [drawn for draw in ON_QUEUE if (drawn := draw(who))]
