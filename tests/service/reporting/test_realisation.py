"""Target against realisation, asked over HTTP after events were applied through the consumer."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

from simpul_shared.access import Role

from tests.service.reporting.world import bali, designated
from tests.support.services import ServiceUnderTest

REPORT = "/v1/reports/realisation"


async def test_designated_libraries_count_at_every_level_above_them(reporting: ServiceUnderTest) -> None:
    map_ = bali()
    villages = ["51.03.02.2008", "51.03.02.2009", "51.03.05.2003", "51.05.02.2003"]
    await reporting.receive(*map_.published(), *(designated(map_[code]) for code in villages))
    caller = reporting.caller()

    figures = {}
    for code in ("ID", "51", "51.03", "51.03.02", "51.03.02.2009", "51.02", "31"):
        answer = await caller.get(REPORT, programme_year=2021, region=code)
        assert answer.status_code == 200, answer.text
        figures[code] = answer.json()["realised"]

    assert figures == {"ID": 4, "51": 4, "51.03": 3, "51.03.02": 2, "51.03.02.2009": 1, "51.02": 0, "31": 0}


async def test_a_library_designated_before_its_region_is_known_counts_once_the_region_comes(
    reporting: ServiceUnderTest,
) -> None:
    map_ = bali()
    await reporting.receive(designated(map_["51.03.02.2009"]), map_["ID"].published())
    before = (await reporting.caller().get(REPORT, programme_year=2021)).json()
    await reporting.receive(*(event for event in map_.published() if event.region_id != map_["ID"].id))
    after = (await reporting.caller().get(REPORT, programme_year=2021)).json()

    assert (before["realised"], after["realised"]) == (0, 1)


async def test_a_library_counts_in_the_year_it_was_designated_for_and_from_the_day_of_the_decree(
    reporting: ServiceUnderTest,
) -> None:
    map_ = bali()
    library = UUID("01930000-0000-7000-8000-000000000001")
    await reporting.receive(*map_.published())
    await reporting.receive(
        designated(map_["51.03.02.2009"], library_id=library, sk_date=date(2021, 3, 1)),
        designated(map_["51.03.02.2009"], library_id=library, year=2022, sk_date=date(2022, 2, 1)),
    )
    asked = {
        (2021, "2021-02-28"): 0,
        (2021, "2021-03-01"): 1,
        (2022, "2021-12-31"): 0,
        (2022, "2022-12-31"): 1,
        (2023, "2023-12-31"): 0,
    }
    for (year, day), realised in asked.items():
        answer = await reporting.caller().get(REPORT, programme_year=year, valid_on=day)
        assert answer.json()["realised"] == realised, (year, day)


async def test_a_report_outside_the_callers_regions_is_refused(reporting: ServiceUnderTest) -> None:
    await reporting.receive(*bali().published())
    caller = reporting.caller(Role.REGENCY_ADMIN, "51.03")

    inside = await caller.get(REPORT, programme_year=2021, region="51.03.02.2009")
    outside = await caller.get(REPORT, programme_year=2021, region="51.05")
    above = await caller.get(REPORT, programme_year=2021)

    assert inside.status_code == 200
    assert (outside.status_code, outside.json()["code"]) == (403, "outside-scope")
    assert (above.status_code, above.json()["code"]) == (403, "outside-scope")


async def test_two_statements_on_one_region_in_one_batch_are_both_kept_as_they_were_known(
    reporting: ServiceUnderTest,
) -> None:
    map_ = bali()
    first, second = map_["51"].published(), replace(map_["51"], name="Provinsi Bali").published()
    records = [*await reporting.announce(map_["ID"].published(), first), *await reporting.announce(second)]
    await reporting.apply(records)
    (between,) = (one.recordedtime for one in await reporting.ledger() if one.aggregateversion == 2)

    now_ = await reporting.caller().get(REPORT, programme_year=2021, region="51")
    earlier = await reporting.caller().get(
        REPORT, programme_year=2021, region="51", known_on=(between - timedelta(microseconds=1)).isoformat()
    )

    assert now_.json()["region"]["name"] == "Provinsi Bali"
    assert earlier.json()["region"]["name"] == "Bali"
