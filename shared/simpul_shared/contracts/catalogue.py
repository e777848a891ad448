"""Every event type there is, by its name on the wire."""

from simpul_shared.contracts import activities, registry, reporting
from simpul_shared.contracts.envelope import Event

EVENTS: dict[str, type[Event]] = {
    event.type: event for event in (*registry.EVENTS, *activities.EVENTS, *reporting.EVENTS)
}
SERVICES: dict[str, tuple[type[Event], ...]] = {
    "registry": registry.EVENTS,
    "activities": activities.EVENTS,
    "reporting": reporting.EVENTS,
}


def topics_of(service: str) -> list[str]:
    """The topics that a service writes; all of them for one that is not in the catalogue, as tests have."""
    return sorted({event.topic.name for event in SERVICES.get(service, EVENTS.values())})
