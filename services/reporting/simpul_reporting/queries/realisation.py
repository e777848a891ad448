"""Target against realisation of one region and those directly below it, from designation facts and target versions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import Indicator, RegionLevel

from simpul_reporting import examples
from simpul_reporting.domain.figures import percentage
from simpul_reporting.domain.moments import AsOf, RegionBasis
from simpul_reporting.domain.targets import Place
from simpul_reporting.queries.regions import children_of
from simpul_reporting.queries.watermark import Watermark, watermark
from simpul_reporting.store.places import places_of
from simpul_reporting.views import RegionRef


class Coverage(BaseModel):
    """Of the designated libraries, those with at least one activity held up to valid_on."""

    designated: int = Field(examples=[12])
    with_activity: int = Field(examples=[9])
    percentage: float | None = Field(description="Null while no library is designated", examples=[75.0])


class Figure(BaseModel):
    """What one region is to reach and has reached."""

    target: int | None = Field(description="Null where no target is set; that is not 0", examples=[12])
    realised: int = Field(
        description="Libraries designated for the programme year, each once, and merged ones once together",
        examples=[12],
    )
    percentage: float | None = Field(description="Null without a target", examples=[100.0])
    coverage: Coverage


class ChildFigure(Figure):
    region_id: UUID
    code: str = Field(examples=["51.03"])
    name: str = Field(examples=["Kabupaten Badung"])


class Provinces(BaseModel):
    """Provinces with at least one designated library, against their own target."""

    target: int | None = Field(examples=[32])
    realised: int = Field(examples=[1])


class Realisation(Figure):
    """`realised` is the sum of the children's plus `own`. The same valid_on and known_on give the same figures for ever,
    once the watermark is no longer provisional."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.REALISATION]})

    programme_year: int = Field(examples=[2021])
    region: RegionRef
    own: int = Field(description="Of `realised`, libraries that stand at this level itself, in no child", examples=[0])
    provinces: Provinces | None = Field(description="Only for the country")
    children: list[ChildFigure] = Field(description="By code; those without target and realisation only if asked for")
    valid_on: date = Field(description="The day whose map is used and up to which facts count")
    region_basis: RegionBasis
    known_on: datetime = Field(description="The instant whose knowledge is used")
    watermark: Watermark


@dataclass(frozen=True)
class _Count:
    designated: int = 0
    with_activity: int = 0


@dataclass(frozen=True)
class _Targets:
    own: int | None = None
    provinces: int | None = None
    children: Mapping[UUID, int] = field(default_factory=dict)


async def realisation(
    tx: Transaction, region: Region, programme_year: int, as_of: AsOf, *, all_children: bool, now: datetime
) -> Realisation:
    counts = await _counts(tx, region, programme_year, as_of)
    targets = await _targets(tx, region, programme_year, as_of)
    children = await _children(tx, region, as_of, counts=counts, targets=targets.children, everyone=all_children)
    own = counts.get(None, _Count())
    return Realisation(
        programme_year=programme_year,
        region=RegionRef.of(region),
        **_figure(targets.own, _sum(counts.values())),
        own=own.designated,
        provinces=_provinces(region, counts, targets),
        children=children,
        valid_on=as_of.valid_on,
        region_basis=as_of.basis,
        known_on=as_of.known_on,
        watermark=await watermark(tx, as_of, now=now),
    )


