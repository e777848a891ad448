"""What became of a region between two days (pure): what it was, what is there now and the lineage between, told as one word."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

from simpul_shared.vocabulary import Confidence, LineageKind

SUCCESSION = frozenset({LineageKind.SPLIT, LineageKind.MERGED})
"""Kinds that lead from a region that is gone to another one. REUSED tells who has its code now, which is no descent."""


class RegionFate(StrEnum):
    UNCHANGED = "UNCHANGED"
    RECODED = "RECODED"
    SUCCEEDED = "SUCCEEDED"
    SUCCESSOR_UNKNOWN = "SUCCESSOR_UNKNOWN"


@dataclass(frozen=True, slots=True)
class Bearer:
    """A region by the code and name that it bore on a day."""

    region_id: UUID
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class LineageStep:
    """One recorded change that begins at the region."""

    kind: LineageKind
    from_region_id: UUID
    region_id: UUID
    from_code: str
    to_code: str
    effective_on: date
    basis: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class Fate:
    """`now` are the region itself or those that came of it; none where nothing is known, which is never guessed."""

    fate: RegionFate
    now: tuple[Bearer, ...]
    steps: tuple[LineageStep, ...]

    @property
    def confidence(self) -> Confidence | None:
        """That of the weakest step."""
        if not self.steps:
            return None
        return Confidence.LOW if any(one.confidence is Confidence.LOW for one in self.steps) else Confidence.HIGH


def fate_of(before: Bearer, itself: Bearer | None, steps: Sequence[LineageStep], heirs: Sequence[Bearer]) -> Fate:
    """`itself` is the region on the later day, if it is still there; `heirs` those that `steps` lead to and are."""
    taken = tuple(sorted(steps, key=lambda one: (one.effective_on, one.to_code)))
    if itself is not None:
        fate = RegionFate.UNCHANGED if itself.code == before.code else RegionFate.RECODED
        return Fate(fate, (itself,), tuple(one for one in taken if one.region_id == before.region_id))
    if heirs:
        return Fate(RegionFate.SUCCEEDED, tuple(heirs), taken)
    return Fate(RegionFate.SUCCESSOR_UNKNOWN, (), taken)


def leads_on(step: LineageStep) -> bool:
    """Whether a step leads from a region to another that came of it."""
    return step.kind in SUCCESSION and step.region_id != step.from_region_id
