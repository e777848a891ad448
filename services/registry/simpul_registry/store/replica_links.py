"""Who mentors whom. A link keeps the two ids that it was made for; `mentor_now` and `replica_now` follow the merges."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg
from simpul_shared.contracts.activities import BimtekCancelled, BimtekPlanned
from simpul_shared.platform.consume import Received
from simpul_shared.platform.database import Transaction

from simpul_registry.domain.succession import Kin


async def insert_link(
    tx: Transaction, library_id: UUID, replica_id: UUID, *, via_bimtek_id: UUID | None, on: date
) -> None:
    await tx.execute(
        """
        insert into replica_link (library_id, replica_id, mentor_now, replica_now, via_bimtek_id, linked_on)
        values ($1, $2, $1, $2, $3, $4)
        """,
        library_id,
        replica_id,
        via_bimtek_id,
        on,
    )


async def linked_on(tx: Transaction, library_id: UUID, replica_id: UUID) -> date | None:
    """Since when one mentors the other, counting what merges passed on; the latest day, where there are several links."""
    day: date | None = await tx.fetchval(
        "select max(linked_on) from replica_link where mentor_now = $1 and replica_now = $2 and ended_on is null",
        library_id,
        replica_id,
    )
    return day


async def end_links(tx: Transaction, library_id: UUID, replica_id: UUID, *, on: date) -> None:
    await tx.execute(
        "update replica_link set ended_on = $3 where mentor_now = $1 and replica_now = $2 and ended_on is null",
        library_id,
        replica_id,
        on,
    )


async def pass_on(tx: Transaction, library_id: UUID, survivor_id: UUID) -> None:
    """All links of a merged library, and those that it had taken over."""
    await tx.execute(
        """
        update replica_link set mentor_now = case when mentor_now = $1 then $2 else mentor_now end,
            replica_now = case when replica_now = $1 then $2 else replica_now end
        where $1 in (mentor_now, replica_now)
        """,
        library_id,
        survivor_id,
    )


async def give_back(tx: Transaction, library_id: UUID) -> None:
    """All links of a library that stands alone again, and of those merged into it."""
    await tx.execute(
        """
        with recursive kin as (
            select $1::uuid as library_id
            union
            select l.library_id from library as l join kin on l.merged_into = kin.library_id
        )
        update replica_link set
            mentor_now = case when library_id in (select library_id from kin) then $1 else mentor_now end,
            replica_now = case when replica_id in (select library_id from kin) then $1 else replica_now end
        where library_id in (select library_id from kin) or replica_id in (select library_id from kin)
        """,
        library_id,
    )


async def kin_of(tx: Transaction, library_id: UUID) -> Kin:
    rows = await tx.fetch(
        """
        with recursive link as materialized (
            select mentor_now, replica_now from replica_link where mentor_now <> replica_now and ended_on is null
        ), above as (
            select mentor_now from link where replica_now = $1
            union
            select link.mentor_now from link join above on link.replica_now = above.mentor_now
        )
        select mentor_now as library_id, true as above from above
        union all
        select replica_now, false from link where mentor_now = $1
        """,
        library_id,
    )
    return Kin(
        replicas=frozenset(row["library_id"] for row in rows if not row["above"]),
        above=frozenset(row["library_id"] for row in rows if row["above"]),
    )


async def with_mentors(tx: Transaction, library_ids: Sequence[UUID]) -> list[UUID]:
    """These libraries and those that mentor them: whose standing may change when theirs does."""
    rows = await tx.fetch(
        """
        select id as library_id from unnest($1::uuid[]) as id
        union
        select mentor_now from replica_link where replica_now = any($1) and ended_on is null
        """,
        library_ids,
    )
    return [row["library_id"] for row in rows]


async def replicators_to_tell(tx: Transaction, library_ids: Sequence[UUID]) -> list[asyncpg.Record]:
    """Those of which the last event says otherwise than what is: with the first replica at work, where there is one."""
    return await tx.fetch(
        """
        select l.library_id, first.replica_now as replica_id, first.via_bimtek_id
        from library_now as l left join lateral (
            select link.replica_now, link.via_bimtek_id
            from replica_link as link join library as r on r.library_id = link.replica_now
            where link.mentor_now = l.library_id and link.replica_now <> l.library_id and link.ended_on is null
                and r.status = 'AKTIF'
            order by link.linked_on, link.link_no limit 1
        ) as first on true
        where l.library_id = any($1) and l.merged_into is null and l.status <> 'DITUTUP'
            and l.told_replicator <> (l.active_replicas > 0)
        order by l.library_id
        """,
        library_ids,
    )


async def keep_told(tx: Transaction, library_id: UUID, *, version: int) -> None:
    await tx.execute(
        "update library set told_replicator = not told_replicator, version = $2 where library_id = $1",
        library_id,
        version,
    )


async def keep_bimteks(tx: Transaction, events: Sequence[Received[BimtekPlanned]]) -> None:
    await tx.executemany("insert into known_bimtek (bimtek_id) values ($1)", [(one.event.bimtek_id,) for one in events])


async def keep_cancellations(tx: Transaction, events: Sequence[Received[BimtekCancelled]]) -> None:
    await tx.executemany(
        "update known_bimtek set cancelled_at = $2 where bimtek_id = $1",
        [(one.event.bimtek_id, one.recorded_at) for one in events],
    )


async def find_bimtek(tx: Transaction, bimtek_id: UUID) -> asyncpg.Record | None:
    return await tx.fetchrow("select cancelled_at from known_bimtek where bimtek_id = $1", bimtek_id)
