"""Search over all names and codes: the gazetteer of a database, made when it is first asked and again when the map has changed."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import UUID
from weakref import WeakKeyDictionary

import asyncpg
from simpul_shared.platform.database import Database, Origin, Transaction
from simpul_shared.platform.http.query import Page

from simpul_registry.domain.gazetteer import FOREVER, Entry, Gazetteer, Wanted
from simpul_registry.store.region_changes import map_edition
from simpul_registry.views.regions import HitView


class _Shelf:
    """One gazetteer and the edition of the map that it was made from."""

    def __init__(self) -> None:
        self.edition = -1
        self.gazetteer = Gazetteer(())
        self.making = asyncio.Lock()


_shelves: WeakKeyDictionary[Database, _Shelf] = WeakKeyDictionary()


async def search_regions(database: Database, origin: Origin, wanted: Wanted, *, limit: int) -> Page[HitView]:
    """The best first."""
    gazetteer = await _current(database, origin)
    return Page(items=[HitView.of(hit) for hit in gazetteer.search(wanted, limit=limit)])


async def _current(database: Database, origin: Origin) -> Gazetteer:
    """One statement tells whether the map is still that of the gazetteer in hand."""
    shelf = _shelves.setdefault(database, _Shelf())
    if await database.pool.fetchval("select edition from region_map") != shelf.edition:
        async with shelf.making:
            await _renew(shelf, database, origin)
    return shelf.gazetteer


async def _renew(shelf: _Shelf, database: Database, origin: Origin) -> None:
    async with database.snapshot(origin) as tx:
        edition = await map_edition(tx)
        if edition == shelf.edition:
            return  # another request has made it meanwhile
        rows = await _all_statements(tx)
    # Seconds for the whole country, in which other requests go on.
    shelf.gazetteer = await asyncio.to_thread(_gazetteer, rows)
    shelf.edition = edition


async def _all_statements(tx: Transaction) -> list[asyncpg.Record]:
    return await tx.fetch(
        """
        select region_id, code, name, path, valid_from, valid_to, recorded_at, nullif(superseded_at, 'infinity') as ended_at
        from region_version where superseded_at > recorded_at
        """
    )


def _gazetteer(rows: Sequence[asyncpg.Record]) -> Gazetteer:
    ids: dict[UUID, UUID] = {}  # one object for each, not one a row
    days: dict[date, date] = {}
    return Gazetteer(
        Entry(
            ids.setdefault(row["region_id"], row["region_id"]),
            row["code"],
            row["name"],
            tuple(ids.setdefault(one, one) for one in row["path"]),
            days.setdefault(row["valid_from"], row["valid_from"]),
            days.setdefault(row["valid_to"], row["valid_to"]),
            row["recorded_at"],
            row["ended_at"] or FOREVER,
        )
        for row in rows
    )
