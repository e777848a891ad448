"""A file of libraries from the upload to its receipts: judged, committed, mended, sent again, killed on its way."""

import asyncio
import io
import itertools
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import ModuleType
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from python_calamine import CalamineWorkbook
from simpul_registry.app import SERVICE
from simpul_registry.imports import place_names
from simpul_shared.access import Role
from simpul_shared.contracts import registry as announced
from simpul_shared.platform.database import Database, lock_key
from simpul_shared.platform.http.query import encode_cursor
from simpul_shared.platform.imports import checking, committing, store
from simpul_shared.platform.imports import work as machine
from simpul_shared.platform.imports.reading import ReaderStopped
from simpul_shared.platform.imports.work import work_once

from tests.service.registry.conftest import insert_regions, region_id
from tests.service.registry.imports import (
    BANJARANGKAN,
    HEADER,
    MENGWI,
    checked,
    committed,
    csv,
    desk,
    row,
    rows,
    send,
    work,
)
from tests.support import sheets
from tests.support.databases import Databases
from tests.support.services import ORIGIN, Caller, ServiceUnderTest, service_under_test


def codes(found: list[dict[str, Any]]) -> list[list[str]]:
    return [[one["code"] for one in each["problems"]] for each in found]


async def test_a_dry_run_tells_the_verdict_on_each_row_and_leaves_nothing_else(
    registry: ServiceUnderTest, national: Caller
) -> None:
    content = csv(row("Pustaka A"), row("Pustaka B", "51.03.02.2999"), row("Pustaka C", Jenis_Perpustakaan="GEDUNG"))
    looked_at = await checked(registry, national, content)
    assert (looked_at["state"], looked_at["rows_accepted"], looked_at["rows_refused"]) == ("CHECKED", 1, 2)
    found = await rows(national, looked_at)
    assert [(one["row"], one["verdict"]) for one in found] == [(2, "ACCEPTED"), (3, "REFUSED"), (4, "REFUSED")]
    assert codes(found) == [[], ["region-unknown"], ["word-unknown"]]
    assert found[1]["problems"][0]["choices"][0] == MENGWI
    assert await registry.ledger() == []
    assert await registry.database.pool.fetchval("select count(*) from library") == 0
    assert await registry.database.pool.fetchval("select count(*) from bulk_import_file") == 0


async def test_a_commit_makes_a_library_an_event_and_a_receipt_of_each_row_that_can_be_applied(
    registry: ServiceUnderTest, national: Caller
) -> None:
    done = await committed(registry, national, csv(row("Pustaka A"), row("Pustaka B", BANJARANGKAN), row("", MENGWI)))
    assert (done["state"], done["rows_applied"], done["rows_refused"], done["rows_done"]) == ("COMPLETED", 2, 1, 3)
    receipts = await rows(national, done)
    assert [one["verdict"] for one in receipts] == ["APPLIED", "APPLIED", "REFUSED"]
    library = (await national.get(f"/v1/libraries/{receipts[1]['subject_id']}")).json()
    assert (library["name"], library["region"]["code"], library["nominated_on"]) == (
        "Pustaka B",
        BANJARANGKAN,
        "2021-02-01",
    )
    nominated = await registry.ledger(announced.LibraryNominated)
    assert [[str(one.id)] for one in nominated] == [one["event_ids"] for one in receipts[:2]]
    assert {(one.channel, one.actorref, one.correlationid) for one in nominated} == {
        ("XLSX", "test-client", done["import_id"])
    }
    told = await registry.ledger(
        announced.BulkImportAccepted, announced.BulkImportRowRejected, announced.BulkImportCompleted
    )
    assert [one.type.split(".")[3] for one in told] == [
        "bulk-import-accepted",
        "bulk-import-row-rejected",
        "bulk-import-completed",
    ]
    assert b"Pustaka" not in b"".join(bytes(one.data) for one in told)


async def test_the_same_file_again_is_the_same_import_with_the_same_receipts(
    registry: ServiceUnderTest, national: Caller
) -> None:
    content = csv(row("Pustaka A"), row("", MENGWI))
    first = await committed(registry, national, content)
    receipts = await rows(national, first)
    again = await send(national, content)
    assert again == first
    await work(registry)
    assert await rows(national, again) == receipts
    assert len(await registry.ledger(announced.LibraryNominated)) == 1


async def test_the_errors_file_comes_back_mended_and_only_what_was_refused_is_applied(
    registry: ServiceUnderTest, national: Caller
) -> None:
    done = await committed(
        registry, national, csv(row("Pustaka A"), row("=B", "5103022009"), row("Pustaka C", "51.3.2.2009"))
    )
    response = await national.get(f"/v1/imports/{done['import_id']}/errors")
    header, *refused = (
        CalamineWorkbook.from_filelike(io.BytesIO(response.content)).get_sheet_by_name("Data").to_python()
    )
    reason = header.index("Alasan Penolakan")
    assert [one[header.index("Baris Asal")] for one in refused] == ["3", "4"]
    assert refused[0][1] == "'=B"
    assert "rumus" in str(refused[0][reason])
    assert "51.03.02.2009" in str(refused[1][reason])
    mended = [[str(cell) for cell in one] for one in refused]
    mended[0][1], mended[0][2], mended[1][2] = "Pustaka B", MENGWI, BANJARANGKAN
    again = await committed(registry, national, sheets.workbook(sheets.table([[str(one) for one in header], *mended])))
    assert (again["rows_applied"], again["rows_refused"], again["unknown_columns"]) == (2, 0, [])
    assert [one.aggregateversion for one in await registry.ledger(announced.LibraryNominated)] == [1, 1, 1]


