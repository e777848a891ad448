"""How many libraries a list with the same filters (queries/libraries.py) would hold, by type and standing."""

from datetime import datetime

from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import scope_ids

from simpul_registry.queries.libraries import LibraryFilter, wanted_region
from simpul_registry.queries.search import like_pattern
from simpul_registry.store.regions import JAKARTA, local_day
from simpul_registry.views.libraries import LibraryCount, LibraryCounts


async def count_libraries(tx: Transaction, wanted: LibraryFilter, *, scope: Scope, now: datetime) -> LibraryCounts:
    """Errors: RegionUnknown, OutsideScope."""
    today = local_day(now, JAKARTA)
    rows = await tx.fetch(
        """
        select l.type, l.standing as status, count(*) as libraries
        from library_now l
        where ($2::uuid[] is null or l.region_id in (select region_id from regions_within($2, $1)))
            and ($3::uuid is null or l.library_id in (
                select lay.library_id from library_region lay join regions_within(array[$3], $4) using (region_id)
                where lay.valid_from <= $13 and $13 < lay.valid_to))
            and ($5::text is null or l.standing = $5)
            and ($6::text is null or l.type = $6)
            and ($7::text is null or l.name ilike $7)
            and (($8::integer is null and $9::text is null and $10::text is null) or exists (select from support_episode e
                where e.library_id = l.library_id and ($8::integer is null or e.programme_year = $8)
                and ($9::text is null or e.scheme = $9) and ($10::text is null or e.fund_source = $10)))
            and ($11::text is null or l.library_id in (select x.library_id from external_id x where x.scheme = $11 and x.compared = $12))
        group by l.type, l.standing order by l.type, l.standing
        """,
        today,
        await scope_ids(tx, scope, on=today),
        await wanted_region(tx, wanted, scope=scope, today=today),
        wanted.valid_on or today,
        wanted.status,
        wanted.type,
        like_pattern(wanted.q),
        wanted.programme_year,
        wanted.scheme,
        wanted.fund_source,
        wanted.external_id[0] if wanted.external_id else None,
        wanted.external_id[1] if wanted.external_id else None,
        wanted.places_on(now),
    )
    items = [LibraryCount(**dict(row)) for row in rows]
    return LibraryCounts(total=sum(one.libraries for one in items), items=items)
