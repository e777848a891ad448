"""How far a library is from the national standard (SNP): five thresholds, by dated rules (pure)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from simpul_shared.errors import Conflict
from simpul_shared.vocabulary import Schooling, SnpThreshold

from simpul_registry.domain.dated_rules import DatedRules


class AccreditationExists(Conflict):
    slug = "accreditation-exists"
    title = "Akreditasi sudah dicatat"


@dataclass(frozen=True)
class SnpObservation:
    """What was found of a library on one day; None was not observed, which is not 0."""

    observed_on: date
    titles: int | None = None
    building_m2: float | None = None
    hours_per_day: float | None = None
    staff: int | None = None
    head_schooling: Schooling | None = None
    head_trained: bool | None = None


@dataclass(frozen=True)
class SnpProfile:
    profile_id: UUID
    library_id: UUID
    observation: SnpObservation
    recorded_at: datetime


@dataclass(frozen=True)
class SnpRules:
    """What is asked for at least; `head_trained` says whether the head must have had the training (diklat)."""

    version: str
    valid_from: date
    titles: int
    building_m2: float
    hours_per_day: float
    staff: int
    head_schooling: Schooling
    head_trained: bool


Standards = DatedRules[SnpRules]


@dataclass(frozen=True)
class Finding:
    """One threshold: what is asked for, what was found, and whether that is enough; None where it was not observed."""

    threshold: SnpThreshold
    needed: str
    found: str | None
    met: bool | None


def compare(rules: SnpRules, observed: SnpObservation) -> tuple[Finding, ...]:
    return (
        _at_least(SnpThreshold.TITLES, rules.titles, observed.titles),
        _at_least(SnpThreshold.BUILDING, rules.building_m2, observed.building_m2),
        _at_least(SnpThreshold.HOURS, rules.hours_per_day, observed.hours_per_day),
        _at_least(SnpThreshold.STAFF, rules.staff, observed.staff),
        _head(rules, observed),
    )


def gaps(findings: tuple[Finding, ...]) -> tuple[SnpThreshold, ...]:
    return tuple(one.threshold for one in findings if one.met is False)


def unknown(findings: tuple[Finding, ...]) -> tuple[SnpThreshold, ...]:
    return tuple(one.threshold for one in findings if one.met is None)


def _at_least(threshold: SnpThreshold, needed: float, found: float | None) -> Finding:
    if found is None:
        return Finding(threshold, f"{needed:g}", None, None)
    return Finding(threshold, f"{needed:g}", f"{found:g}", found >= needed)


def _head(rules: SnpRules, observed: SnpObservation) -> Finding:
    """Either shortfall is a gap, even where the other half is not known."""
    schooled = None if observed.head_schooling is None else observed.head_schooling.reaches(rules.head_schooling)
    trained = True if not rules.head_trained else observed.head_trained
    met = False if schooled is False or trained is False else (None if schooled is None or trained is None else True)
    needed = f"{rules.head_schooling}, diklat" if rules.head_trained else str(rules.head_schooling)
    found = None if observed.head_schooling is None else str(observed.head_schooling)
    return Finding(SnpThreshold.HEAD, needed, found, met)
