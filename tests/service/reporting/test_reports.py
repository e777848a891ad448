"""What the reports say beside counts of libraries: targets, coverage, activities by month, attendance, and refusals."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
import uuid6
from simpul_reporting.app import SERVICE
from simpul_shared.contracts.activities import (
    AttendanceCorrected,
    AttendanceRecorded,
    BimtekPlanned,
    ParticipantRegistered,
)
from simpul_shared.vocabulary import ActivityCategory, AttendanceStatus, Basis, BimtekKind, BimtekLevel, DeliveryMode

from tests.service.reporting.world import Map, bali, designated, recorded_activity
from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, service_under_test

REALISATION = "/v1/reports/realisation"
ACTIVITIES = "/v1/reports/activities"
ATTENDANCE = "/v1/reports/bimtek-attendance"
YEAR = {"from": "2021-01", "to": "2021-12"}


@pytest.fixture
async def reporting(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(SERVICE, databases) as service:
        await service.receive(*bali().published())
        yield service


async def set_targets(reporting: ServiceUnderTest, **values: int) -> None:
    for code, value in values.items():
        body = {"programme_year": 2021, "indicator": "LIBRARIES", "region_code": code.strip("_").replace("_", ".")}
        answer = await reporting.caller().post("/v1/targets", body | {"value": value})
        assert answer.status_code == 201, answer.text


async def get(reporting: ServiceUnderTest, path: str, **params: Any) -> dict[str, Any]:
    answer = await reporting.caller().get(path, **params)
    assert answer.status_code == 200, answer.text
    report: dict[str, Any] = answer.json()
    return report


async def test_target_and_realisation_stand_side_by_side_and_a_missing_target_is_not_zero(
    reporting: ServiceUnderTest,
) -> None:
    map_ = bali()
    await set_targets(reporting, ID=450, _51=12, _51_03=3, _51_05=4)
    body = {"programme_year": 2021, "indicator": "PROVINCES", "region_code": "ID", "value": 32}
    await reporting.caller().post("/v1/targets", body)
    await reporting.receive(*(designated(map_[code]) for code in ("51.03.02.2008", "51.03.02.2009", "51.02.05.2004")))

    nation = await get(reporting, REALISATION, programme_year=2021)
    report = await get(reporting, REALISATION, programme_year=2021, region="51")

    assert (nation["target"], nation["realised"], nation["percentage"]) == (450, 3, 0.67)
    assert nation["provinces"] == {"target": 32, "realised": 1}
    assert report["provinces"] is None
    assert [(c["code"], c["target"], c["realised"], c["percentage"]) for c in report["children"]] == [
        ("51.02", None, 1, None),
        ("51.03", 3, 2, 66.67),
        ("51.05", 4, 0, 0.0),
    ]


async def test_children_without_target_and_realisation_come_only_when_asked_for(reporting: ServiceUnderTest) -> None:
    await reporting.receive(designated(bali()["51.03.02.2008"]))

    short = await get(reporting, REALISATION, programme_year=2021, region="51")
    whole = await get(reporting, REALISATION, programme_year=2021, region="51", all_children=True)

    assert [child["code"] for child in short["children"]] == ["51.03"]
    assert [child["code"] for child in whole["children"]] == ["51.02", "51.03", "51.05"]


async def test_coverage_counts_designated_libraries_that_had_an_activity_by_the_day(
    reporting: ServiceUnderTest,
) -> None:
    map_ = bali()
    first, second = uuid6.uuid7(), uuid6.uuid7()
    await reporting.receive(
        designated(map_["51.03.02.2008"], library_id=first),
        designated(map_["51.03.02.2009"], library_id=second),
        recorded_activity(map_["51.03.02.2008"], library_id=first, held_on=date(2021, 7, 19)),
        recorded_activity(map_["51.03.02.2008"], library_id=first, held_on=date(2021, 8, 1)),
        recorded_activity(map_["51.03.05.2003"], held_on=date(2021, 7, 1)),
    )

    before = await get(reporting, REALISATION, programme_year=2021, region="51.03", valid_on="2021-07-18")
    after = await get(reporting, REALISATION, programme_year=2021, region="51.03", valid_on="2021-07-19")
    nowhere = await get(reporting, REALISATION, programme_year=2021, region="31")

    assert before["coverage"] == {"designated": 2, "with_activity": 0, "percentage": 0.0}
    assert after["coverage"] == {"designated": 2, "with_activity": 1, "percentage": 50.0}
    assert nowhere["coverage"] == {"designated": 0, "with_activity": 0, "percentage": None}


async def fill_activities(reporting: ServiceUnderTest, map_: Map) -> None:
    library = uuid6.uuid7()
    await reporting.receive(
        recorded_activity(map_["51.03.02.2008"], library_id=library, held_on=date(2021, 7, 31), total=20, women=12),
        recorded_activity(map_["51.03.02.2008"], library_id=library, held_on=date(2021, 8, 1), total=5, women=5),
        recorded_activity(
            map_["51.05.02.2003"], held_on=date(2021, 8, 31), total=10, category=ActivityCategory.EDUCATION
        ),
    )


async def test_activities_are_told_by_month_and_category_with_the_libraries_that_report(
    reporting: ServiceUnderTest,
) -> None:
    await fill_activities(reporting, bali())
    report = await get(reporting, ACTIVITIES, region="51", **YEAR)

    months = {m["month"]: m for m in report["months"]}
    assert (report["from"], report["to"]) == ("2021-01", "2021-12")
    assert list(months) == [f"2021-{number:02}" for number in range(1, 13)]
    assert (months["2021-07"]["activities"], months["2021-07"]["women"], months["2021-07"]["men"]) == (1, 12, 8)
    assert (months["2021-08"]["activities"], months["2021-08"]["reporting_libraries"]) == (2, 2)
    assert [(c["category"], c["attendances"]) for c in months["2021-08"]["categories"]] == [
        ("EKONOMI", 5),
        ("PENDIDIKAN", 10),
    ]
    assert (report["total"]["attendances"], report["total"]["reporting_libraries"]) == (35, 2)
    assert [(c["code"], c["activities"], c["reporting_libraries"]) for c in report["children"]] == [
        ("51.03", 2, 1),
        ("51.05", 1, 1),
    ]


async def test_a_month_in_which_nothing_is_recorded_is_null_and_not_zero(reporting: ServiceUnderTest) -> None:
    await fill_activities(reporting, bali())
    report = await get(reporting, ACTIVITIES, region="51", **YEAR)

    january = report["months"][0]
    assert (january["activities"], january["attendances"], january["reporting_libraries"]) == (None, None, 0)


def planned(map_: Map, *, starts_on: date) -> BimtekPlanned:
    return BimtekPlanned(
        bimtek_id=uuid6.uuid7(),
        title="Bimtek nasional",
        kind=BimtekKind.SPP_TIK,
        level=BimtekLevel.NATIONAL,
        mode=DeliveryMode.ON_SITE,
        region_id=map_["51.03"].id,
        region_basis=Basis.INFERRED,
        timezone="Asia/Makassar",
        starts_on=starts_on,
        ends_on=date(2021, 7, 2),
        session_count=2,
        basis=Basis.STATED,
    )


async def test_attendance_is_told_by_the_month_of_the_session_and_the_region_of_the_library(
    reporting: ServiceUnderTest,
) -> None:
    map_ = bali()
    bimtek = planned(map_, starts_on=date(2021, 6, 28))
    marks: list[Any] = [bimtek]
    days = {1: date(2021, 6, 28), 2: date(2021, 7, 1)}
    for village, statuses in {"51.03.02.2008": "HADIR TERLAMBAT", "51.05.02.2003": "HADIR ALPA"}.items():
        registration, who = uuid6.uuid7(), uuid6.uuid7()
        common: dict[str, Any] = {"registration_id": registration, "bimtek_id": bimtek.bimtek_id, "library_id": who}
        marks.append(ParticipantRegistered(**common, person_id=who, region_id=map_[village].id, basis=Basis.SAMPLE))
        for session_no, status in enumerate(statuses.split(), 1):
            seen: dict[str, Any] = {
                "session_no": session_no,
                "held_on": days[session_no],
                "region_id": map_[village].id,
            }
            marks.append(AttendanceRecorded(**common, **seen, status=AttendanceStatus(status), basis=Basis.SAMPLE))
    marks.append(
        AttendanceCorrected(
            **common,
            **seen,
            old_status=AttendanceStatus.ABSENT,
            status=AttendanceStatus.EXCUSED,
            reason="surat izin",
        )
    )
    await reporting.receive(*marks)

    report = await get(reporting, ATTENDANCE, **YEAR)
    months = {m["month"]: m for m in report["months"]}

    assert (months["2021-06"]["registered"], months["2021-06"]["attendance_rate"]) == (2, 100.0)
    assert months["2021-07"]["marks"] == {"HADIR": 0, "TERLAMBAT": 1, "IZIN": 1, "SAKIT": 0, "ALPA": 0}
    assert (months["2021-07"]["registered"], months["2021-07"]["attendance_rate"]) == (0, 50.0)
    assert months["2021-05"] == {"month": "2021-05", "registered": None, "marks": None, "attendance_rate": None}
    assert report["total"]["attendance_rate"] == 75.0
    province = await get(reporting, ATTENDANCE, region="51", **YEAR)
    assert [(c["code"], c["attendance_rate"]) for c in province["children"]] == [("51.03", 100.0), ("51.05", 50.0)]


SENSELESS: tuple[tuple[dict[str, str], str], ...] = (
    ({"region": "5103"}, "region-code-malformed"),
    ({"region": "ID", "from": "2021-13"}, "months-malformed"),
    ({"region": "ID", "from": "2021-12", "to": "2021-01"}, "months-malformed"),
    ({"region": "ID", "from": "2001-01", "to": "2021-01"}, "months-malformed"),
    ({"region": "ID", "valid_on": "2021-02-30"}, "invalid"),
)


async def test_a_question_that_makes_no_sense_is_refused(reporting: ServiceUnderTest) -> None:
    for params, code in SENSELESS:
        for path in (ACTIVITIES, ATTENDANCE):
            answer = await reporting.caller().get(path, **params)
            assert (answer.status_code, answer.json()["code"]) == (422, code), params


async def test_an_unknown_region_is_not_found(reporting: ServiceUnderTest) -> None:
    for path, asked in ((ACTIVITIES, {}), (ATTENDANCE, {}), (REALISATION, {"programme_year": 2021})):
        answer = await reporting.caller().get(path, region="99", **asked)
        assert (answer.status_code, answer.json()["code"]) == (404, "region-unknown")


async def test_nobody_reads_a_report_without_a_token(reporting: ServiceUnderTest) -> None:
    for path in (ACTIVITIES, ATTENDANCE, REALISATION):
        assert (await reporting.http.get(path)).status_code == 401
