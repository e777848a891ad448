"""What the API shows of regions and targets, alike after a command and in a query."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import Basis, Indicator, RegionLevel

from simpul_reporting import examples
from simpul_reporting.domain.targets import Place, Target


class RegionRef(BaseModel):
    """A region by id and by the words of the day asked for."""

    region_id: UUID = Field(examples=["5f6ad2c2-4f34-5d0c-9a5e-5a53d1c6a3b1"])
    code: str = Field(examples=["51.03"])
    name: str = Field(examples=["Kabupaten Badung"])
    level: RegionLevel

    @classmethod
    def of(cls, place: Place | Region) -> "RegionRef":
        return cls(region_id=place.region_id, code=place.code, name=place.name, level=place.level)


class TargetView(BaseModel):
    """A target as it stands now."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TARGET]})

    target_id: UUID
    version: int
    programme_year: int
    indicator: Indicator
    region: RegionRef
    parent_target_id: UUID | None = Field(description="The target that this one is a share of")
    value: int
    unallocated: int | None = Field(
        description="What the regions below may still get; null where nothing is shared out"
    )
    basis: Basis


class TargetRevision(BaseModel):
    version: int
    value: int
    reason: str | None = Field(description="Null for the first")
    recorded_at: datetime


class TargetHistory(TargetView):
    """A target with everything it ever was."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.TARGET_HISTORY]})

    revisions: list[TargetRevision]


def target_view(target: Target, place: Place, *, given: int) -> TargetView:
    shared_out = target.indicator is Indicator.LIBRARIES
    return TargetView(
        target_id=target.target_id,
        version=target.version,
        programme_year=target.programme_year,
        indicator=target.indicator,
        region=RegionRef.of(place),
        parent_target_id=target.parent_target_id,
        value=target.value,
        unallocated=target.value - given if shared_out else None,
        basis=target.basis,
    )
