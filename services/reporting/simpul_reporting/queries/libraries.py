"""Libraries by name and state, and the years there is something to show of."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import LibraryStatus

from simpul_reporting.domain.moments import AsOf


class LibraryLine(BaseModel):
    library_id: UUID
    name: str
    status: LibraryStatus
    since: date


async def libraries_at(tx: Transaction, region: Region, as_of: AsOf) -> list[LibraryLine]:
    """Libraries that stand at the region itself on the day, not below it, without those merged into another. Of what was in effect by the day, the last stated holds."""
    rows = await tx.fetch(
        """
        select library.library_id, named.name, state.status, state.effective_on as since
        from (select distinct library_id from library_region where region_id = $1) as library
        cross join lateral (
            select name from library_name as n where n.library_id = library.library_id and n.recorded_at <= $3
            order by n.effective_on <= $2 desc,
                case when n.effective_on <= $2 then n.aggregate_version end desc, n.aggregate_version limit 1
        ) as named
        cross join lateral (
            select status, effective_on from library_status as s
            where s.library_id = library.library_id and s.recorded_at <= $3 and s.effective_on <= $2
            order by s.aggregate_version desc limit 1
        ) as state
        where library_home(library.library_id, $2, $3) = $1
            and library.library_id not in (select merged.library_id from merged_libraries($2, $3) as merged)
        order by named.name, library.library_id
        """,
        region.region_id,
        as_of.valid_on,
        as_of.known_at,
    )
    return [LibraryLine(**dict(row)) for row in rows]


class Years(BaseModel):
    """`programme` are years with targets or designations, `recorded` those with activities or Bimtek attendance."""

    programme: set[int]
    recorded: set[int]

    @property
    def newest(self) -> int | None:
        return max(self.programme | self.recorded, default=None) if not self.programme else max(self.programme)


async def years(tx: Transaction) -> Years:
    rows = await tx.fetch(
        """
        select programme_year as year, true as programme from target_version where superseded_at = 'infinity'
        union select programme_year, true from designation_fact where superseded_at = 'infinity'
        union select extract(year from month)::integer, false from activity_month where parent_id is null and activities > 0
        union select extract(year from month)::integer, false from attendance_month
            where parent_id is null and registered + present + late + excused + sick + absent > 0
        """
    )
    return Years(
        programme={row["year"] for row in rows if row["programme"]},
        recorded={row["year"] for row in rows if not row["programme"]},
    )
