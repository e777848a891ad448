"""The one place that spells topic names, partition counts and retention; keys are named by each event."""

from dataclasses import dataclass, field

MAX_EVENT_BYTES = 512 * 1024
"""An event may be this large when encoded; the ledger refuses a larger one, so that the relay never meets one it can't send."""

LEDGER_SHARDS = 2
"""Relay lanes per service. The shard of an event is a hash of its key, so changing this needs drained ledgers."""

_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Topic:
    """`service` is the only one that writes it. `config` are Kafka topic settings."""

    name: str
    service: str
    partitions: int
    config: dict[str, str] = field(default_factory=dict)


def _events(name: str, service: str, partitions: int) -> Topic:
    # Retention is explicit: a lost or shortened topic is refilled from the ledger, never relied on as the archive.
    config = {"cleanup.policy": "delete", "retention.ms": str(400 * _DAY_MS), "max.message.bytes": str(1024 * 1024)}
    return Topic(name, service, partitions, config)


REGIONS = _events("simpul.registry.regions.v1", "registry", 6)
LIBRARIES = _events("simpul.registry.libraries.v1", "registry", 12)
PERSONS = _events("simpul.registry.persons.v1", "registry", 6)
IMPORTS = _events("simpul.registry.imports.v1", "registry", 3)
OFFICES = _events("simpul.registry.offices.v1", "registry", 3)
BIMTEKS = _events("simpul.activities.bimteks.v1", "activities", 12)
ACTIVITIES = _events("simpul.activities.activities.v1", "activities", 12)
TARGETS = _events("simpul.reporting.targets.v1", "reporting", 3)
MARKS = Topic(
    "simpul.platform.marks.v1",
    "platform",
    1,
    {"cleanup.policy": "delete", "retention.ms": str(_DAY_MS), "segment.ms": str(_DAY_MS // 4)},
)
"""Low-water marks of every service's ledger; see contracts/envelope.py, LowWaterMark."""

TOPICS = (REGIONS, LIBRARIES, PERSONS, OFFICES, IMPORTS, BIMTEKS, ACTIVITIES, TARGETS, MARKS)


def producer_of(topic: str) -> str:
    """The service that alone writes a topic; of one that is in no contract its own name."""
    return next((one.service for one in TOPICS if one.name == topic), topic)
