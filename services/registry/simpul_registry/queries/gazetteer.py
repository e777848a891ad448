"""Search over all names and codes, in memory: made when it is first asked for and again when something else is said.

Names and Kemendagri's codes go by the edition of the map; codes of BPS go by their own, and are read when one is searched for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Generic, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import asyncpg
from simpul_shared.platform.database import Database, Origin, Transaction
from simpul_shared.platform.http.query import Page

from simpul_registry.domain.assigned_codes import NONE_ASSIGNED, AssignedCodes
from simpul_registry.domain.gazetteer import Entry, Gazetteer, Wanted
from simpul_registry.domain.region_code import CodeScheme
from simpul_registry.domain.statement import FOREVER, Statement
from simpul_registry.store.region_changes import map_edition
from simpul_registry.store.region_codes import code_edition
from simpul_registry.views.regions import HitView

_Made = TypeVar("_Made")
_Rows = Sequence[asyncpg.Record]


class _Kept(Generic[_Made]):
    """What was made of an edition of the map or of the codes."""

    def __init__(
        self,
        edition_of: Callable[[Transaction], Awaitable[int]],
        read: Callable[[Transaction], Awaitable[_Rows]],
        make: Callable[[_Rows], _Made],
    ) -> None:
        self._edition_of, self._read, self._make = edition_of, read, make
        self._edition, self._made = -1, make(())
        self._making = asyncio.Lock()

    async def of(self, edition: int, database: Database, origin: Origin) -> _Made:
        if edition != self._edition:
            async with self._making:
                await self._renew(database, origin)
        return self._made

    async def _renew(self, database: Database, origin: Origin) -> None:
        async with database.snapshot(origin) as tx:
            edition = await self._edition_of(tx)
            if edition == self._edition:
                return  # another request has made it meanwhile
            rows = await self._read(tx)
        # Seconds for the whole country, in which other requests go on.
        self._made = await asyncio.to_thread(self._make, rows)
        self._edition = edition


class _Shelf:
    def __init__(self) -> None:
        self.gazetteer = _Kept(map_edition, _all_statements, _gazetteer)
        self.codes = _Kept(code_edition, _all_codes, _codes)


_shelves: WeakKeyDictionary[Database, _Shelf] = WeakKeyDictionary()


async def search_regions(database: Database, origin: Origin, wanted: Wanted, *, limit: int) -> Page[HitView]:
    """The best first. One statement tells whether what is in hand is still what is said. Errors: RegionCodeMalformed."""
    shelf = _shelves.setdefault(database, _Shelf())
    [editions] = await database.pool.fetch("select edition, code_edition from region_map")
    codes = NONE_ASSIGNED
    if wanted.scheme is CodeScheme.BPS:
        codes = await shelf.codes.of(editions["code_edition"], database, origin)
    gazetteer = await shelf.gazetteer.of(editions["edition"], database, origin)
    return Page(items=[HitView.of(hit) for hit in gazetteer.search(wanted, codes, limit=limit)])


async def _all_statements(tx: Transaction) -> list[asyncpg.Record]:
    return await tx.fetch(
        """
        select region_id, code, name, path, valid_from, valid_to, recorded_at, nullif(superseded_at, 'infinity') as ended_at
        from region_version where superseded_at > recorded_at
        """
    )


async def _all_codes(tx: Transaction) -> list[asyncpg.Record]:
    return await tx.fetch(
        """
        select region_id, code, valid_from, valid_to, recorded_at, nullif(superseded_at, 'infinity') as ended_at
        from region_code where scheme = $1 and superseded_at > recorded_at
        """,
        CodeScheme.BPS,
    )


def _gazetteer(rows: _Rows) -> Gazetteer:
    ids: dict[UUID, UUID] = {}  # one object for each, not one a row
    days: dict[date, date] = {}
    return Gazetteer(
        Entry(
            ids.setdefault(row["region_id"], row["region_id"]),
            row["code"],
            days.setdefault(row["valid_from"], row["valid_from"]),
            days.setdefault(row["valid_to"], row["valid_to"]),
            row["recorded_at"],
            row["ended_at"] or FOREVER,
            row["name"],
            tuple(ids.setdefault(one, one) for one in row["path"]),
        )
        for row in rows
    )


def _codes(rows: _Rows) -> AssignedCodes:
    return AssignedCodes(
        Statement(
            row["region_id"],
            row["code"],
            row["valid_from"],
            row["valid_to"],
            row["recorded_at"],
            row["ended_at"] or FOREVER,
        )
        for row in rows
    )
