"""Community activities by month, category and region below: live from activity_month, earlier knowledge from the facts.

A fact is counted in the map of its own day (region_path_at), so a region that moved has a part under each parent.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import ActivityCategory

from simpul_reporting import examples
from simpul_reporting.domain.moments import AsOf, Months, RegionBasis
from simpul_reporting.queries.cells import Cell, grouped, sums
from simpul_reporting.queries.watermark import Watermark, watermark
from simpul_reporting.store.places import places_of
from simpul_reporting.views import RegionRef


class ActivityFigures(BaseModel):
    """Activities and the attendances at them; null where no activity is recorded, which is not 0."""

    activities: int | None = Field(None, examples=[25])
    attendances: int | None = Field(None, description="A person counts at each activity attended", examples=[620])
    women: int | None = Field(None, examples=[340])
    men: int | None = Field(None, examples=[270])
    gender_unknown: int | None = Field(None, examples=[10])
    disability: int | None = Field(None, examples=[8])
    low_income: int | None = Field(None, examples=[120])


class CoveredFigures(ActivityFigures):
    reporting_libraries: int = Field(description="Libraries with at least one activity, each once", examples=[12])


class CategoryActivities(ActivityFigures):
    category: ActivityCategory


class MonthActivities(CoveredFigures):
    month: str = Field(examples=["2021-07"])
    categories: list[CategoryActivities] = Field(description="Those with activities")


class ChildActivities(CoveredFigures):
    region_id: UUID
    code: str = Field(examples=["51.03"])
    name: str = Field(examples=["Kabupaten Badung"])


class ActivityReport(BaseModel):
    """`total` is the sum of the months, and that of the children plus `own`; only reporting_libraries adds up to no sum."""

    model_config = ConfigDict(
        validate_by_name=True, serialize_by_alias=True, json_schema_extra={"examples": [examples.ACTIVITIES]}
    )

    region: RegionRef
    from_: str = Field(alias="from", examples=["2021-01"])
    to: str = Field(examples=["2021-12"])
    total: CoveredFigures
    months: list[MonthActivities]
    own: CoveredFigures = Field(description="Of libraries that stand at this level itself, in no child")
    children: list[ChildActivities] = Field(description="By code; those with activities")
    includes_sample: bool = Field(description="Whether invented sample records are among what is counted")
    valid_on: date = Field(description="The day whose map the region's code is read in")
    region_basis: RegionBasis
    known_on: datetime
    watermark: Watermark


_COUNTS = ("activities", "attendances", "women", "men", "gender_unknown", "disability", "low_income")


@dataclass
class _Libraries:
    """Distinct libraries, which do not add up, so counted for every row of the report."""

    total: int = 0
    months: dict[date, int] = field(default_factory=dict)
    children: dict[UUID | None, int] = field(default_factory=dict)


async def activity_report(
    tx: Transaction, region: Region, months: Months, as_of: AsOf, *, now: datetime
) -> ActivityReport:
    if as_of.basis is RegionBasis.CURRENT:
        cells, libraries = (
            await _at_home(tx, region, months, as_of),
            await _libraries_at_home(tx, region, months, as_of),
        )
    else:
        cells = await (_live if as_of.live else _from_facts)(tx, region, months, as_of)
        libraries = await _reporting_libraries(tx, region, months, as_of)
    by_child = grouped(cells, lambda cell: cell["child_id"])
    return ActivityReport(
        region=RegionRef.of(region),
        from_=str(months.first),
        to=str(months.last),
        total=CoveredFigures(**sums(cells, _COUNTS), reporting_libraries=libraries.total),
        months=_months(months, cells, libraries),
        own=CoveredFigures(
            **sums(by_child.pop(None, []), _COUNTS), reporting_libraries=libraries.children.get(None, 0)
        ),
        children=await _children(tx, by_child, libraries, as_of),
        includes_sample=await _includes_sample(tx, region, months, as_of),
        valid_on=as_of.valid_on,
        region_basis=as_of.basis,
        known_on=as_of.known_on,
        watermark=await watermark(tx, as_of, now=now),
    )


def _months(months: Months, cells: Sequence[Cell], libraries: _Libraries) -> list[MonthActivities]:
    by_month = grouped(cells, lambda cell: cell["month"])
    return [
        MonthActivities(
            month=str(month),
            **sums(by_month.get(month.first_day, []), _COUNTS),
            reporting_libraries=libraries.months.get(month.first_day, 0),
            categories=_categories(by_month.get(month.first_day, [])),
        )
        for month in months
    ]


def _categories(cells: Sequence[Cell]) -> list[CategoryActivities]:
    by_category = grouped(cells, lambda cell: str(cell["category"]))
    return [
        CategoryActivities(category=ActivityCategory(name), **sums(of_category, _COUNTS))
        for name, of_category in sorted(by_category.items())
    ]


async def _children(
    tx: Transaction, by_child: dict[UUID, list[Cell]], libraries: _Libraries, as_of: AsOf
) -> list[ChildActivities]:
    places = await places_of(tx, list(by_child), on=as_of.valid_on, known_at=as_of.known_at)
    return [
        ChildActivities(
            region_id=place.region_id,
            code=place.code,
            name=place.name,
            **sums(by_child[place.region_id], _COUNTS),
            reporting_libraries=libraries.children.get(place.region_id, 0),
        )
        for place in sorted(places.values(), key=lambda place: place.code)
    ]


async def _live(tx: Transaction, region: Region, months: Months, _: AsOf) -> list[Cell]:
    return await tx.fetch(
        """
        select child_id, month, category, sum(sign * activities)::bigint as activities, sum(sign * attendances)::bigint as attendances, sum(sign * women)::bigint as women, sum(sign * men)::bigint as men, sum(sign * gender_unknown)::bigint as gender_unknown, sum(sign * disability)::bigint as disability, sum(sign * low_income)::bigint as low_income
        from (
            select region_id as child_id, 1 as sign, * from activity_month
            where parent_id = $1 and month between $2 and $3
            union all  -- what is at the region itself: all that is in it, without what is in its children
            select null, 1, * from activity_month where region_id = $1 and month between $2 and $3
            union all
            select null, -1, * from activity_month where parent_id = $1 and month between $2 and $3
        ) as part
        group by child_id, month, category
        having sum(sign * activities) > 0
        """,
        region.region_id,
        months.first.first_day,
        months.last.first_day,
    )


async def _from_facts(tx: Transaction, region: Region, months: Months, as_of: AsOf) -> list[Cell]:
    return await tx.fetch(
        """
        select place.path[$4 + 1] as child_id, date_trunc('month', fact.held_on)::date as month, fact.category,
            count(*) as activities, sum(total) as attendances, sum(women) as women, sum(men) as men,
            sum(gender_unknown) as gender_unknown, sum(disability) as disability, sum(low_income) as low_income
        from activity_fact as fact cross join lateral region_path_at(fact.region_id, fact.held_on, $5) as place
        where fact.held_on between $2 and $3 and place.path[$4] = $1
            and fact.recorded_at <= $5 and (fact.superseded_at > $5 or fact.superseded_at = 'infinity')
        group by 1, 2, 3
        """,
        region.region_id,
        months.first.first_day,
        months.last_day,
        len(region.path),
        as_of.known_at,
    )


async def _reporting_libraries(tx: Transaction, region: Region, months: Months, as_of: AsOf) -> _Libraries:
    rows = await tx.fetch(
        """
        with merged as materialized (
            select library_id, survivor_id from merged_libraries($6, $5)
        ), placed as (
            select coalesce(merged.survivor_id, fact.library_id) as library_id,
                date_trunc('month', fact.held_on)::date as month, case when $5::timestamptz = 'infinity'
                then fact.path else (select place.path from region_path_at(fact.region_id, fact.held_on, $5) as place) end as path
            from activity_fact as fact left join merged using (library_id)
            where fact.held_on between $2 and $3
                and fact.recorded_at <= $5 and (fact.superseded_at > $5 or fact.superseded_at = 'infinity')
        ), within as (
            select library_id, month, path[$4 + 1] as child_id from placed where path[$4] = $1
        )
        select month, child_id, count(distinct library_id) as libraries, grouping(month) = 0 as of_month,
            grouping(child_id) = 0 as of_child
        from within group by grouping sets ((month), (child_id), ())
        """,
        region.region_id,
        months.first.first_day,
        months.last_day,
        len(region.path),
        as_of.known_at,
        as_of.valid_on,
    )
    return _libraries_of(rows)


async def _at_home(tx: Transaction, region: Region, months: Months, as_of: AsOf) -> list[Cell]:
    """All of a library's activities where it, or who goes on for it, lies on valid_on."""
    return await tx.fetch(
        """
        with fact as (
            select library_id, date_trunc('month', held_on)::date as month, category, count(*) as activities,
                sum(total) as attendances, sum(women) as women, sum(men) as men, sum(gender_unknown) as gender_unknown,
                sum(disability) as disability, sum(low_income) as low_income
            from activity_fact
            where held_on between $2 and $3
                and recorded_at <= $5 and (superseded_at > $5 or superseded_at = 'infinity')
            group by 1, 2, 3
        ), home as materialized (
            select seen.library_id, region_place(library_home(coalesce(merged.survivor_id, seen.library_id), $6, $5), $6, $5) as path
            from (select distinct library_id from fact) as seen left join merged_libraries($6, $5) as merged using (library_id)
        )
        select home.path[$4 + 1] as child_id, month, category, sum(activities)::bigint as activities,
            sum(attendances)::bigint as attendances, sum(women)::bigint as women, sum(men)::bigint as men,
            sum(gender_unknown)::bigint as gender_unknown, sum(disability)::bigint as disability,
            sum(low_income)::bigint as low_income
        from fact join home using (library_id) where home.path[$4] = $1
        group by 1, 2, 3
        """,
        region.region_id,
        months.first.first_day,
        months.last_day,
        len(region.path),
        as_of.known_at,
        as_of.valid_on,
    )


