"""Loading all regions: killed on its way, complete and exact at the end, nothing the second time."""

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

import pytest
from simpul_registry.commands.regions import OtherEditionLoaded
from simpul_registry.jobs import load_edition
from simpul_registry.store.dataset import RegionData
from simpul_shared.contracts.registry import RegionLineageRecorded, RegionVersionPublished

from tests.service.registry.loading import LoadedRegistry

ROWS = 105_964 + 1  # the country
LINEAGE = 14_360
SNAPSHOTS = [
    (date(2015, 6, 29), 34 + 514 + 7_160 + 83_184),
    (date(2017, 12, 27), 34 + 514 + 7_201 + 83_436),
    (date(2020, 12, 21), 34 + 514 + 7_230 + 83_449),
    (date(2022, 2, 14), 34 + 514 + 7_266 + 83_467),
    (date(2022, 11, 9), 37 + 514 + 7_277 + 83_763),
    (date(2025, 6, 23), 38 + 514 + 7_285 + 83_762),
]


async def test_a_killed_load_goes_on_where_it_stopped_and_publishes_nothing_twice(loaded: LoadedRegistry) -> None:
    assert 0 < loaded.rows_when_killed < ROWS
    pool = loaded.service.database.pool
    assert await pool.fetchval("select count(*) from region_version") == ROWS
    assert await pool.fetchval("select count(*) from region_lineage") == LINEAGE
    assert await recorded(loaded) == ROWS + LINEAGE
    assert await pool.fetchval("select count(distinct event_id) = count(*) from ledger")


async def recorded(loaded: LoadedRegistry) -> int:
    """Events of regions; other tests nominate libraries."""
    query = "select count(*) from ledger where event_type = any($1)"
    kinds = [RegionVersionPublished.type, RegionLineageRecorded.type]
    return int(await loaded.service.database.pool.fetchval(query, kinds))


async def test_the_load_shows_its_rows_and_rate_and_takes_seconds_not_minutes(loaded: LoadedRegistry) -> None:
    assert loaded.second.status == 0
    assert loaded.second.cpu_seconds < 30
    assert f"{ROWS + LINEAGE:,} of {ROWS + LINEAGE:,} rows" in loaded.second.said[-1]
    assert loaded.second.said[-1].endswith("rows/s")


async def test_a_second_load_finds_the_data_there_and_does_nothing(loaded: LoadedRegistry) -> None:
    assert (loaded.third.status, loaded.third.said) == (0, ["regions: loaded already"])
    assert loaded.third.cpu_seconds < loaded.second.cpu_seconds / 2
    assert await recorded(loaded) == ROWS + LINEAGE


async def test_another_edition_is_not_loaded_over_the_first(loaded: LoadedRegistry, shipped: RegionData) -> None:
    with pytest.raises(OtherEditionLoaded, match="empty database"):
        await load_edition(loaded.service.database, "another", lambda: shipped, say=print)


@pytest.mark.parametrize(("on", "count"), SNAPSHOTS)
async def test_each_snapshot_is_rebuilt_exactly_by_code_and_name(
    loaded: LoadedRegistry, shipped: RegionData, on: date, count: int
) -> None:
    rows = await loaded.service.database.pool.fetch(
        """
        select code, name from region_version
        where valid_from <= $1 and $1 < valid_to and superseded_at = 'infinity' and level <> 'NASIONAL'
        """,
        on,
    )
    rebuilt = {row["code"]: row["name"] for row in rows}
    expected = {one.code: one.name for one in shipped.intervals if one.valid_from <= on < one.valid_to}
    assert len(rows) == len(rebuilt) == count
    assert rebuilt == expected


async def test_every_row_has_its_parent_over_its_whole_interval(loaded: LoadedRegistry) -> None:
    """Counted in days, with far bounds in place of the open ones: each day of each row, once."""
    uncovered = await loaded.service.database.pool.fetch(
        """
        with bounded as (
            select region_id, code, parent_id, path, greatest(valid_from, '1900-01-01') as begins,
                least(valid_to, '2200-01-01') as ends
            from region_version where superseded_at = 'infinity'
        )
        select child.code, child.begins from bounded child left join bounded parent
            on parent.region_id = child.parent_id and parent.begins < child.ends and child.begins < parent.ends
            and parent.path = child.path[:array_length(child.path, 1) - 1]
        where child.code <> 'ID'
        group by child.region_id, child.code, child.begins, child.ends
        having coalesce(sum(least(parent.ends, child.ends) - greatest(parent.begins, child.begins)), 0)
            <> child.ends - child.begins
        """
    )
    assert uncovered == []


