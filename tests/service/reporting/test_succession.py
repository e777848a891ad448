"""What reports make of libraries that merge, are taken apart again, and move."""

from datetime import date
from typing import Any
from uuid import UUID

import uuid6
from simpul_shared.contracts.activities import AttendanceRecorded, BimtekPlanned, ParticipantRegistered
from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.registry import LibraryMerged, LibraryRelocated, LibraryUnmerged
from simpul_shared.vocabulary import AttendanceStatus, Basis, BimtekKind, BimtekLevel, DeliveryMode

from tests.service.reporting.world import Spot, bali, designated, nominated, recorded_activity
from tests.support.services import ServiceUnderTest

MENGWI, BAHA, BANJARANGKAN = "51.03.02.2009", "51.03.02.2008", "51.05.02.2003"
FIRST, SECOND = (UUID(f"01930000-0000-7000-8000-00000000000{number}") for number in (1, 2))


def merged(library_id: UUID, survivor_id: UUID) -> LibraryMerged:
    return LibraryMerged(library_id=library_id, survivor_id=survivor_id, effective_on=date(2023, 3, 1), reason="x")


def moved(library_id: UUID, old: Spot, new: Spot, on: date) -> LibraryRelocated:
    return LibraryRelocated(
        library_id=library_id,
        old_region_id=old.id,
        region_id=new.id,
        province_id=new.path[1],
        timezone=new.timezone,
        effective_on=on,
        reason="x",
    )


async def two_libraries(reporting: ServiceUnderTest) -> None:
    """One in Badung and one in Klungkung, both designated for 2021, both with activities in July and August 2021."""
    map_ = bali()
    await reporting.receive(*map_.published())
    for library_id, code in ((FIRST, MENGWI), (SECOND, BANJARANGKAN)):
        spot = map_[code]
        await reporting.receive(
            nominated(spot, library_id=library_id),
            designated(spot, library_id=library_id),
            recorded_activity(spot, library_id=library_id, held_on=date(2021, 7, 10), total=10),
            recorded_activity(spot, library_id=library_id, held_on=date(2021, 8, 10), total=20),
        )


def attended(library_id: UUID, spot: Spot) -> list[Event]:
    """A Bimtek in June 2021 with one delegate of the library, who was there."""
    bimtek_id, registration_id = uuid6.uuid7(), uuid6.uuid7()
    return [
        BimtekPlanned(
            bimtek_id=bimtek_id,
            title="Bimtek SPP-TIK",
            kind=BimtekKind.SPP_TIK,
            level=BimtekLevel.NATIONAL,
            mode=DeliveryMode.ON_SITE,
            region_id=spot.id,
            region_basis=Basis.SAMPLE,
            timezone=spot.timezone,
            starts_on=date(2021, 6, 28),
            ends_on=date(2021, 6, 30),
            session_count=1,
            basis=Basis.SAMPLE,
        ),
        ParticipantRegistered(
            registration_id=registration_id,
            bimtek_id=bimtek_id,
            person_id=uuid6.uuid7(),
            library_id=library_id,
            region_id=spot.id,
            basis=Basis.SAMPLE,
        ),
        AttendanceRecorded(
            registration_id=registration_id,
            bimtek_id=bimtek_id,
            session_no=1,
            held_on=date(2021, 6, 28),
            status=AttendanceStatus.PRESENT,
            library_id=library_id,
            region_id=spot.id,
            basis=Basis.SAMPLE,
        ),
    ]