async def _libraries_at_home(tx: Transaction, region: Region, months: Months, as_of: AsOf) -> _Libraries:
    rows = await tx.fetch(
        """
        with seen as (
            select distinct coalesce(merged.survivor_id, fact.library_id) as library_id,
                date_trunc('month', fact.held_on)::date as month
            from activity_fact as fact left join merged_libraries($6, $5) as merged using (library_id)
            where fact.held_on between $2 and $3
                and fact.recorded_at <= $5 and (fact.superseded_at > $5 or fact.superseded_at = 'infinity')
        ), home as materialized (
            select library_id, region_place(library_home(library_id, $6, $5), $6, $5) as path
            from (select distinct library_id from seen) as known
        ), within as (
            select library_id, month, path[$4 + 1] as child_id from seen join home using (library_id) where path[$4] = $1
        )
        select month, child_id, count(distinct library_id) as libraries, grouping(month) = 0 as of_month,
            grouping(child_id) = 0 as of_child
        from within group by grouping sets ((month), (child_id), ())
        """,
        region.region_id,
        months.first.first_day,
        months.last_day,
        len(region.path),
        as_of.known_at,
        as_of.valid_on,
    )
    return _libraries_of(rows)


def _libraries_of(rows: Sequence[Cell]) -> _Libraries:
    return _Libraries(
        total=sum(row["libraries"] for row in rows if not row["of_month"] and not row["of_child"]),
        months={row["month"]: row["libraries"] for row in rows if row["of_month"]},
        children={row["child_id"]: row["libraries"] for row in rows if row["of_child"]},
    )


async def _includes_sample(tx: Transaction, region: Region, months: Months, as_of: AsOf) -> bool:
    """A corrected sample stays one: a correction says nothing of its basis, so the first statement tells."""
    found: bool = await tx.fetchval(
        """
        select exists (
            select from activity_fact as fact
                left join merged_libraries($6, $5) as merged on $7 and merged.library_id = fact.library_id
            where fact.basis = 'sample' and fact.held_on between $2 and $3 and fact.recorded_at <= $5 and (case when $7
                then region_place(library_home(coalesce(merged.survivor_id, fact.library_id), $6, $5), $6, $5)
                else (select place.path from region_path_at(fact.region_id, fact.held_on, $5) as place) end)[$4] = $1
        )
        """,
        region.region_id,
        months.first.first_day,
        months.last_day,
        len(region.path),
        as_of.known_at,
        as_of.valid_on,
        as_of.basis is RegionBasis.CURRENT,
    )
    return found
