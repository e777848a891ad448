"""Changes of what is said of regions: the map that they begin from, what each said, and what held before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg
from simpul_shared.platform.database import Transaction
from simpul_shared.vocabulary import Confidence, LineageKind, RegionKind, RegionLevel

from simpul_registry.domain.hierarchy import Path, RegionVersion
from simpul_registry.domain.identity import CodeLineage, RegionLineage
from simpul_registry.domain.restating import Edge

LOCK = "regions"
"""One lock for whatever is said of regions: versions hang together over the whole map."""

VERSION, WITHDRAWAL, LINEAGE, LINEAGE_WITHDRAWAL = "VERSION", "WITHDRAWAL", "LINEAGE", "LINEAGE_WITHDRAWAL"


@dataclass(frozen=True)
class Spoken:
    """One statement of a change, and the event that held before; None where nothing did."""

    what: str
    region_id: UUID
    valid_from: date
    event_id: UUID
    former_event_id: UUID | None
    recorded_at: datetime


async def map_edition(tx: Transaction) -> int:
    edition: int = await tx.fetchval("select edition from region_map")
    return edition


async def bump_map(tx: Transaction) -> None:
    await tx.execute("update region_map set edition = edition + 1")


async def map_on(tx: Transaction, region_id: UUID, *, day: date) -> list[RegionVersion]:
    """What is believed of a region and all below it on a day, the larger ones first."""
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, path, timezone, valid_from, valid_to, decree
        from region_version
        where path @> array[$1::uuid] and valid_from <= $2 and $2 < valid_to and superseded_at = 'infinity'
        order by length(code), code
        """,
        region_id,
        day,
    )
    return [_version(row) for row in rows]


