"""What people are and do: intervals, consents, and that nothing is said twice."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from simpul_registry.domain.duplicate_people import Pair, SamePerson
from simpul_registry.domain.person_records import (
    Affiliation,
    Certification,
    Consent,
    ConsentInFuture,
    Interval,
    IntervalReversed,
    RecordEnded,
    RecordOverlaps,
    RecordUnknown,
    begin,
    end,
    give,
    withdraw,
)
from simpul_shared.vocabulary import AffiliationRole, CertificationKind, ConsentPurpose, LegalBasis

LIBRARY, OTHER = UUID(int=1), UUID(int=2)
DAY = date(2023, 1, 2)
SINCE = Interval(DAY, None)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def affiliation(
    *, library: UUID = LIBRARY, role: AffiliationRole = AffiliationRole.MANAGER, during: Interval = SINCE
) -> Affiliation:
    return Affiliation(uuid4(), library, None, role, during)


def consent(*, text: str = "v1", given_at: datetime = NOW) -> Consent:
    return Consent(uuid4(), ConsentPurpose.STORY, LegalBasis.CONSENT, text, given_at)


@pytest.mark.parametrize("valid_to", [DAY, DAY - timedelta(days=1)])
def test_an_interval_has_a_day(valid_to: date) -> None:
    with pytest.raises(IntervalReversed):
        Interval(DAY, valid_to)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ((1, 3), (3, 5), False),
        ((1, 3), (2, 5), True),
        ((1, None), (9, None), True),
        ((1, 9), (2, 3), True),
        ((4, None), (1, 4), False),
    ],
)
def test_intervals_overlap_where_they_share_a_day(
    one: tuple[int, int | None], other: tuple[int, int | None], *, overlap: bool
) -> None:
    first, second = (
        Interval(date(2023, 1, start), date(2023, 1, stop) if stop else None) for start, stop in (one, other)
    )
    assert first.overlaps(second) is second.overlaps(first) is overlap


def test_many_affiliations_hold_at_once_but_none_twice() -> None:
    held = [affiliation()]
    for different in (affiliation(library=OTHER), affiliation(role=AffiliationRole.FAMILY_WELFARE)):
        assert begin(held, different) is different
    with pytest.raises(RecordOverlaps):
        begin(held, affiliation(during=Interval(date(2025, 1, 1), None)))
    past = Interval(date(2020, 1, 1), DAY)
    assert begin(held, affiliation(during=past)).during == past


def test_an_end_may_be_brought_forward_and_not_put_off() -> None:
    held = affiliation()
    ended = end([held], held.affiliation_id, valid_to=date(2024, 1, 1))
    assert ended.during == Interval(DAY, date(2024, 1, 1))
    assert end([ended], held.affiliation_id, valid_to=date(2023, 6, 1)).during.valid_to == date(2023, 6, 1)
    with pytest.raises(RecordEnded):
        end([ended], held.affiliation_id, valid_to=date(2024, 6, 1))
    with pytest.raises(IntervalReversed):
        end([held], held.affiliation_id, valid_to=DAY)
    with pytest.raises(RecordUnknown):
        end([held], UUID(int=9), valid_to=date(2024, 1, 1))


def test_a_person_is_certified_for_a_kind_once_at_a_time() -> None:
    held = Certification(uuid4(), CertificationKind.FACILITATOR, Interval(DAY, None))
    begin([held], Certification(uuid4(), CertificationKind.MASTER_TRAINER, SINCE))
    with pytest.raises(RecordOverlaps):
        begin([held], Certification(uuid4(), CertificationKind.FACILITATOR, Interval(date(2024, 1, 1), None)))


def test_a_consent_is_given_again_for_another_text_or_after_it_was_withdrawn() -> None:
    given = give([], consent(), now=NOW)
    with pytest.raises(RecordOverlaps):
        give([given], consent(), now=NOW)
    give([given], consent(text="v2"), now=NOW)
    withdrawn = withdraw([given], given.consent_id, at=NOW, now=NOW)
    assert withdrawn.withdrawn_at == NOW
    give([withdrawn], consent(), now=NOW)


def test_a_consent_is_withdrawn_once_after_it_was_given_and_not_ahead() -> None:
    given = consent()
    later = NOW + timedelta(seconds=1)
    with pytest.raises(IntervalReversed):
        withdraw([given], given.consent_id, at=NOW - timedelta(days=1), now=NOW)
    with pytest.raises(ConsentInFuture):
        withdraw([given], given.consent_id, at=later, now=NOW)
    with pytest.raises(ConsentInFuture):
        give([], consent(given_at=later), now=NOW)
    with pytest.raises(RecordUnknown):
        withdraw([given], UUID(int=9), at=NOW, now=NOW)
    withdrawn = withdraw([given], given.consent_id, at=NOW, now=NOW)
    with pytest.raises(RecordEnded):
        withdraw([withdrawn], given.consent_id, at=NOW, now=NOW)


def test_a_pair_is_the_same_whoever_is_named_first() -> None:
    assert Pair.of(LIBRARY, OTHER) == Pair.of(OTHER, LIBRARY)
    with pytest.raises(SamePerson):
        Pair.of(LIBRARY, LIBRARY)
