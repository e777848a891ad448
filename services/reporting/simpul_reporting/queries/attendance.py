"""Bimtek attendance by month and region of the library: live from attendance_month, earlier knowledge from the facts."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region

from simpul_reporting import examples
from simpul_reporting.domain.figures import percentage
from simpul_reporting.domain.moments import AsOf, Months, RegionBasis
from simpul_reporting.queries.cells import Cell, grouped, sums
from simpul_reporting.queries.watermark import Watermark, watermark
from simpul_reporting.store.places import places_of
from simpul_reporting.views import RegionRef


class Marks(BaseModel):
    """Marks in sessions, one per registration and session."""

    HADIR: int = Field(examples=[110])
    TERLAMBAT: int = Field(examples=[4])
    IZIN: int = Field(examples=[3])
    SAKIT: int = Field(examples=[2])
    ALPA: int = Field(examples=[1])


class AttendanceFigures(BaseModel):
    """Null where nothing is recorded, which is not 0."""

    registered: int | None = Field(
        None,
        description="Registrations for a Bimtek that begins then, without those withdrawn or of a cancelled Bimtek",
        examples=[12],
    )
    marks: Marks | None = Field(None, description="Of sessions held then")
    attendance_rate: float | None = Field(
        None, description="HADIR and TERLAMBAT of all marks, per cent", examples=[95.0]
    )


class MonthAttendance(AttendanceFigures):
    month: str = Field(examples=["2021-06"])


class ChildAttendance(AttendanceFigures):
    region_id: UUID
    code: str = Field(examples=["51.03"])
    name: str = Field(examples=["Kabupaten Badung"])


class AttendanceReport(BaseModel):
    """`total` is the sum of the months, and that of the children plus `own`. Regions are those of the libraries represented."""

    model_config = ConfigDict(
        validate_by_name=True, serialize_by_alias=True, json_schema_extra={"examples": [examples.ATTENDANCE]}
    )

    region: RegionRef
    from_: str = Field(alias="from", examples=["2021-01"])
    to: str = Field(examples=["2021-12"])
    total: AttendanceFigures
    months: list[MonthAttendance]
    own: AttendanceFigures = Field(description="Of libraries that stand at this level itself, in no child")
    children: list[ChildAttendance] = Field(description="By code; those with registrations or marks")
    includes_sample: bool = Field(description="Whether invented sample records are among what is counted")
    valid_on: date = Field(description="The day whose map the region's code is read in")
    region_basis: RegionBasis
    known_on: datetime
    watermark: Watermark


_COUNTS = ("registered", "present", "late", "excused", "sick", "absent")


async def attendance_report(
    tx: Transaction, region: Region, months: Months, as_of: AsOf, *, now: datetime
) -> AttendanceReport:
    cells = await _cells(tx, region, months, as_of)
    by_month = grouped(cells, lambda cell: cell["month"])
    by_child = grouped(cells, lambda cell: cell["child_id"])
    return AttendanceReport(
        region=RegionRef.of(region),
        from_=str(months.first),
        to=str(months.last),
        total=AttendanceFigures(**_figures(cells)),
        months=[MonthAttendance(month=str(m), **_figures(by_month.get(m.first_day, []))) for m in months],
        own=AttendanceFigures(**_figures(by_child.pop(None, []))),
        children=await _children(tx, by_child, as_of),
        includes_sample=await _includes_sample(tx, region, months, as_of),
        valid_on=as_of.valid_on,
        region_basis=as_of.basis,
        known_on=as_of.known_on,
        watermark=await watermark(tx, as_of, now=now),
    )


async def _cells(tx: Transaction, region: Region, months: Months, as_of: AsOf) -> list[Cell]:
    if as_of.basis is RegionBasis.CURRENT:
        return await _at_home(tx, region, months, as_of)
    return await (_live if as_of.live else _from_facts)(tx, region, months, as_of)


def _figures(cells: Sequence[Cell]) -> dict[str, Any]:
    total = sums(cells, _COUNTS)
    if not total:
        return {}
    marks = Marks(
        HADIR=total["present"],
        TERLAMBAT=total["late"],
        IZIN=total["excused"],
        SAKIT=total["sick"],
        ALPA=total["absent"],
    )
    counted = sum(marks.model_dump().values())
    return {
        "registered": total["registered"],
        "marks": marks if counted else None,
        "attendance_rate": percentage(marks.HADIR + marks.TERLAMBAT, counted),
    }


async def _children(tx: Transaction, by_child: dict[UUID, list[Cell]], as_of: AsOf) -> list[ChildAttendance]:
    places = await places_of(tx, list(by_child), on=as_of.valid_on, known_at=as_of.known_at)
    return [
        ChildAttendance(
            region_id=place.region_id, code=place.code, name=place.name, **_figures(by_child[place.region_id])
        )
        for place in sorted(places.values(), key=lambda place: place.code)
    ]


async def _live(tx: Transaction, region: Region, months: Months, _: AsOf) -> list[Cell]:
    return await tx.fetch(
        """
        select child_id, month, sum(sign * registered)::bigint as registered, sum(sign * present)::bigint as present,
            sum(sign * late)::bigint as late, sum(sign * excused)::bigint as excused, sum(sign * sick)::bigint as sick,
            sum(sign * absent)::bigint as absent
        from (
            select region_id as child_id, 1 as sign, * from attendance_month
            where parent_id = $1 and month between $2 and $3
            union all  -- what is at the region itself: all that is in it, without what is in its children
            select null, 1, * from attendance_month where region_id = $1 and month between $2 and $3
            union all
            select null, -1, * from attendance_month where parent_id = $1 and month between $2 and $3
        ) as part
        group by child_id, month
        having sum(sign * (registered + present + late + excused + sick + absent)) > 0
        """,
        region.region_id,
        months.first.first_day,
        months.last.first_day,
    )


async def _from_facts(tx: Transaction, region: Region, months: Months, as_of: AsOf) -> list[Cell]:
    return await tx.fetch(
        """
        select place.path[$4 + 1] as child_id, date_trunc('month', day)::date as month,
            count(*) filter (where status = '') as registered, count(*) filter (where status = 'HADIR') as present,
            count(*) filter (where status = 'TERLAMBAT') as late, count(*) filter (where status = 'IZIN') as excused,
            count(*) filter (where status = 'SAKIT') as sick, count(*) filter (where status = 'ALPA') as absent
        from (
            select region_id, held_on, status, recorded_at, superseded_at from attendance_fact
            where held_on between $2 and $3
            union all
            select region_id, counted_on, '', recorded_at, superseded_at from registration_fact
            where counted_on between $2 and $3
        ) as fact (region_id, day, status, recorded_at, superseded_at)
            cross join lateral region_path_at(fact.region_id, fact.day, $5) as place
        where place.path[$4] = $1
            and fact.recorded_at <= $5 and (fact.superseded_at > $5 or fact.superseded_at = 'infinity')
        group by 1, 2
        """,
        region.region_id,
        months.first.first_day,
        months.last_day,
        len(region.path),
        as_of.known_at,
    )


async def _at_home(tx: Transaction, region: Region, months: Months, as_of: AsOf) -> list[Cell]:
    """All of a library's registrations and marks where it, or who goes on for it, lies on valid_on."""
    return await tx.fetch(
        """
        with fact as (
            select library_id, date_trunc('month', day)::date as month,
                count(*) filter (where status = '') as registered, count(*) filter (where status = 'HADIR') as present,
                count(*) filter (where status = 'TERLAMBAT') as late, count(*) filter (where status = 'IZIN') as excused,
                count(*) filter (where status = 'SAKIT') as sick, count(*) filter (where status = 'ALPA') as absent
            from (
                select library_id, held_on, status, recorded_at, superseded_at from attendance_fact
                where held_on between $2 and $3
                union all
                select library_id, counted_on, '', recorded_at, superseded_at from registration_fact
                where counted_on between $2 and $3
            ) as stated (library_id, day, status, recorded_at, superseded_at)
            where recorded_at <= $5 and (superseded_at > $5 or superseded_at = 'infinity')
            group by 1, 2
        ), home as materialized (
            select seen.library_id, region_place(library_home(coalesce(merged.survivor_id, seen.library_id), $6, $5), $6, $5) as path
            from (select distinct library_id from fact) as seen left join merged_libraries($6, $5) as merged using (library_id)
        )
        select home.path[$4 + 1] as child_id, month, sum(registered)::bigint as registered, sum(present)::bigint as present,
            sum(late)::bigint as late, sum(excused)::bigint as excused, sum(sick)::bigint as sick, sum(absent)::bigint as absent
        from fact join home using (library_id) where home.path[$4] = $1
        group by 1, 2
        """,
        region.region_id,
        months.first.first_day,
        months.last_day,
        len(region.path),
        as_of.known_at,
        as_of.valid_on,
    )


async def _includes_sample(tx: Transaction, region: Region, months: Months, as_of: AsOf) -> bool:
    """A corrected sample stays one: a correction says nothing of its basis, so the first statement tells."""
    found: bool = await tx.fetchval(
        """
        select exists (
            select from (
                select library_id, region_id, held_on, recorded_at from attendance_fact
                where basis = 'sample' and held_on between $2 and $3
                union all
                select library_id, region_id, counted_on, recorded_at from registration_fact
                where basis = 'sample' and counted_on between $2 and $3
            ) as fact (library_id, region_id, day, recorded_at)
                left join merged_libraries($6, $5) as merged on $7 and merged.library_id = fact.library_id
            where fact.recorded_at <= $5 and (case when $7
                then region_place(library_home(coalesce(merged.survivor_id, fact.library_id), $6, $5), $6, $5)
                else (select place.path from region_path_at(fact.region_id, fact.day, $5) as place) end)[$4] = $1
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
