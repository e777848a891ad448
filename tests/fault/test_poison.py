"""One record in a hundred is poison, of eight kinds; everything comes ten times, or in disorder: the totals are exact."""

from simpul_shared.contracts.topics import LIBRARIES

from tests.fault.scenarios import disorder, poison, repeats
from tests.support.pipeline import topics
from tests.support.services import ServiceUnderTest


async def test_one_percent_poison_of_eight_kinds_leaves_the_totals_exact(tally: ServiceUnderTest, kafka: str) -> None:
    async with topics(kafka) as settings:
        result = await poison(tally, settings, events=2000, per_second=2000, windows=1)
    assert result.wrong == []
    assert result.told["poison"] == "20"


async def test_everything_ten_times_counts_once(tally: ServiceUnderTest, kafka: str) -> None:
    async with topics(kafka) as settings:
        result = await repeats(tally, settings, events=1000, times=10)
    assert result.wrong == []
    assert result.told["counted as repeats"] == "90.0%"


async def test_a_thousand_events_in_disorder_are_applied_in_order(tally: ServiceUnderTest, kafka: str) -> None:
    async with topics(kafka) as settings:
        result = await disorder(tally, settings, sequences=50, length=20)
    assert result.wrong == []
    assert result.told["events"] == "1,000"
    assert LIBRARIES in tally.service.topics
