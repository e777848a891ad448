"""What the checker can find wrong, and what each finding means to the people who read the reports."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    LOST = "lost"
    DOUBLED = "doubled"
    PHANTOM = "phantom"
    REORDERED = "reordered"
    TOTALS = "totals differ"
    MISDATED = "misdated"
    STALE = "stale write accepted"
    REPEAT = "repeat answered differently"
    REFUSED = "refused without cause"
    LETTER = "dead letter missing"
    ASIDE = "put aside without cause"
    STALLED = "stalled"


@dataclass(frozen=True)
class Finding:
    """One thing that is not as the journal says it must be."""

    kind: Kind
    detail: str