async def asked(reporting: ServiceUnderTest, report: str, **params: Any) -> Any:
    answer = await reporting.caller().get(f"/v1/reports/{report}", **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def realised(reporting: ServiceUnderTest, region: str = "ID", **params: Any) -> int:
    figure = await asked(reporting, "realisation", programme_year=2021, region=region, **params)
    assert figure["realised"] == figure["own"] + sum(child["realised"] for child in figure["children"])
    return int(figure["realised"])


async def attendances(reporting: ServiceUnderTest, region: str = "ID", **params: Any) -> int:
    report = await asked(reporting, "activities", **{"region": region, "from": "2021-01", "to": "2021-12"} | params)
    parts = [report["own"], *report["children"]]
    assert report["total"]["attendances"] == sum(part["attendances"] or 0 for part in parts) or parts == [report["own"]]
    return report["total"]["attendances"] or 0


async def test_a_merged_pair_counts_once_from_its_day_and_no_activity_is_lost(reporting: ServiceUnderTest) -> None:
    await two_libraries(reporting)
    before = (
        await attendances(reporting),
        await attendances(reporting, "51.03"),
        await attendances(reporting, "51.05"),
    )
    await reporting.receive(merged(FIRST, SECOND))

    assert await realised(reporting, valid_on="2023-02-28") == 2
    assert await realised(reporting, valid_on="2023-03-01") == 1
    assert [await realised(reporting, code) for code in ("51.03", "51.05")] == [0, 1]
    after = (await attendances(reporting), await attendances(reporting, "51.03"), await attendances(reporting, "51.05"))
    assert after == before == (60, 30, 30)
    report = await asked(reporting, "activities", **{"from": "2021-01", "to": "2021-12", "valid_on": "2023-03-01"})
    assert report["total"]["reporting_libraries"] == 1


async def test_a_merge_taken_back_never_was_but_what_was_known_stays_known(reporting: ServiceUnderTest) -> None:
    await two_libraries(reporting)
    await reporting.receive(merged(FIRST, SECOND))
    known = await reporting.database.pool.fetchval("select max(recorded_at) from merge_fact")
    while_merged = await realised(reporting, known_on=known.isoformat())
    await reporting.receive(
        LibraryUnmerged(library_id=FIRST, survivor_id=SECOND, effective_on=date(2023, 3, 1), reason="x")
    )

    assert await realised(reporting) == 2
    assert while_merged == await realised(reporting, known_on=known.isoformat()) == 1


async def test_a_chain_of_merges_counts_once_at_its_end_and_activity_of_any_of_them_covers_it(
    reporting: ServiceUnderTest,
) -> None:
    await two_libraries(reporting)
    last, spot = uuid6.uuid7(), bali()[BAHA]
    await reporting.receive(nominated(spot, library_id=last), designated(spot, library_id=last))
    await reporting.receive(merged(FIRST, SECOND), merged(SECOND, last))

    figure = await asked(reporting, "realisation", programme_year=2021)
    assert (figure["realised"], figure["coverage"]["with_activity"]) == (1, 1)
    assert await realised(reporting, "51.03") == 1


async def test_what_a_library_did_before_it_moved_counts_where_it_lay_or_where_it_lies_as_asked(
    reporting: ServiceUnderTest,
) -> None:
    await two_libraries(reporting)
    map_ = bali()
    await reporting.receive(moved(FIRST, map_[MENGWI], map_[BANJARANGKAN], date(2021, 8, 1)))

    both = ("51.03", "51.05")
    assert [await realised(reporting, code) for code in both] == [1, 1]
    assert [await realised(reporting, code, region_basis="current") for code in both] == [0, 2]
    before = {"region_basis": "current", "valid_on": "2021-07-31"}
    assert [await realised(reporting, code, **before) for code in both] == [1, 1]
    assert [await attendances(reporting, code) for code in both] == [30, 30]
    assert [await attendances(reporting, code, region_basis="current") for code in both] == [0, 60]
    assert await attendances(reporting) == await attendances(reporting, region_basis="current") == 60


async def test_bimtek_attendance_of_a_library_that_moved_or_merged_counts_as_asked(reporting: ServiceUnderTest) -> None:
    await two_libraries(reporting)
    map_ = bali()
    await reporting.receive(*attended(FIRST, map_[MENGWI]), *attended(SECOND, map_[BANJARANGKAN]))
    await reporting.receive(moved(FIRST, map_[MENGWI], map_[BAHA], date(2022, 1, 1)), merged(FIRST, SECOND))

    async def present(region: str, **params: str) -> tuple[int, int, bool]:
        spans = {"from": "2021-06", "to": "2021-06", "region": region}
        report = await asked(reporting, "bimtek-attendance", **spans | params)
        total = report["total"]
        return total["registered"] or 0, total["marks"]["HADIR"] if total["marks"] else 0, report["includes_sample"]

    both = ("51.03", "51.05")
    assert [await present(code) for code in both] == [(1, 1, True)] * 2
    before = {"region_basis": "current", "valid_on": "2023-02-28"}
    assert [await present(code, **before) for code in both] == [(1, 1, True)] * 2
    after = {"region_basis": "current", "valid_on": "2023-03-01"}
    assert [await present(code, **after) for code in both] == [(0, 0, False), (2, 2, True)]
    moved_only = {"region_basis": "current", "valid_on": "2022-01-01"}
    assert await present("51.03.02.2008", **moved_only) == (1, 1, True)
    assert await present("51.03.02.2009", **moved_only) == (0, 0, False)
    assert await present("ID") == await present("ID", **after) == (2, 2, True)


async def test_everything_applied_twice_and_in_another_order_of_libraries_gives_the_same_projection(
    reporting: ServiceUnderTest,
) -> None:
    await two_libraries(reporting)
    map_ = bali()
    events = [
        moved(FIRST, map_[MENGWI], map_[BAHA], date(2022, 1, 1)),
        merged(FIRST, SECOND),
        LibraryUnmerged(library_id=FIRST, survivor_id=SECOND, effective_on=date(2023, 3, 1), reason="x"),
        merged(SECOND, FIRST),
    ]
    records = await reporting.announce(*events)
    await reporting.apply([*records[3:], *records[:3]])
    await reporting.apply([reporting.record(one.topic, one.key, one.value) for one in records])

    assert await reporting.dead_letters() == []
    assert await realised(reporting) == 1
    rows = await reporting.database.pool.fetch(
        "select library_id, superseded_at = 'infinity' as holds from merge_fact order by recorded_at, library_id"
    )
    assert [(row["library_id"], row["holds"]) for row in rows] == [(FIRST, False), (SECOND, True)]
