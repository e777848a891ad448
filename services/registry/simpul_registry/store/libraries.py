"""Libraries and their support episodes: loaded whole, saved whole."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg
import msgspec
from simpul_shared.errors import NotFound
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import Basis, FundSource, LibraryStatus, LibraryType, Scheme

from simpul_registry.domain.library import Episode, Library
from simpul_registry.store.regions import JAKARTA, in_scope, local_day, regions_as_last_known


class LibraryUnknown(NotFound):
    slug = "library-unknown"
    title = "Perpustakaan tidak ditemukan"


@dataclass(frozen=True)
class PlacedLibrary:
    """A library with its region as it is today, by which scope is judged."""

    library: Library
    region: Region


async def load_library(
    tx: Transaction, library_id: UUID, *, scope: Scope, now: datetime, field: str | None = None
) -> PlacedLibrary:
    """Errors: LibraryUnknown, also when it lies outside the scope. `field` is where a body named it."""
    rows = await tx.fetch(
        """
        select library_id, name, type, region_id, status, nominated_on, status_since, named_since, placed_since, basis,
            merged_into, merged_on, plans_to, active_replicas, version
        from library_now where library_id = $1
        """,
        library_id,
    )
    today = local_day(now, JAKARTA)
    for placed in await placed_libraries(tx, rows, on=today):
        if await in_scope(tx, placed.region, scope, on=today):
            return placed
    raise library_unknown(library_id, field=field)


async def placed_libraries(tx: Transaction, rows: Sequence[asyncpg.Record], *, on: date) -> list[PlacedLibrary]:
    """The libraries of these rows, with their episodes and with their regions as they are on the day."""
    episodes = await _episodes(tx, [row["library_id"] for row in rows])
    regions = await regions_as_last_known(tx, [row["region_id"] for row in rows], on=on)
    return [
        PlacedLibrary(_library_of(row, tuple(episodes[row["library_id"]])), regions[row["region_id"]]) for row in rows
    ]


def library_unknown(library_id: UUID, *, field: str | None = None) -> LibraryUnknown:
    return LibraryUnknown(
        f"There is no library {library_id} within the regions of your access token. Check the id.", field=field
    )


async def save_library(tx: Transaction, library: Library) -> None:
    await tx.execute(
        """
        insert into library (library_id, name, type, region_id, status, nominated_on, status_since, named_since,
            placed_since, basis, merged_into, merged_on, plans_to, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        on conflict (library_id) do update set name = excluded.name, type = excluded.type, region_id = excluded.region_id,
            status = excluded.status, status_since = excluded.status_since, named_since = excluded.named_since,
            placed_since = excluded.placed_since, merged_into = excluded.merged_into, merged_on = excluded.merged_on,
            plans_to = excluded.plans_to, version = excluded.version
        """,
        *_library_row(library),
    )
    await tx.executemany(
        """
        insert into support_episode (library_id, episode_no, programme_year, scheme, status, sk_no, sk_date, nominators,
            endorsed, fund_source)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (library_id, episode_no) do update set programme_year = excluded.programme_year,
            scheme = excluded.scheme, status = excluded.status, sk_no = excluded.sk_no, sk_date = excluded.sk_date,
            nominators = excluded.nominators, endorsed = excluded.endorsed, fund_source = excluded.fund_source
        """,
        [_episode_row(library.library_id, episode) for episode in library.episodes],
    )


def _library_row(library: Library) -> tuple[object, ...]:
    return (
        library.library_id,
        library.name,
        library.type,
        library.region_id,
        library.status,
        library.nominated_on,
        library.status_since,
        library.named_since,
        library.placed_since,
        library.basis,
        library.merged_into,
        library.merged_on,
        library.plans_to,
        library.version,
    )


def _episode_row(library_id: UUID, e: Episode) -> tuple[object, ...]:
    nominators = list(e.nominators)
    return (
        library_id,
        e.no,
        e.programme_year,
        e.scheme,
        e.status,
        e.sk_no,
        e.sk_date,
        nominators,
        e.endorsed,
        e.fund_source,
    )


_NEW_LIBRARY_COLUMNS = (
    "library_id",
    "name",
    "type",
    "region_id",
    "status",
    "nominated_on",
    "status_since",
    "named_since",
    "placed_since",
    "basis",
    "version",
)
_EPISODE_COLUMNS = (
    "library_id",
    "episode_no",
    "programme_year",
    "scheme",
    "status",
    "sk_no",
    "sk_date",
    "nominators",
    "endorsed",
    "fund_source",
)


class NewLibrary(msgspec.Struct, frozen=True):
    """The rows of a new library: what is merged, or has handed on its plans, is not new."""

    library: tuple[object, ...]
    episodes: Sequence[tuple[object, ...]]
    place: tuple[object, ...]

    @classmethod
    def of(cls, library: Library, *, version: int) -> "NewLibrary":
        episodes = [_episode_row(library.library_id, episode) for episode in library.episodes]
        place = (library.library_id, date.min, library.region_id)
        return cls(_new_library_row(library, version), episodes, place)


async def insert_libraries(tx: Transaction, new: Sequence[NewLibrary]) -> None:
    """Many at once: as save_library() does it one by one."""
    await tx.connection.copy_records_to_table(
        "library", columns=_NEW_LIBRARY_COLUMNS, records=[one.library for one in new]
    )
    await tx.connection.copy_records_to_table(
        "support_episode", columns=_EPISODE_COLUMNS, records=[episode for one in new for episode in one.episodes]
    )
    await tx.connection.copy_records_to_table(
        "library_region", columns=("library_id", "valid_from", "region_id"), records=[one.place for one in new]
    )


def _new_library_row(library: Library, version: int) -> tuple[object, ...]:
    return (
        library.library_id,
        library.name,
        library.type,
        library.region_id,
        library.status,
        library.nominated_on,
        library.status_since,
        library.named_since,
        library.placed_since,
        library.basis,
        version,
    )


async def earlier_of_same_name(tx: Transaction, libraries: Sequence[Library]) -> dict[UUID, UUID]:
    """By library, one of the same name in the same region that is not closed; among those given themselves, one with a lesser id."""
    rows = await tx.fetch(
        """
        select given.library_id, alike.library_id as earlier_id
        from unnest($1::uuid[], $2::uuid[], $3::text[]) as given(library_id, region_id, name) cross join lateral (
            -- One by one and any of them: for a join, or for the first, the planner would read all libraries.
            select l.library_id from library as l
            where l.region_id = given.region_id and lower(l.name) = lower(given.name)
                and (l.library_id < given.library_id or not l.library_id = any($1))
                and l.status <> 'DITUTUP' and l.merged_into is null
            limit 1
        ) as alike
        """,
        [library.library_id for library in libraries],
        [library.region_id for library in libraries],
        [library.name for library in libraries],
    )
    return {row["library_id"]: row["earlier_id"] for row in rows}


async def possible_duplicates(tx: Transaction, library: Library) -> list[UUID]:
    """Other libraries of the same name in the same region that are not closed: candidates for review, never merged."""
    rows = await tx.fetch(
        """
        select library_id from library
        where region_id = $1 and lower(name) = lower($2) and library_id <> $3 and status <> 'DITUTUP'
            and merged_into is null
        order by library_id limit 20
        """,
        library.region_id,
        library.name,
        library.library_id,
    )
    return [row["library_id"] for row in rows]


async def _episodes(tx: Transaction, library_ids: Sequence[UUID]) -> dict[UUID, list[Episode]]:
    rows = await tx.fetch(
        """
        select library_id, episode_no, programme_year, scheme, status, sk_no, sk_date, nominators, endorsed,
            fund_source
        from support_episode where library_id = any($1) order by library_id, episode_no
        """,
        library_ids,
    )
    found: dict[UUID, list[Episode]] = {library_id: [] for library_id in library_ids}
    for row in rows:
        found[row["library_id"]].append(episode_of(row))
    return found


def episode_of(row: asyncpg.Record) -> Episode:
    return Episode(
        row["episode_no"],
        row["programme_year"],
        Scheme(row["scheme"]),
        LibraryStatus(row["status"]),
        row["sk_no"],
        row["sk_date"],
        tuple(row["nominators"]),
        row["endorsed"],
        FundSource(row["fund_source"]) if row["fund_source"] else None,
    )


def _library_of(row: asyncpg.Record, episodes: tuple[Episode, ...]) -> Library:
    nominated_on: date = row["nominated_on"]
    return Library(
        library_id=row["library_id"],
        name=row["name"],
        type=LibraryType(row["type"]),
        region_id=row["region_id"],
        status=LibraryStatus(row["status"]),
        nominated_on=nominated_on,
        status_since=row["status_since"],
        named_since=row["named_since"],
        placed_since=row["placed_since"],
        basis=Basis(row["basis"]),
        episodes=episodes,
        merged_into=row["merged_into"],
        merged_on=row["merged_on"],
        plans_to=row["plans_to"],
        active_replicas=row["active_replicas"],
        version=row["version"],
    )