async def test_the_errors_file_has_every_refused_row_once_however_few_are_written_at_a_time(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at = await checked(
        registry, national, csv(*(row(f"Pustaka {n}", MENGWI if n == 3 else "") for n in range(7)))
    )
    for page_bytes in (1, 500):
        monkeypatch.setattr(store, "_PAGE_BYTES", page_bytes)
        response = await national.get(f"/v1/imports/{looked_at['import_id']}/errors", format="csv")
        names = [line.split(";")[1] for line in response.text.splitlines()[1:]]
        assert names == [f"Pustaka {n}" for n in range(7) if n != 3]


async def test_a_row_that_was_applied_from_another_file_is_not_applied_again_and_its_receipt_names_the_first(
    registry: ServiceUnderTest, national: Caller
) -> None:
    first = await committed(registry, national, csv(row("Pustaka A")))
    named = row("PUSTAKA  A", "", Provinsi="Bali", **{"Kabupaten/Kota": "Kab. Badung", "Kecamatan": "Mengwi"})
    named["Desa/Kelurahan"] = "Desa Mengwi"
    second = await committed(registry, national, csv(row("Pustaka B"), named))
    assert (second["rows_applied"], second["rows_known"]) == (1, 1)
    (receipt,) = await rows(national, first)
    known = (await rows(national, second))[1]
    assert (known["verdict"], known["event_ids"], known["subject_id"]) == (
        "KNOWN",
        receipt["event_ids"],
        receipt["subject_id"],
    )
    assert len(await registry.ledger(announced.LibraryNominated)) == 2


WAY = {
    "Kode Wilayah": "",
    "Provinsi": "Bali",
    "Kabupaten/Kota": "Badung",
    "Kecamatan": "Mengwi",
    "Desa/Kelurahan": "Mengwi",
}


@pytest.mark.parametrize(
    ("changed", "code", "choices"),
    [
        (
            {"Kode Wilayah": "", "Desa/Kelurahan": "Banjarangkan"},
            "place-ambiguous",
            ["51.05.02.2003 Banjarangkan, Banjarangkan, KAB. KLUNGKUNG"],
        ),
        ({"Kode Wilayah": "", "Desa/Kelurahan": "Punggul"}, "place-unknown", []),
        (WAY | {"Desa/Kelurahan": "Mengwii"}, "place-unknown", ["51.03.02.2009 Mengwi, Mengwi, KAB. BADUNG"]),
        (WAY | {"Kecamatan": "Mengiw"}, "place-unknown", ["51.03.02 Mengwi, KAB. BADUNG"]),
        (WAY | {"Kabupaten/Kota": "Kab. Klungkng"}, "place-unknown", ["51.05 KAB. KLUNGKUNG"]),
        (WAY | {"Provinsi": "Balli"}, "place-unknown", ["51 BALI"]),
        (WAY | {"Desa/Kelurahan": "Banjarangkan"}, "place-unknown", []),
        ({"Kode Wilayah": ""}, "place-missing", []),
        ({"Kode Wilayah": "5103022009"}, "code-scheme-missing", [MENGWI, "BPS 5103022009"]),
        ({"Kode Wilayah": "5103022"}, "code-scheme-missing", ["BPS 5103022"]),
        ({"Kode Wilayah": "5103022009", "Skema Kode": "BPS"}, "region-unknown", []),
        ({"Kode Wilayah": MENGWI, "Skema Kode": "BPS"}, "region-code-malformed", []),
        ({"Kode Wilayah": "", "Kode BPS": "510302200"}, "region-code-malformed", []),
        ({"Kode BPS": "5103020009"}, "region-unknown", []),
        ({"Kode Wilayah": "51.3.2.2009"}, "region-code-malformed", [MENGWI]),
        ({"Kode Wilayah": MENGWI, "Desa/Kelurahan": "Baha"}, "place-disagrees", ["51.03.02.2009 Mengwi"]),
        (
            {"Kode Wilayah": MENGWI, "Kabupaten/Kota": "Kab. Klungkung", "Desa/Kelurahan": "Mengwi"},
            "place-disagrees",
            ["51.03.02.2009 Mengwi, Mengwi, KAB. BADUNG"],
        ),
        ({"Kode Wilayah": "51.03"}, "library-level-mismatch", []),
        ({"Sumber Dana": "Dana hibah"}, "word-unknown", ["APBN", "APBD", "APBDES", "SWADAYA", "CSR"]),
        ({"Tanggal Usulan": "1/2/2099"}, "date-in-future", []),
        ({"Tahun Program": "2.021,5"}, "number-unreadable", []),
        ({"Nomor SK": "12/SK/2021"}, "decree-incomplete", []),
        ({"Nomor SK": "belum ada", "Tanggal SK": "15/3/2021"}, "decree-number-unreadable", []),
        ({"Nomor SK": "2,02103E+19", "Tanggal SK": "15/3/2021"}, "code-rounded", []),
        ({"NPP": "6.37E+14"}, "code-rounded", []),
        ({"NPP": "63720520"}, "npp-malformed", []),
        ({"Nomor SK": "12/SK/2021", "Tanggal SK": "31/1/2021"}, "date-too-early", []),
    ],
)
async def test_what_may_mean_two_things_is_refused_with_the_choice(
    registry: ServiceUnderTest, national: Caller, changed: dict[str, str], code: str, choices: list[str]
) -> None:
    looked_at = await checked(registry, national, csv(row("Pustaka A") | changed))
    (found,) = await rows(national, looked_at)
    assert [(one["code"], one["choices"]) for one in found["problems"]] == [(code, choices)]
    assert len(found["problems"][0]["hint"]) > 15
    assert not re.search(r"\b(the|is|no|was|give|an)\b", found["problems"][0]["hint"]), "the hint is not in Indonesian"


async def test_an_undotted_code_is_read_where_the_file_says_whose_it_is(
    registry: ServiceUnderTest, national: Caller
) -> None:
    done = await committed(registry, national, csv(row("Pustaka A", "5103022009", Skema_Kode="Kode Kemendagri")))
    assert done["rows_applied"] == 1


async def test_a_bps_code_is_read_where_the_file_says_so_as_it_was_assigned_on_the_day_of_the_row(
    registry: ServiceUnderTest, national: Caller
) -> None:
    for village, code, valid_from in ((MENGWI, "5103020009", "2021-01-01"), (BANJARANGKAN, "5105020003", None)):
        body = {"scheme": "BPS", "code": code, "valid_from": valid_from, "source": "Perka BPS 3/2024"}
        assert (await national.post(f"/v1/regions/{region_id(village)}/codes", body)).status_code == 200
    titled = csv(row("Pustaka A", "5103020009")).replace(b"Kode Wilayah", b"Kode Wilayah (BPS)")
    assert (await checked(registry, national, titled))["rows_accepted"] == 1
    by_scheme = row("Pustaka A", "5103020009", Skema_Kode="BPS")
    by_column = row("Pustaka B", "", Kode_BPS="5105020003")
    by_both = row("Pustaka C", MENGWI, Kode_BPS="5105020003")
    too_early = row("Pustaka D", "5103020009", Skema_Kode="BPS", Tanggal_Usulan="31/12/2020")
    done = await committed(registry, national, csv(by_scheme, by_column, by_both, too_early))
    found = await rows(national, done)
    assert codes(found) == [[], [], ["place-disagrees"], ["region-unknown"]]
    assert found[3]["problems"][0]["choices"] == [f"{MENGWI} Mengwi"]
    libraries = [(await national.get(f"/v1/libraries/{one['subject_id']}")).json() for one in found[:2]]
    assert [one["region"]["code"] for one in libraries] == [MENGWI, BANJARANGKAN]


async def test_each_misspelt_name_of_a_file_is_told_its_choices_wherever_it_lies(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place_names, "_SURROUNDINGS", 1)
    slips = [f"M{'engwi'[:at]}{sign}{'engwi'[at + 1 :]}" for at in range(5) for sign in "bcdfhjklopqrstuvxyz"]
    elsewhere = WAY | {"Kabupaten/Kota": "Klungkung", "Kecamatan": "Banjarangkan", "Desa/Kelurahan": "Banjarankan"}
    places = [WAY | {"Kecamatan": "Mengwy"}, *(WAY | {"Desa/Kelurahan": one} for one in slips), elsewhere]
    content = csv(*(row(f"Pustaka {n}", "") | place for n, place in enumerate(places * 2)))
    found = await rows(national, await checked(registry, national, content), limit="100")
    assert codes(found) == [["place-unknown"]] * 2 * len(places)
    district, village = "51.03.02 Mengwi, KAB. BADUNG", "51.03.02.2009 Mengwi, Mengwi, KAB. BADUNG"
    of_slips = [[village]] * len(slips)
    choices = [[district], *of_slips, ["51.05.02.2003 Banjarangkan, Banjarangkan, KAB. KLUNGKUNG"]]
    assert [one["problems"][0]["choices"] for one in found] == choices * 2


async def test_a_village_is_not_found_by_the_second_half_of_its_name_but_told(
    registry: ServiceUnderTest, national: Caller
) -> None:
    await registry.database.pool.execute("update region_version set name = 'Kota Baru' where code = '51.03.02.2008'")
    wholes = ("Kota Baru", "Kelurahan Kota Baru")
    whole = [row(f"Pustaka {name}", "") | WAY | {"Desa/Kelurahan": name} for name in wholes]
    content = csv(*whole, row("Pustaka A", "") | WAY | {"Desa/Kelurahan": "Baru"})
    found = await rows(national, await checked(registry, national, content))
    assert codes(found) == [[], [], ["place-unknown"]]
    assert found[2]["problems"][0]["choices"] == ["51.03.02.2008 Kota Baru, Mengwi, KAB. BADUNG"]


async def _move_badung_to_a_new_province(registry: ServiceUnderTest) -> None:
    pool = registry.database.pool
    await pool.execute(
        """
        insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to,
            decree, recorded_at, event_id, aggregate_version)
        select $1, scheme, '52', 'BALI SELATAN', level, kind, parent_id, array[path[1], $1::uuid], timezone, '2022-07-01',
            valid_to, decree, recorded_at, gen_random_uuid(), 0
        from region_version where code = '51'
        """,
        region_id("52"),
    )
    await pool.execute("update region_version set valid_to = '2022-07-01' where code like '51.03%'")
    await pool.execute(
        """
        insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to,
            decree, recorded_at, event_id, aggregate_version)
        select region_id, scheme, '52' || substr(code, 3), name, level, kind,
            case when parent_id = $2 then $1 else parent_id end, array[path[1], $1::uuid] || path[3:], timezone, '2022-07-01',
            'infinity', decree, recorded_at, gen_random_uuid(), 1
        from region_version where code like '51.03%'
        """,
        region_id("52"),
        region_id("51"),
    )


async def test_names_of_today_with_a_day_of_then_and_the_other_way_round_lead_to_a_region_that_moved(
    registry: ServiceUnderTest, national: Caller
) -> None:
    await _move_badung_to_a_new_province(registry)
    today, then = {"Provinsi": "Bali Selatan"}, {"Provinsi": "Bali"}
    places = [
        WAY | today,
        WAY | then,
        WAY | then | {"Tanggal Usulan": ""},
        WAY | today | {"Tanggal Usulan": ""},
        {"Kode Wilayah": MENGWI} | today,
        {"Kode Wilayah": "52.03.02.2009", "Tanggal Usulan": ""} | then,
        {"Kode Wilayah": MENGWI, "Provinsi": "Bali", "Kabupaten/Kota": "Klungkung"},
        WAY | today | {"Desa/Kelurahan": "Mengwii"},
    ]
    content = csv(*(row(f"Pustaka {n}") | place for n, place in enumerate(places)))
    found = await rows(national, await checked(registry, national, content))
    assert codes(found) == [[]] * 6 + [["place-disagrees"], ["place-unknown"]]
    misspelt = found[7]["problems"][0]
    assert (misspelt["column"], misspelt["choices"]) == ("village", [f"{MENGWI} Mengwi, Mengwi, KAB. BADUNG"])
    narrowed = await checked(registry, national, csv(row("Pustaka X", "") | WAY | then), region="52.03")
    assert narrowed["rows_accepted"] == 1


async def test_the_region_of_the_import_settles_the_levels_above_and_bounds_the_rows(
    registry: ServiceUnderTest, national: Caller
) -> None:
    named = row("Pustaka A", "") | {"Kecamatan": "Mengwi", "Desa/Kelurahan": "Mengwi"}
    looked_at = await checked(registry, national, csv(named, row("Pustaka B", BANJARANGKAN)), region="51.03")
    assert codes(await rows(national, looked_at)) == [[], ["outside-region"]]


@pytest.mark.parametrize("committing", [False, True])
async def test_an_import_goes_on_when_its_region_gets_another_code(
    registry: ServiceUnderTest, national: Caller, *, committing: bool
) -> None:
    named = row("Pustaka A", "") | {"Kecamatan": "Mengwi", "Desa/Kelurahan": "Mengwi"}
    looked_at = await checked(registry, national, csv(named, row("Pustaka B")), region="51.03")
    path = f"/v1/imports/{looked_at['import_id']}"
    if not committing:
        await recode(registry, "51.03", "51.99")
    assert (await national.post(f"{path}/commit", version=looked_at["version"])).status_code == 202
    if committing:
        await recode(registry, "51.03", "51.99")
    await work(registry)
    done = (await national.get(path)).json()
    assert (done["state"], done["rows_applied"], done["rows_refused"]) == ("COMPLETED", 2, 0)
    (accepted,) = await registry.ledger(announced.BulkImportAccepted)
    assert str(region_id("51.03")).encode() in bytes(accepted.data)


async def recode(registry: ServiceUnderTest, code: str, new: str) -> None:
    """As a decree does that holds from today."""
    await registry.database.pool.execute(
        """
        with before as (
            update region_version set superseded_at = clock_timestamp() where code = $1 returning *
        )
        insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from,
            valid_to, decree, recorded_at, event_id, aggregate_version)
        select region_id, scheme, $2, name, level, kind, parent_id, path, timezone, current_date, 'infinity', decree,
            clock_timestamp(), gen_random_uuid(), 1 from before
        """,
        code,
        new,
    )


async def test_the_region_of_an_import_is_that_of_the_day_in_indonesia(databases: Databases) -> None:
    evening = datetime(2021, 6, 1, 18, tzinfo=UTC)
    async with service_under_test(SERVICE, databases, clock=lambda: evening) as registry:
        await insert_regions(registry)
        await registry.database.pool.execute(
            """
            with before as (
                update region_version set valid_to = '2021-06-02' where code = '51.03' returning *
            )
            insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from,
                valid_to, decree, recorded_at, event_id, aggregate_version)
            select region_id, scheme, '51.99', name, level, kind, parent_id, path, timezone, date '2021-06-02', 'infinity',
                decree, recorded_at, gen_random_uuid(), 1 from before
            """
        )
        assert (await send(registry.caller(), csv(row("Pustaka A")), region="51.99"))["state"] == "RECEIVED"


async def test_each_row_needs_the_callers_scope_and_a_decree_the_right_to_designate(registry: ServiceUnderTest) -> None:
    regency = registry.caller(Role.REGENCY_ADMIN, "51.03", client="badung")
    decree = {"Nomor SK": "12/SK/2021", "Tanggal SK": "15/3/2021"}
    content = csv(row("Pustaka A"), row("Pustaka B", BANJARANGKAN), row("Pustaka C") | decree)
    done = await committed(registry, regency, content)
    assert codes(await rows(regency, done)) == [[], ["outside-scope"], ["permission-missing"]]
    assert done["rows_applied"] == 1


async def test_a_decree_takes_a_library_straight_to_designated(registry: ServiceUnderTest, national: Caller) -> None:
    decree = {"Nomor SK": "12/SK/2021", "Tanggal SK": "15/3/2021", "Tanggal Usulan": ""}
    done = await committed(registry, national, csv(row("Pustaka A") | decree))
    (receipt,) = await rows(national, done)
    library = (await national.get(f"/v1/libraries/{receipt['subject_id']}")).json()
    assert (library["status"], library["status_since"], library["version"]) == ("DITETAPKAN", "2021-03-15", 3)
    assert library["episodes"][0]["sk_no"] == "12/SK/2021"
    history = (await national.get(f"/v1/libraries/{receipt['subject_id']}/history")).json()["items"]
    assert sorted(one["event_id"] for one in history) == sorted(receipt["event_ids"])
    path, version = f"/v1/libraries/{receipt['subject_id']}", library["version"]
    active = await national.post(f"{path}/activate", {"effective_on": "2021-07-05"}, version=version)
    assert active.status_code == 200


async def test_who_pays_reaches_the_library_and_its_events_and_tells_rows_apart(
    registry: ServiceUnderTest, national: Caller
) -> None:
    decree = {"Nomor SK": "12/SK/2021", "Tanggal SK": "15/3/2021"}
    paid, decreed, unpaid = row("A", Sumber_Dana="APBDes"), row("B", Sumber_Dana="anggaran NEGARA") | decree, row("C")
    done = await committed(registry, national, csv(paid, decreed, unpaid))
    assert done["unknown_columns"] == []
    paths = [f"/v1/libraries/{one['subject_id']}" for one in await rows(national, done)]
    funds = [(await national.get(path)).json()["episodes"][0]["fund_source"] for path in paths]
    assert funds == ["APBDES", "APBN", None]
    told = await registry.ledger(announced.LibraryNominated, announced.LibraryDesignated)
    assert [json.loads(bytes(one.data))["fund_source"] for one in told] == ["APBDES", "APBN", "APBN", None]
    again = await checked(registry, national, csv(paid, row("C", Sumber_Dana="CSR")))
    assert [one["verdict"] for one in await rows(national, again)] == ["KNOWN", "ACCEPTED"]


async def test_an_npp_is_kept_as_a_number_of_another_register_and_belongs_to_one_library(
    registry: ServiceUnderTest, national: Caller
) -> None:
    content = csv(row("Pustaka A", NPP="6372052C0000001"), row("Pustaka B", NPP="637205210000001"))
    done = await committed(registry, national, content)
    first, second = await rows(national, done)
    assert [one.type.split(".")[3] for one in await registry.ledger(announced.ExternalIdAssigned)] == [
        "external-id-assigned"
    ] * 2
    assert (len(first["event_ids"]), [one["code"] for one in second["remarks"]]) == (2, ["npp-form"])
    held = await registry.database.pool.fetch("select library_id, value from external_id order by value")
    assert {(str(one["library_id"]), one["value"]) for one in held} == {
        (first["subject_id"], "6372052C0000001"),
        (second["subject_id"], "637205210000001"),
    }
    again = csv(row("Pustaka C", NPP="6372052C0000001"), row("Pustaka B", NPP="637205210000001"))
    looked_at = await checked(registry, national, again)
    found = await rows(national, looked_at)
    assert [(one["verdict"], [each["code"] for each in one["problems"]]) for one in found] == [
        ("REFUSED", ["external-id-taken"]),
        ("KNOWN", []),
    ]


async def test_an_npp_is_one_however_its_letter_is_typed(registry: ServiceUnderTest, national: Caller) -> None:
    done = await committed(registry, national, csv(row("Pustaka A", NPP="6372052e0000001"), row("Pustaka B")))
    first, second = await rows(national, done)
    other = await checked(registry, national, csv(row("Pustaka C", NPP="6372052E0000001")))
    assert codes(await rows(national, other)) == [["external-id-taken"]]
    body = {"scheme": "NPP", "value": "6372052E0000001", "valid_from": "2022-01-01", "source": "sertifikat"}
    path = f"/v1/libraries/{second['subject_id']}"
    version = (await national.get(path)).json()["version"]
    refused = await national.post(f"{path}/external-ids", body, version=version)
    assert (refused.status_code, refused.json()["code"]) == (409, "external-id-taken")
    found = (await national.get("/v1/libraries", external_id="NPP:6372052E0000001")).json()["items"]
    assert [one["library_id"] for one in found] == [first["subject_id"]]
    assert (await national.get("/v1/library-counts", external_id="NPP:6372052E0000001")).json()["total"] == 1


async def test_an_npp_in_several_rows_of_a_file_belongs_to_the_first_that_can_be_applied(
    registry: ServiceUnderTest, national: Caller
) -> None:
    known = row("Known", NPP="6372052C0000009")
    await committed(registry, national, csv(known))
    nowhere, good, late = (row(name, NPP="6372052C0000001") for name in ("Nowhere", "Good", "Late"))
    nowhere["Kode Wilayah"] = "51.03.02.2999"
    others = [row(f"Other {n}") for n in range(1000)]  # so that frames and chunks end between those that claim it
    usurper = row("Usurper", NPP="6372052C0000009")
    done = await committed(registry, national, csv(nowhere, usurper, good, *others, late, known))
    assert (done["rows_applied"], done["rows_known"], done["rows_refused"]) == (1001, 1, 3)
    found = await rows(national, done, limit="10", verdict="REFUSED")
    assert [(one["row"], *codes([one])) for one in found] == [
        (2, ["region-unknown"]),
        (3, ["external-id-taken"]),
        (1005, ["value-repeated"]),
    ]
    assert "baris 4." in found[2]["problems"][0]["hint"]
    assert [one["row"] for one in await rows(national, done, verdict="KNOWN")] == [1006]


async def test_of_rows_that_claim_one_npp_in_a_chunk_and_in_the_next_one_is_applied(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "CHUNK_ROWS", 3)
    content = csv(*(row(f"Pustaka {n}", NPP=f"6372052C000000{n}") for n in range(6)))
    looked_at = await checked(registry, national, content)
    path = f"/v1/imports/{looked_at['import_id']}"
    await national.post(f"{path}/commit", version=looked_at["version"])
    # As if the rules that read the file had let it through: rows 3, 4 and 5 claim the number of row 2.
    await registry.database.pool.execute(
        """
        update bulk_import_row
        set record = convert_to(regexp_replace(convert_from(record, 'UTF8'), '6372052C000000.', '6372052C0000000'), 'UTF8')
        where row_no between 3 and 5
        """
    )
    await work(registry)
    found = await rows(national, looked_at)
    assert codes(found) == [[], *[["external-id-taken"]] * 3, [], []]
    assert [one["verdict"] for one in found] == ["APPLIED", *["REFUSED"] * 3, "APPLIED", "APPLIED"]
    assert len(await registry.ledger(announced.ExternalIdAssigned)) == 3
    held = await registry.database.pool.fetch("select value from external_id order by value")
    assert [one["value"][-1] for one in held] == ["0", "4", "5"]


async def test_a_library_of_the_same_name_is_taken_and_told(registry: ServiceUnderTest, national: Caller) -> None:
    await committed(registry, national, csv(row("Pustaka A")))
    looked_at = await checked(registry, national, csv(row("pustaka a", Tahun_Program="2022")))
    (found,) = await rows(national, looked_at)
    assert (found["verdict"], [one["code"] for one in found["remarks"]]) == ("ACCEPTED", ["possible-duplicate"])


async def test_a_name_in_another_spelling_that_looks_the_same_is_the_same(
    registry: ServiceUnderTest, national: Caller
) -> None:
    await committed(registry, national, csv(row("Caf\u00e9 Al-Amin")))
    alike = row("Cafe\u0301 Al\u2011Amin")
    looked_at = await checked(registry, national, csv(alike, alike | {"Tahun Program": "2022"}))
    known, other = await rows(national, looked_at)
    assert (known["verdict"], [one["code"] for one in other["remarks"]]) == ("KNOWN", ["possible-duplicate"])


async def test_a_bad_file_is_refused_at_once_or_after_it_was_read_and_leaves_the_reason(
    registry: ServiceUnderTest, national: Caller
) -> None:
    at_once = await national.send("/v1/imports", b"PK\x03\x04 cut off", form="libraries")
    assert (at_once.status_code, at_once.json()["code"]) == (422, "file-broken")
    later = await checked(registry, national, b"Nama Perpustakaan;Jenis\r\nA;DESA\r\n")
    assert (later["state"], later["problem"]["code"]) == ("REFUSED", "header-missing")
    response = await national.post(f"/v1/imports/{later['import_id']}/commit", version=later["version"])
    assert (response.status_code, response.json()["code"]) == (409, "import-state")


async def test_a_character_that_no_text_in_postgres_can_hold_halts_nothing_in_a_title(
    registry: ServiceUnderTest, national: Caller
) -> None:
    table = sheets.table([[*HEADER, "Ket_x0000_x"], list(row("Pustaka A", Ket="x").values())])
    looked_at = await checked(registry, national, sheets.workbook(table))
    assert (looked_at["state"], looked_at["unknown_columns"]) == ("CHECKED", ["Ketx"])


async def test_a_file_over_the_limit_is_refused_while_it_arrives(national: Caller) -> None:
    response = await national.send("/v1/imports", b"a" * (20 * 1024 * 1024 + 1), form="libraries")
    assert (response.status_code, response.json()["code"]) == (413, "file-too-large")


async def test_who_may_not_or_asks_for_what_is_not_there_is_refused(
    registry: ServiceUnderTest, national: Caller
) -> None:
    staff, other = registry.caller(Role.LIBRARY_STAFF, "51.03"), registry.caller(client="other")
    content = csv(row("Pustaka A"))
    assert (await staff.send("/v1/imports", content, form="libraries")).json()["code"] == "permission-missing"
    assert (await national.send("/v1/imports", content, form="persons")).json()["code"] == "form-unknown"
    assert (await national.send("/v1/imports", content, form="libraries", region="99")).json()[
        "code"
    ] == "region-unknown"
    regency = registry.caller(Role.REGENCY_ADMIN, "51.03")
    outside = await regency.send("/v1/imports", content, form="libraries", region="51.05")
    assert outside.json()["code"] == "outside-scope"
    looked_at = await checked(registry, national, content)
    path = f"/v1/imports/{looked_at['import_id']}"
    assert [(await other.get(one)).json()["code"] for one in (path, f"{path}/rows", f"{path}/errors")] == [
        "import-unknown"
    ] * 3
    assert (await national.post(f"{path}/commit", version=7)).json()["code"] == "version-mismatch"
    for beyond in (2**31, 2**63 - 1):
        page = await national.get(f"{path}/rows", cursor=encode_cursor(beyond))
        assert (page.status_code, page.json()) == (200, {"items": [], "next_cursor": None})


class Killed(BaseException):
    """As if the process had died: nothing catches it."""


async def test_a_worker_that_dies_while_it_commits_is_followed_by_one_that_goes_on_after_the_last_row(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "CHUNK_ROWS", 4)
    content = csv(*(row(f"Pustaka {number}", "" if number % 5 == 3 else MENGWI) for number in range(18)))
    looked_at = await checked(registry, national, content)
    path = f"/v1/imports/{looked_at['import_id']}"
    await national.post(f"{path}/commit", version=looked_at["version"])
    write, chunks = store.write_receipts, []

    async def die_in_the_third(*given: Any) -> None:
        await write(*given)
        chunks.append(given)
        if len(chunks) == 3:
            raise Killed

    monkeypatch.setattr(store, "write_receipts", die_in_the_third)
    with pytest.raises(Killed):
        await work(registry)
    half = (await national.get(path)).json()
    assert (half["state"], half["rows_done"]) == ("COMMITTING", 8)
    await work(registry)
    done = (await national.get(path)).json()
    assert (done["state"], done["rows_applied"], done["rows_refused"]) == ("COMPLETED", 15, 3)
    nominated = [str(one.id) for one in await registry.ledger(announced.LibraryNominated)]
    receipts = [one["event_ids"][0] for one in await rows(national, done, verdict="APPLIED")]
    assert receipts == nominated
    assert len(await registry.ledger(announced.BulkImportRowRejected)) == 3
    assert len(await registry.ledger(announced.BulkImportCompleted)) == 1


async def test_a_worker_that_dies_while_it_reads_is_followed_by_one_that_reads_anew(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(national, csv(row("Pustaka A"), row("Pustaka B")))
    drop = store.drop_file

    async def die(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(store, "drop_file", die)
    with pytest.raises(Killed):
        await work(registry)
    monkeypatch.setattr(store, "drop_file", drop)
    looked_at = await checked(registry, national, csv(row("Pustaka A"), row("Pustaka B")))
    assert (looked_at["state"], looked_at["rows_read"], looked_at["rows_accepted"]) == ("CHECKED", 2, 2)


async def test_a_file_whose_reader_was_told_to_end_is_read_anew(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, once = store.keep_head, iter(range(1))

    async def end_once(*given: Any) -> None:
        await real(*given)
        if next(once, None) is not None:
            raise ReaderStopped

    monkeypatch.setattr(store, "keep_head", end_once)
    looked_at = await checked(registry, national, csv(row("Pustaka A"), row("Pustaka B")))
    assert (looked_at["state"], looked_at["rows_read"]) == ("CHECKED", 2)


class Fault(Exception):
    """Of the service's own."""


def failing_after_the_first(work: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    calls = itertools.count()

    async def work_once(*given: Any) -> None:
        if next(calls):
            raise Fault
        await work(*given)

    return work_once


async def test_a_dry_run_that_halted_is_not_committed_but_read_anew_when_the_file_is_sent_again(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = csv(*(row(f"Pustaka {number}") for number in range(1001)))
    with monkeypatch.context() as patched:
        patched.setattr(store, "count_judged", failing_after_the_first(store.count_judged))
        halted = await checked(registry, national, content)
    assert (halted["state"], halted["rows_read"], halted["rows_done"]) == ("HALTED", 1000, 0)
    assert "Send the same file again" in halted["problem"]["detail"]
    commit = f"/v1/imports/{halted['import_id']}/commit"
    refused = await national.post(commit, version=halted["version"])
    assert (refused.status_code, refused.json()["code"]) == (409, "import-state")
    assert "Send the same file again" in refused.json()["detail"]
    again = await checked(registry, national, content)
    assert (again["state"], again["rows_accepted"], again["problem"]) == ("CHECKED", 1001, None)


async def test_a_commit_that_halted_goes_on_when_it_is_asked_for_again(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "CHUNK_ROWS", 1)
    content = csv(*(row(f"Pustaka {number}") for number in range(3)))
    with monkeypatch.context() as patched:
        patched.setattr(store, "count_settled", failing_after_the_first(store.count_settled))
        halted = await committed(registry, national, content)
    assert (halted["state"], halted["rows_applied"], halted["rows_done"]) == ("HALTED", 1, 1)
    assert "Ask for the commit again" in halted["problem"]["detail"]
    assert (await send(national, content))["state"] == "HALTED"
    path = f"/v1/imports/{halted['import_id']}"
    assert (await national.post(f"{path}/commit", version=halted["version"])).status_code == 202
    await work(registry)
    done = (await national.get(path)).json()
    assert (done["state"], done["rows_applied"]) == ("COMPLETED", 3)
    assert len(await registry.ledger(announced.LibraryNominated)) == 3


async def test_one_process_at_a_time_works_on_imports(registry: ServiceUnderTest, national: Caller) -> None:
    await send(national, csv(row("Pustaka A")))
    async with machine._alone(registry.database) as leads:
        assert leads
        assert not await work_once(desk(registry), asyncio.Event())
    assert await work_once(desk(registry), asyncio.Event())


async def test_a_worker_whose_lock_is_lost_ends_its_work_and_keeps_no_lock(
    registry: ServiceUnderTest, national: Caller
) -> None:
    key = lock_key("imports")
    async with machine._alone(registry.database) as leads:
        await registry.database.pool.execute(
            """
            select pg_terminate_backend(pid) from pg_locks
            where locktype = 'advisory' and (classid::bigint << 32 | objid::bigint) = $1 and objsubid = 1 and database =
                (select oid from pg_database where datname = current_database())
            """,
            key,
        )
        assert leads
    async with machine._alone(registry.database) as leads_again:
        assert leads_again


@pytest.mark.parametrize(
    ("where", "function", "fails"),
    [
        (store, "begin_anew", False),
        (checking, "_fetch_file", False),
        (store, "keep_head", False),
        (store, "keep_head", True),
        (store, "insert_rows", False),
        (store, "move", False),
    ],
)
async def test_a_reader_that_another_has_overtaken_changes_nothing_any_more(
    registry: ServiceUnderTest,
    national: Caller,
    monkeypatch: pytest.MonkeyPatch,
    where: ModuleType,
    function: str,
    *,
    fails: bool,
) -> None:
    monkeypatch.setattr(machine, "_alone", believing_to_be_alone)
    content = csv(*(row(f"Pustaka {number}") for number in range(5)))
    sent = await send(national, content)
    real, first, held, overtaken = getattr(where, function), iter(range(1)), asyncio.Event(), asyncio.Event()

    async def hold_the_first(*given: Any, **named: Any) -> Any:
        if next(first, None) is not None:
            held.set()
            await overtaken.wait()
            if fails:
                raise Fault
        return await real(*given, **named)

    monkeypatch.setattr(where, function, hold_the_first)
    late = asyncio.create_task(work_once(desk(registry), asyncio.Event()))
    await held.wait()
    looked_at = await checked(registry, national, content)
    overtaken.set()
    assert await late
    assert (looked_at["state"], looked_at["rows_accepted"]) == ("CHECKED", 5)
    path = f"/v1/imports/{sent['import_id']}"
    assert (await national.get(path)).json() == looked_at
    assert await registry.database.pool.fetchval("select count(*) from bulk_import_row") == 5
    assert (await national.post(f"{path}/commit", version=looked_at["version"])).status_code == 202


@asynccontextmanager
async def believing_to_be_alone(_: Database) -> AsyncIterator[bool]:
    yield True


async def test_two_workers_that_each_believe_to_be_alone_apply_every_row_once(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "CHUNK_ROWS", 3)
    looked_at = await checked(registry, national, csv(*(row(f"Pustaka {number}") for number in range(20))))
    path = f"/v1/imports/{looked_at['import_id']}"
    await national.post(f"{path}/commit", version=looked_at["version"])
    works = desk(registry)
    async with registry.database.snapshot(ORIGIN) as tx:
        one = await store.find_import(tx, UUID(looked_at["import_id"]))
    assert one is not None
    both = (committing.commit(works, works.forms["libraries"], one, asyncio.Event()) for _ in range(2))
    await asyncio.gather(*both)
    await work(registry)
    done = (await national.get(path)).json()
    assert (done["state"], done["rows_applied"], done["rows_done"]) == ("COMPLETED", 20, 20)
    assert len(await registry.ledger(announced.LibraryNominated)) == 20
    assert len(await registry.ledger(announced.BulkImportCompleted)) == 1


async def test_a_library_of_the_same_name_in_the_chunk_before_is_told_though_it_was_not_there_when_the_row_was_judged(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "CHUNK_ROWS", 1)
    done = await committed(
        registry, national, csv(*(row("Pustaka A", Tahun_Program=year) for year in ("2021", "2022", "2023")))
    )
    found = await rows(national, done)
    assert [[each["code"] for each in one["remarks"]] for one in found] == [[], *[["possible-duplicate"]] * 2]


@pytest.mark.parametrize("rows_in_a_chunk", [1, 2, 1000])
async def test_rows_that_say_the_same_make_one_library_wherever_the_chunks_are_cut(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch, rows_in_a_chunk: int
) -> None:
    monkeypatch.setattr(committing, "CHUNK_ROWS", rows_in_a_chunk)
    names = ("Pustaka A", "PUSTAKA A", "Pustaka B", "pustaka a", "Pustaka  B")
    done = await committed(registry, national, csv(*(row(name) for name in names)))
    assert (done["state"], done["rows_applied"], done["rows_known"]) == ("COMPLETED", 2, 3)
    found = await rows(national, done)
    assert [one["verdict"] for one in found] == ["APPLIED", "KNOWN", "APPLIED", "KNOWN", "KNOWN"]
    first, other = found[0]["subject_id"], found[2]["subject_id"]
    assert [one["subject_id"] for one in found] == [first, first, other, first, other]
    made = await registry.database.pool.fetch("select library_id from library")
    assert {str(one["library_id"]) for one in made} == {first, other}
    assert len(await registry.ledger(announced.LibraryNominated)) == 2


async def test_a_chunk_that_begins_again_in_its_turn_is_not_held_up_by_what_the_next_has_written(
    registry: ServiceUnderTest, national: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "CHUNK_ROWS", 1)
    real, left = store.count_settled, iter(range(1))

    async def object_once(*given: Any) -> None:
        if next(left, None) is not None:
            await asyncio.sleep(0.5)  # the next has written its receipt by now, and waits for this one's statement
            raise asyncpg.UniqueViolationError("once")
        await real(*given)

    monkeypatch.setattr(store, "count_settled", object_once)
    done = await committed(registry, national, csv(row("Pustaka A"), row("PUSTAKA A")))
    assert [one["verdict"] for one in await rows(national, done)] == ["APPLIED", "KNOWN"]


async def test_a_row_that_the_database_objects_to_is_refused_alone(
    registry: ServiceUnderTest, national: Caller
) -> None:
    admin = registry.database.pool
    looked_at = await checked(registry, national, csv(*(row(f"Pustaka {n}") for n in range(5))))
    path = f"/v1/imports/{looked_at['import_id']}"
    await national.post(f"{path}/commit", version=looked_at["version"])
    # A record that reads well and that no column can hold: as a later version of the rules might let through.
    await admin.execute(
        r"update bulk_import_row set record = convert_to(replace(convert_from(record, 'UTF8'), 'Pustaka 3', 'Pustaka \u0000'), 'UTF8') where row_no = 5"
    )
    await work(registry)
    done = (await national.get(path)).json()
    assert (done["state"], done["rows_applied"], done["rows_refused"]) == ("COMPLETED", 4, 1)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_template_filled_in_is_accepted(registry: ServiceUnderTest, national: Caller, kind: str) -> None:
    response = await national.get("/v1/imports/libraries/template", region="51.03", format=kind)
    assert response.status_code == 200
    assert response.headers["content-disposition"] == f'attachment; filename="libraries-51.03.{kind}"'
    given = {"Jenis Perpustakaan": "DESA", "Nama Perpustakaan": "Pustaka A", "Kode Wilayah": MENGWI}
    given |= {"Tahun Program": "2021", "Skema Dukungan": "Stimulan APBN"}
    if kind == "csv":
        titles = response.content.decode("utf-8-sig").strip().split(";")
        content = response.content + ";".join(given.get(title, "") for title in titles).encode()
    else:
        book = CalamineWorkbook.from_filelike(io.BytesIO(response.content))
        assert book.sheet_names == ["Data", "Petunjuk", "Kode", "Wilayah"]
        offered = [one[9:11] for one in book.get_sheet_by_name("Kode").to_python()]
        assert offered[:2] == [["Sumber Dana", ""], ["APBN", "Anggaran negara"]]
        places = book.get_sheet_by_name("Wilayah").to_python()
        assert [one[0] for one in places[1:]] == ["51.03", "51.03.02", "51.03.02.2008", "51.03.02.2009"]
        assert places[-1] == [MENGWI, "BALI", "KAB. BADUNG", "Mengwi", "Mengwi"]
        titles = [str(title) for title in book.get_sheet_by_name("Data").to_python()[0]]
        content = sheets.workbook(sheets.table([titles, [given.get(title, "") for title in titles]]))
    done = await committed(registry, national, content, region="51.03")
    assert (done["rows_applied"], done["unknown_columns"]) == (1, [])


async def test_a_template_of_the_whole_country_is_refused(national: Caller) -> None:
    response = await national.get("/v1/imports/libraries/template", region="ID")
    assert (response.status_code, response.json()["code"]) == (422, "template-region-too-wide")
