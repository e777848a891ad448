"""Where each region lies over time."""

from datetime import date
from uuid import UUID

import pytest
from simpul_registry.domain.hierarchy import NATION, NATION_ID, RegionVersion, place
from simpul_registry.domain.identity import CodeInterval, CodeLineage, RegionDataBroken, identify
from simpul_shared.vocabulary import Confidence, LineageKind, RegionKind, RegionLevel

D0, D1, D2 = date.min, date(2017, 12, 27), date(2022, 11, 9)
ZONES = {"51": "Asia/Makassar", "91": "Asia/Jayapura"}


def interval(code: str, begin: date = D0, end: date = date.max, name: str = "Name") -> CodeInterval:
    return CodeInterval(code, name, RegionKind.VILLAGE, begin, end, "decree")


def placed(rows: list[CodeInterval], *lineage: CodeLineage) -> list[RegionVersion]:
    return place(rows, identify(rows, lineage).ids, ZONES)


def of(versions: list[RegionVersion], code: str) -> list[RegionVersion]:
    return [one for one in versions if one.code == code]


def test_the_country_is_a_region_of_its_own_for_all_time() -> None:
    [nation] = placed([])
    assert nation == NATION
    assert (nation.code, nation.level, nation.path, nation.parent_id) == ("ID", RegionLevel.NATION, (NATION_ID,), None)
    assert (nation.valid_from, nation.valid_to, nation.timezone) == (date.min, date.max, "Asia/Jakarta")


def test_a_path_leads_from_the_country_to_the_region_itself() -> None:
    versions = placed([interval("51"), interval("51.03"), interval("51.03.02"), interval("51.03.02.2009")])
    village = versions[-1]
    assert village.path == (NATION_ID, *(one.region_id for one in versions[1:]))
    assert (village.level, village.timezone) == (RegionLevel.VILLAGE, "Asia/Makassar")
    assert village.parent_id == versions[-2].region_id


def test_a_new_name_above_does_not_cut_what_lies_below() -> None:
    renamed = CodeLineage(LineageKind.RENAMED, "51", "51", D1, "SPELLING", Confidence.HIGH)
    versions = placed([interval("51", D0, D1, "BALI"), interval("51", D1), interval("51.03")], renamed)
    [regency] = of(versions, "51.03")
    assert (regency.valid_from, regency.valid_to) == (D0, date.max)


def test_another_place_above_under_the_same_code_cuts_all_levels_below() -> None:
    rows = [
        interval("51"),
        interval("51.03", D0, D1),
        interval("51.03", D1),
        interval("51.03.02"),
        interval("51.03.02.2009", D0, D2),
    ]
    versions = placed(rows, CodeLineage(LineageKind.REUSED, "51.03", "51.03", D1, "OLD_MOVED", Confidence.HIGH))
    before, after = of(versions, "51.03.02.2009")
    assert (before.valid_from, before.valid_to, after.valid_from, after.valid_to) == (D0, D1, D1, D2)
    assert before.region_id == after.region_id
    assert before.path[2] != after.path[2]
    assert (before.path[2], after.path[2]) == tuple(one.region_id for one in of(versions, "51.03"))


def test_versions_come_by_day_and_from_above() -> None:
    rows = [interval("91.01.01", D1), interval("91.01", D1), interval("51.03"), interval("91"), interval("51")]
    assert [one.code for one in placed(rows)] == ["ID", "51", "91", "51.03", "91.01", "91.01.01"]


@pytest.mark.parametrize(
    "rows",
    [
        [interval("51.03")],
        [interval("51", D1), interval("51.03")],
        [interval("51", D0, D1), interval("51.03")],
        [interval("51", D0, D1), interval("51", D2), interval("51.03")],
    ],
    ids=["never", "not yet", "no longer", "not in between"],
)
def test_a_region_that_has_none_above_it_for_a_while_is_refused(rows: list[CodeInterval]) -> None:
    with pytest.raises(RegionDataBroken, match=r"51\.03 has no region above it"):
        placed(rows)


def test_a_province_without_a_time_zone_is_refused() -> None:
    with pytest.raises(RegionDataBroken, match="time zone"):
        place([interval("31")], {("31", D0): UUID(int=1)}, ZONES)
