"""The bodies of writes on libraries: limits and examples; the rules are in domain/library.py."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field
from simpul_shared.days import Day
from simpul_shared.vocabulary import Basis, FundSource, LibraryType, Scheme

from simpul_registry.api.fields import Name, PaperNo, ProgrammeYear, Reason, RegionCodeInBody, strict

_FundSource = Annotated[FundSource | None, Field(description="Out of which budget it is supported")]
_EffectiveOn = Annotated[Day | None, Field(description="Local day; today when left out")]


class NominateBody(BaseModel):
    """`nominated_on` is a local day, today when left out; the region code is resolved at it."""

    model_config = strict(
        name="Perpustakaan Desa Mengwi",
        type="DESA",
        region_code="51.03.02.2009",
        programme_year=2021,
        scheme="STIMULAN_APBN",
        fund_source="APBN",
        nominated_on="2021-02-01",
        basis="stated",
    )

    name: Name
    type: LibraryType
    region_code: RegionCodeInBody
    programme_year: ProgrammeYear
    scheme: Scheme
    fund_source: _FundSource = None
    nominated_on: Day | None = None
    basis: Basis = Basis.STATED


class ResubmitBody(BaseModel):
    """What is left out stays as it was nominated before. Another village: `/relocate`."""

    model_config = strict(
        name="Perpustakaan Desa Mengwi", programme_year=2022, scheme="STIMULAN_APBN", fund_source="APBN"
    )

    name: Name | None = None
    type: LibraryType | None = None
    programme_year: ProgrammeYear | None = None
    scheme: Scheme | None = None
    fund_source: _FundSource = None


class ApprovalBody(BaseModel):
    model_config = strict(reason="Berkas lengkap, gedung sudah dikunjungi")

    reason: Reason | None = None


class ReasonBody(BaseModel):
    model_config = strict(reason="SK pendirian belum dilampirkan")

    reason: Reason


class DesignateBody(BaseModel):
    """The decree (SK) that designates the library for a programme year."""

    model_config = strict(sk_no="12/SK/2021", sk_date="2021-03-15", programme_year=2021, scheme="STIMULAN_APBN")

    sk_no: PaperNo
    sk_date: Day
    programme_year: ProgrammeYear
    scheme: Scheme
    fund_source: _FundSource = None


class EffectiveBody(BaseModel):
    model_config = strict(effective_on="2021-07-05")

    effective_on: _EffectiveOn = None


class EffectiveReasonBody(BaseModel):
    model_config = strict(reason="Pengelola pindah tugas", effective_on="2022-01-10")

    reason: Reason
    effective_on: _EffectiveOn = None


class CloseBody(BaseModel):
    """A library with open follow-up plans names who takes them over, or says why they are given up."""

    model_config = strict(
        reason="Desa digabung", effective_on="2023-01-01", transfer_to="01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33"
    )

    reason: Reason
    effective_on: _EffectiveOn = None
    transfer_to: UUID | None = None
    waived_because: Reason | None = None


class RelocateBody(BaseModel):
    """The code is read on the day of the move. A nomination is moved once it was returned."""

    model_config = strict(region_code="51.03.02.2008", effective_on="2024-01-01", reason="Gedung baru di desa tetangga")

    region_code: RegionCodeInBody
    reason: Reason
    effective_on: _EffectiveOn = None


class MergeBody(BaseModel):
    """`survivor_id` goes on for both."""

    model_config = strict(
        survivor_id="01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33", effective_on="2024-01-01", reason="Tercatat dua kali"
    )

    survivor_id: UUID
    reason: Reason
    effective_on: _EffectiveOn = None


class ReplicaBody(BaseModel):
    """`via_bimtek_id` is the Bimtek through which the replica is mentored, where there was one."""

    model_config = strict(
        replica_id="01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33",
        via_bimtek_id="01979a4e-9d22-7e3c-8a6f-1d3e5b2c0f44",
        effective_on="2022-07-21",
    )

    replica_id: UUID
    via_bimtek_id: UUID | None = None
    effective_on: _EffectiveOn = None


class RenameBody(BaseModel):
    model_config = strict(new_name="Perpustakaan Widya Mandala", effective_on="2022-03-01")

    new_name: Name
    effective_on: _EffectiveOn = None
