"""People who may be registered twice: pairs with an equal term, and what somebody decided about a pair."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import asyncpg
from simpul_shared.platform.database import Transaction

from simpul_registry.domain.duplicate_people import Pair, Verdict


async def candidates(
    tx: Transaction, *, allowed: Sequence[UUID] | None, on: date, after: tuple[UUID, UUID] | None, limit: int
) -> list[asyncpg.Record]:
    """Undecided pairs, both within the `allowed` regions (None: anywhere), with the kinds of terms they share.

    Terms of a merged id count for the survivor, who is compared by all of them; what was decided about the id holds.
    """
    return await tx.fetch(
        """
        with recursive entry as (
            select p.person_id, p.person_id as of_id from person p
            where p.erased_at is null and p.merged_into is null and ($1::uuid[] is null or (
                select v.path && $1 from region_version v
                where v.region_id = p.region_id and v.valid_from <= $2 and v.superseded_at = 'infinity'
                order by v.valid_from desc limit 1))
            union all
            select next.person_id, entry.of_id from person as next join entry on next.merged_into = entry.person_id
        ), term as (
            select entry.of_id, t.person_id, t.kind, t.digest from entry join person_term t using (person_id)
        )
        select one.of_id as one_id, other.of_id as other_id, array_agg(distinct one.kind order by one.kind) as alike
        from term one join term other on other.kind = one.kind and other.digest = one.digest and other.of_id > one.of_id
        where ($3::uuid is null or (one.of_id, other.of_id) > ($3, $4::uuid))
            and not exists (select from person_duplicate_verdict v where (v.one_id, v.other_id) in (
                (one.of_id, other.of_id),
                (least(one.person_id, other.person_id), greatest(one.person_id, other.person_id))))
        group by one.of_id, other.of_id
        order by one.of_id, other.of_id limit $5
        """,
        allowed,
        on,
        after[0] if after else None,
        after[1] if after else None,
        limit,
    )


async def save_verdict(tx: Transaction, pair: Pair, verdict: Verdict, *, at: datetime) -> None:
    """A later verdict on the same pair replaces the earlier one: what was dismissed may be merged after all."""
    await tx.execute(
        """
        insert into person_duplicate_verdict (one_id, other_id, verdict, decided_at, actor) values ($1, $2, $3, $4, $5)
        on conflict on constraint person_duplicate_verdict_pkey
            do update set verdict = excluded.verdict, decided_at = excluded.decided_at, actor = excluded.actor
        """,
        pair.one_id,
        pair.other_id,
        verdict.value,
        at,
        tx.origin.actor,
    )