@pytest.mark.parametrize("identity", ["scheme, code", "region_id"])
async def test_no_code_and_no_region_has_two_rows_for_one_day(loaded: LoadedRegistry, identity: str) -> None:
    overlapping = await loaded.service.database.pool.fetch(
        f"""
        select code, valid_from from (
            select code, valid_from, lag(valid_to) over (partition by {identity} order by valid_from) as before
            from region_version where superseded_at = 'infinity'
        ) as following where before > valid_from
        """  # noqa: S608 (two constants)
    )
    assert overlapping == []


async def test_a_parent_is_published_before_its_children(loaded: LoadedRegistry) -> None:
    early = await loaded.service.database.pool.fetchval(
        """
        with told as (
            select aggregate_id, min(id) as first from ledger where event_type = $1 group by aggregate_id
        )
        select count(*) from region_version v join ledger child using (event_id)
            join told parent on parent.aggregate_id = v.parent_id where parent.first > child.id
        """,
        RegionVersionPublished.type,
    )
    assert early == 0


async def test_the_rows_say_what_the_events_said(loaded: LoadedRegistry) -> None:
    differing = await loaded.service.database.pool.fetchval(
        """
        select count(*) from ledger l
        cross join lateral (select convert_from(l.value, 'UTF8')::jsonb -> 'data' as data) as e
        left join region_version v on v.event_id = l.event_id
        where l.event_type = $1 and (v.aggregate_version, v.recorded_at, v.region_id, v.code, v.name,
            to_jsonb(v.path), coalesce(nullif(v.valid_from, '-infinity')::text, ''))
            is distinct from (l.aggregate_version, l.recorded_at, (e.data ->> 'region_id')::uuid, e.data ->> 'code',
            e.data ->> 'name', e.data -> 'path', coalesce(e.data ->> 'valid_from', ''))
        """,
        RegionVersionPublished.type,
    )
    assert differing == 0


async def test_every_lineage_row_is_an_event_of_the_region_it_leads_to(loaded: LoadedRegistry) -> None:
    rows = await loaded.service.database.pool.fetch(
        "select kind, count(*) as count from region_lineage group by kind order by kind"
    )
    assert {row["kind"]: row["count"] for row in rows} == {
        "RECODED": 7_380,
        "RENAMED": 6_785,
        "REUSED": 44,
        "SPLIT": 151,
    }
    assert (
        await loaded.service.database.pool.fetchval(
            """
            select count(*) from ledger join region_lineage using (event_id)
            where event_type = $1 and aggregate_id = region_lineage.region_id
            """,
            RegionLineageRecorded.type,
        )
        == LINEAGE
    )


async def test_lineage_is_acyclic_over_regions(loaded: LoadedRegistry) -> None:
    """What a region descends from. REUSED tells who bore a code before, which is no descent: two places may swap codes."""
    rows = await loaded.service.database.pool.fetch(
        "select from_region_id, region_id from region_lineage where kind <> 'REUSED' and from_region_id <> region_id"
    )
    below = defaultdict(set)
    for row in rows:
        below[row["from_region_id"]].add(row["region_id"])
    assert len(rows) == 151
    assert not _has_cycle(below)


def _has_cycle(below: Mapping[UUID, set[UUID]]) -> bool:
    done: set[UUID] = set()

    def closes(node: UUID, above: frozenset[UUID]) -> bool:
        if node in above:
            return True
        if node in done:
            return False
        done.add(node)
        return any(closes(heir, above | {node}) for heir in below.get(node, ()))

    return any(closes(node, frozenset()) for node in list(below))


async def test_events_carry_dates_and_ids_that_other_services_can_read(loaded: LoadedRegistry) -> None:
    value = await loaded.service.database.pool.fetchval(
        """
        select value from ledger where event_type = $1 and aggregate_id =
            (select region_id from region_version where code = '94.04.09.1002' and valid_to = 'infinity')
        order by aggregate_version desc limit 1
        """,
        RegionVersionPublished.type,
    )
    data = json.loads(value)["data"]
    assert (data["code"], data["valid_from"], data.get("valid_to")) == ("94.04.09.1002", "2022-11-09", None)
    assert data["path"][-1] == data["region_id"]
    assert date.fromisoformat(data["valid_from"]) - timedelta(days=1) == date(2022, 11, 8)