async def versions_below(tx: Transaction, region_id: UUID) -> list[RegionVersion]:
    """All that is believed of a region and of what lies below it, of any day."""
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, path, timezone, valid_from, valid_to, decree
        from region_version where path @> array[$1::uuid] and superseded_at = 'infinity' order by length(code), code
        """,
        region_id,
    )
    return [_version(row) for row in rows]


async def first_change_after(tx: Transaction, region_id: UUID, *, day: date) -> RegionVersion | None:
    """The first version within a region that begins after a day."""
    row = await tx.fetchrow(
        """
        select region_id, scheme, code, name, level, kind, path, timezone, valid_from, valid_to, decree
        from region_version where path @> array[$1::uuid] and valid_from > $2 and superseded_at = 'infinity'
        order by valid_from, code limit 1
        """,
        region_id,
        day,
    )
    return None if row is None else _version(row)


async def ids_ever(tx: Transaction) -> set[UUID]:
    """Every id that a region ever had, also those of statements withdrawn."""
    return {row["region_id"] for row in await tx.fetch("select distinct region_id from region_version")}


async def descent(tx: Transaction) -> list[Edge]:
    """Which region came of which, as far as it is believed."""
    rows = await tx.fetch(
        """
        select from_region_id, region_id from region_lineage
        where kind in ('SPLIT', 'MERGED') and superseded_at = 'infinity'
        """
    )
    return [(row["from_region_id"], row["region_id"]) for row in rows]


async def believed_events(tx: Transaction, starts: Sequence[tuple[UUID, date]]) -> dict[tuple[UUID, date], UUID]:
    """The events that are believed of regions and starts."""
    rows = await tx.fetch(
        """
        select v.region_id, v.valid_from, v.event_id
        from unnest($1::uuid[], $2::date[]) as wanted (region_id, valid_from)
            join region_version as v on v.region_id = wanted.region_id and v.valid_from = wanted.valid_from
        where v.superseded_at = 'infinity'
        """,
        [region_id for region_id, _ in starts],
        [valid_from for _, valid_from in starts],
    )
    return {(row["region_id"], row["valid_from"]): row["event_id"] for row in rows}


async def keep_spoken(tx: Transaction, change_id: UUID, spoken: Sequence[Spoken]) -> None:
    await tx.connection.copy_records_to_table(
        "region_statement",
        columns=[
            "change_id",
            "statement_no",
            "what",
            "region_id",
            "valid_from",
            "event_id",
            "former_event_id",
            "recorded_at",
        ],
        records=[
            (
                change_id,
                number,
                one.what,
                one.region_id,
                one.valid_from,
                one.event_id,
                one.former_event_id,
                one.recorded_at,
            )
            for number, one in enumerate(spoken, start=1)
        ],
    )


async def spoken_by(tx: Transaction, change_id: UUID) -> list[Spoken]:
    rows = await tx.fetch(
        """
        select what, region_id, valid_from, event_id, former_event_id, recorded_at from region_statement
        where change_id = $1 order by statement_no
        """,
        change_id,
    )
    return [Spoken(**dict(row)) for row in rows]


async def changed_since(tx: Transaction, change_id: UUID) -> str | None:
    """The code of a region of the change, or of one below, that is not as the change left it; None where all are.

    Nor may lineage that it told have been taken back, but what was told again since in the same words will do.
    """
    code: str | None = await tx.fetchval(
        """
        with told as materialized (
            select max(recorded_at) as at from region_statement where change_id = $1
        ), said as materialized (
            select distinct region_id from region_statement where change_id = $1
        ), since as materialized (
            -- Whatever else is held is held as it was meant.
            select distinct v.region_id, v.code, v.name, v.kind, v.path, v.valid_from, v.valid_to, v.recorded_at, v.superseded_at
            from told join region_version as v on v.recorded_at > told.at
                    or (v.superseded_at > told.at and v.superseded_at < 'infinity')
                cross join unnest(v.path) as above (region_id) join said on said.region_id = above.region_id
        ), held as materialized (
            select region_id, code, name, kind, path, valid_from, valid_to from since where superseded_at = 'infinity'
        ), meant as materialized (
            select region_id, code, name, kind, path, valid_from, valid_to from since, told
            where recorded_at <= told.at and superseded_at > told.at
        )
        select code from ((table held except table meant) union all (table meant except table held)) as changed
        union all
        select told.to_code from region_statement as s join region_lineage as told using (event_id)
        where s.change_id = $1 and s.what = 'LINEAGE' and not exists (
            select from region_lineage as l
            where l.region_id = told.region_id and l.from_region_id = told.from_region_id and l.kind = told.kind
                and l.from_code = told.from_code and l.to_code = told.to_code and l.effective_on = told.effective_on
                and l.superseded_at = 'infinity'
        )
        limit 1
        """,
        change_id,
    )
    return code


async def code_taken_since(tx: Transaction, region_ids: Sequence[UUID]) -> RegionVersion | None:
    """Another region that is believed to bear a code of one of these on a day when that does; the last to begin."""
    row = await tx.fetchrow(
        """
        select o.region_id, o.scheme, o.code, o.name, o.level, o.kind, o.path, o.timezone, o.valid_from, o.valid_to, o.decree
        from region_version as v join region_version as o on o.code = v.code and o.scheme = v.scheme
            and o.region_id <> v.region_id and o.valid_from < v.valid_to and v.valid_from < o.valid_to
        where v.region_id = any($1) and v.superseded_at = 'infinity' and o.superseded_at = 'infinity'
        order by o.valid_from desc, o.code limit 1
        """,
        region_ids,
    )
    return None if row is None else _version(row)


async def versions_said(tx: Transaction, event_ids: Sequence[UUID]) -> dict[UUID, RegionVersion]:
    rows = await tx.fetch(
        """
        select event_id, region_id, scheme, code, name, level, kind, path, timezone, valid_from, valid_to, decree
        from region_version where event_id = any($1)
        """,
        event_ids,
    )
    return {row["event_id"]: _version(row) for row in rows}


async def lineage_said(tx: Transaction, event_ids: Sequence[UUID]) -> dict[UUID, RegionLineage]:
    rows = await tx.fetch(
        """
        select event_id, kind, from_region_id, region_id, from_code, to_code, effective_on, basis, confidence
        from region_lineage where event_id = any($1)
        """,
        event_ids,
    )
    return {row["event_id"]: _lineage(row) for row in rows}


async def lineage_as_believed(tx: Transaction, event_ids: Sequence[UUID]) -> list[UUID]:
    """The events by which this lineage is believed now: these themselves, or those that told it again in the same words."""
    rows = await tx.fetch(
        """
        select believed.event_id
        from unnest($1::uuid[]) with ordinality as given (event_id, no)
            join region_lineage as told using (event_id)
            cross join lateral (
                select l.event_id from region_lineage as l
                where l.region_id = told.region_id and l.from_region_id = told.from_region_id and l.kind = told.kind
                    and l.from_code = told.from_code and l.to_code = told.to_code and l.effective_on = told.effective_on
                    and l.superseded_at = 'infinity'
                order by l.event_id = told.event_id desc, l.recorded_at desc limit 1
            ) as believed
        order by given.no
        """,
        event_ids,
    )
    return [row["event_id"] for row in rows]


async def lineage_around(tx: Transaction, region_id: UUID) -> dict[UUID, RegionLineage]:
    """All believed lineage that leads to or from a region, by its event."""
    rows = await tx.fetch(
        """
        select event_id, kind, from_region_id, region_id, from_code, to_code, effective_on, basis, confidence
        from region_lineage where (region_id = $1 or from_region_id = $1) and superseded_at = 'infinity'
        order by effective_on
        """,
        region_id,
    )
    return {row["event_id"]: _lineage(row) for row in rows}


async def withdraw_lineage(tx: Transaction, withdrawn: Mapping[UUID, datetime]) -> None:
    """By the event that recorded it, and since when it is believed no more."""
    await tx.execute(
        """
        update region_lineage as l set superseded_at = given.at
        from unnest($1::uuid[], $2::timestamptz[]) as given (event_id, at)
        where l.event_id = given.event_id and l.superseded_at = 'infinity'
        """,
        list(withdrawn),
        list(withdrawn.values()),
    )


async def libraries_below(tx: Transaction, *, day: date) -> dict[UUID, int]:
    """How many libraries lie in each region of a day's map, those below included."""
    rows = await tx.fetch(
        """
        select above.region_id, count(*) as libraries
        from library as l
            join region_version as v on v.region_id = l.region_id and v.valid_from <= $1 and $1 < v.valid_to
                and v.superseded_at = 'infinity'
            cross join unnest(v.path) as above (region_id)
        group by above.region_id
        """,
        day,
    )
    return {row["region_id"]: row["libraries"] for row in rows}