async def _counts(tx: Transaction, region: Region, programme_year: int, as_of: AsOf) -> dict[UUID | None, _Count]:
    """Designated libraries by the child they lie in; under None those at the region itself. A merged pair counts once."""
    rows = await tx.fetch(
        """
        with merged as materialized (
            select library_id, survivor_id from merged_libraries($3, $4)
        ), counted as (
            -- A merged pair is one library: its survivor's designation, or else the merged one's.
            select distinct on (coalesce(merged.survivor_id, d.library_id)) d.region_id,
                coalesce(merged.survivor_id, d.library_id) as library_id
            from designation_fact as d left join merged using (library_id)
            where d.programme_year = $2 and d.sk_date <= $3
                and d.recorded_at <= $4 and (d.superseded_at > $4 or d.superseded_at = 'infinity')
            order by coalesce(merged.survivor_id, d.library_id), merged.survivor_id is not null, d.sk_date, d.library_id
        ), based as (
            select library_id, case when $6 then coalesce(library_home(library_id, $3, $4), region_id) else region_id end as region_id
            from counted
        ), placed as (
            select based.library_id, coalesce(held.path, region_place(based.region_id, $3, $4)) as path
            from based left join lateral (
                select v.path from region_version as v
                where v.region_id = based.region_id and v.valid_from <= $3 and $3 < v.valid_to
                    and v.recorded_at <= $4 and (v.superseded_at > $4 or v.superseded_at = 'infinity')
                order by v.valid_from desc limit 1
            ) as held on true
        ), within as (
            select path[$5 + 1] as child_id, exists (
                select from activity_fact as a
                where a.library_id = any(array[placed.library_id]
                        || array(select merged.library_id from merged where merged.survivor_id = placed.library_id))
                    and a.held_on <= $3 and a.recorded_at <= $4 and (a.superseded_at > $4 or a.superseded_at = 'infinity')
            ) as with_activity
            from placed where path[$5] = $1
        )
        select child_id, count(*) as designated, count(*) filter (where with_activity) as with_activity
        from within group by child_id
        """,
        region.region_id,
        programme_year,
        as_of.valid_on,
        as_of.known_at,
        len(region.path),
        as_of.basis is RegionBasis.CURRENT,
    )
    return {row["child_id"]: _Count(row["designated"], row["with_activity"]) for row in rows}


async def _targets(tx: Transaction, region: Region, programme_year: int, as_of: AsOf) -> _Targets:
    """Targets of the region and of those below it on the day's map."""
    rows = await tx.fetch(
        """
        with placed as (
            select t.indicator, t.region_id, t.value, coalesce(held.path, region_place(t.region_id, $3, $4)) as path
            from target_version as t left join lateral (
                select v.path from region_version as v
                where v.region_id = t.region_id and v.valid_from <= $3 and $3 < v.valid_to
                    and v.recorded_at <= $4 and (v.superseded_at > $4 or v.superseded_at = 'infinity')
                order by v.valid_from desc limit 1
            ) as held on true
            where t.programme_year = $2 and t.recorded_at <= $4 and (t.superseded_at > $4 or t.superseded_at = 'infinity')
        )
        select indicator, region_id, value from placed
        where region_id = $1 or (path[$5] = $1 and cardinality(path) = $5 + 1)
        """,
        region.region_id,
        programme_year,
        as_of.valid_on,
        as_of.known_at,
        len(region.path),
    )
    values = {(row["indicator"], row["region_id"]): row["value"] for row in rows}
    libraries = {region_id: value for (name, region_id), value in values.items() if name == Indicator.LIBRARIES}
    own = libraries.pop(region.region_id, None)
    return _Targets(own, values.get((Indicator.PROVINCES, region.region_id)), libraries)


async def _children(
    tx: Transaction,
    region: Region,
    as_of: AsOf,
    *,
    counts: Mapping[UUID | None, _Count],
    targets: Mapping[UUID, int],
    everyone: bool,
) -> list[ChildFigure]:
    shown = {child for child, count in counts.items() if child is not None and count.designated}
    shown |= {child for child, value in targets.items() if value}
    places = await places_of(tx, list(shown), on=as_of.valid_on, known_at=as_of.known_at)
    if everyone:
        places |= await children_of(tx, region, as_of)
    return [_child(place, counts, targets) for place in sorted(places.values(), key=lambda place: place.code)]


def _child(place: Place, counts: Mapping[UUID | None, _Count], targets: Mapping[UUID, int]) -> ChildFigure:
    figure = _figure(targets.get(place.region_id), counts.get(place.region_id, _Count()))
    return ChildFigure(region_id=place.region_id, code=place.code, name=place.name, **figure)


def _figure(target: int | None, count: _Count) -> dict[str, Any]:
    return {
        "target": target,
        "realised": count.designated,
        "percentage": percentage(count.designated, target),
        "coverage": Coverage(
            designated=count.designated,
            with_activity=count.with_activity,
            percentage=percentage(count.with_activity, count.designated),
        ),
    }


def _sum(counts: Iterable[_Count]) -> _Count:
    known = list(counts)
    return _Count(sum(count.designated for count in known), sum(count.with_activity for count in known))


def _provinces(region: Region, counts: Mapping[UUID | None, _Count], targets: _Targets) -> Provinces | None:
    if region.level is not RegionLevel.NATION:
        return None
    return Provinces(target=targets.provinces, realised=sum(child is not None for child in counts))