def place_above(topmost: RegionVersion) -> Path:
    """The path that a map hangs from; for the country's own its id."""
    return topmost.path if topmost.level is RegionLevel.NATION else topmost.path[:-1]


def _version(row: asyncpg.Record) -> RegionVersion:
    return RegionVersion(
        row["region_id"],
        row["scheme"],
        row["code"],
        row["name"],
        RegionLevel(row["level"]),
        RegionKind(row["kind"]),
        tuple(row["path"]),
        row["timezone"],
        row["valid_from"],
        row["valid_to"],
        row["decree"],
    )


def _lineage(row: asyncpg.Record) -> RegionLineage:
    stated = CodeLineage(
        LineageKind(row["kind"]),
        row["from_code"],
        row["to_code"],
        row["effective_on"],
        row["basis"],
        Confidence(row["confidence"]),
    )
    return RegionLineage(stated, row["from_region_id"], row["region_id"])


async def believed_lineage(tx: Transaction, event_id: UUID) -> RegionLineage | None:
    row = await tx.fetchrow(
        """
        select kind, from_region_id, region_id, from_code, to_code, effective_on, basis, confidence
        from region_lineage where event_id = $1 and superseded_at = 'infinity'
        """,
        event_id,
    )
    return None if row is None else _lineage(row)
