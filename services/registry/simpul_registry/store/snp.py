"""Profiles by the national standard, and accreditations: added, and the one that holds found."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg
from simpul_shared.errors import NotFound
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region
from simpul_shared.vocabulary import AccreditationGrade, Schooling

from simpul_registry.domain.snp import SnpObservation, SnpProfile
from simpul_registry.domain.withdrawn import Withdrawn
from simpul_registry.store.aid import withdrawn_of
from simpul_registry.store.libraries import LibraryUnknown, load_library


@dataclass(frozen=True)
class Accreditation:
    """`valid_to` is the first day after it. `instrument` is the set of questions it was judged by."""

    accreditation_id: UUID
    library_id: UUID
    grade: AccreditationGrade
    instrument: str
    granted_on: date
    valid_to: date
    version: int = 0
    withdrawn: Withdrawn | None = None


class AccreditationUnknown(NotFound):
    slug = "accreditation-unknown"
    title = "Akreditasi tidak ditemukan"


async def insert_profile(tx: Transaction, profile: SnpProfile) -> None:
    observed = profile.observation
    await tx.execute(
        """
        insert into snp_profile (profile_id, library_id, observed_on, titles, building_m2, hours_per_day, staff,
            head_schooling, head_trained, recorded_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        """,
        profile.profile_id,
        profile.library_id,
        observed.observed_on,
        observed.titles,
        observed.building_m2,
        observed.hours_per_day,
        observed.staff,
        observed.head_schooling,
        observed.head_trained,
        profile.recorded_at,
    )


async def latest_profile(
    tx: Transaction, library_id: UUID, *, on: date, known_on: datetime | None
) -> SnpProfile | None:
    """The one observed last by the day, of those recorded by `known_on`; of one day the one recorded last.

    While nothing was observed at the library itself: at one that had been merged into it by the day.
    """
    row = await tx.fetchrow(
        """
        select profile_id, library_id, observed_on, titles, building_m2, hours_per_day, staff, head_schooling,
            head_trained, recorded_at
        from snp_profile
        where library_id = any(array(select library_and_merged($1, $2))) and observed_on <= $2
            and ($3::timestamptz is null or recorded_at <= $3)
        order by library_id = $1 desc, observed_on desc, recorded_at desc, profile_id desc limit 1
        """,
        library_id,
        on,
        known_on,
    )
    return None if row is None else _profile(row)


async def insert_accreditation(tx: Transaction, accreditation: Accreditation) -> None:
    await tx.execute(
        """
        insert into accreditation (accreditation_id, library_id, grade, instrument, granted_on, valid_to, version)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        accreditation.accreditation_id,
        accreditation.library_id,
        accreditation.grade.value,
        accreditation.instrument,
        accreditation.granted_on,
        accreditation.valid_to,
        accreditation.version,
    )


async def withdraw_accreditation(
    tx: Transaction, accreditation_id: UUID, withdrawn: Withdrawn, *, version: int
) -> None:
    await tx.execute(
        "update accreditation set version = $2, withdrawn_at = $3, withdrawn_because = $4 where accreditation_id = $1",
        accreditation_id,
        version,
        withdrawn.at,
        withdrawn.because,
    )


async def load_accreditation(
    tx: Transaction, accreditation_id: UUID, *, scope: Scope, now: datetime
) -> tuple[Accreditation, Region]:
    """And where its library lies. Errors: AccreditationUnknown, also when that is outside the scope."""
    row = await tx.fetchrow(
        """
        select accreditation_id, library_id, grade, instrument, granted_on, valid_to, version, withdrawn_at,
            withdrawn_because
        from accreditation where accreditation_id = $1
        """,
        accreditation_id,
    )
    if row is not None:
        with suppress(LibraryUnknown):
            return _accreditation(row), (await load_library(tx, row["library_id"], scope=scope, now=now)).region
    raise AccreditationUnknown(
        f"There is no accreditation {accreditation_id} within the regions of your access token. Check the id."
    )


async def list_accreditations(tx: Transaction, library_id: UUID) -> list[Accreditation]:
    """Its own and those of what was merged into it, the latest first."""
    rows = await tx.fetch(
        """
        select accreditation_id, library_id, grade, instrument, granted_on, valid_to, version, withdrawn_at,
            withdrawn_because
        from accreditation where library_id = any(array(select library_and_merged($1, 'infinity')))
        order by granted_on desc, accreditation_id desc
        """,
        library_id,
    )
    return [_accreditation(row) for row in rows]


def _accreditation(row: asyncpg.Record) -> Accreditation:
    return Accreditation(
        row["accreditation_id"],
        row["library_id"],
        AccreditationGrade(row["grade"]),
        row["instrument"],
        row["granted_on"],
        row["valid_to"],
        row["version"],
        withdrawn_of(row),
    )


def _profile(row: asyncpg.Record) -> SnpProfile:
    schooling = row["head_schooling"]
    observation = SnpObservation(
        observed_on=row["observed_on"],
        titles=row["titles"],
        building_m2=row["building_m2"],
        hours_per_day=row["hours_per_day"],
        staff=row["staff"],
        head_schooling=None if schooling is None else Schooling(schooling),
        head_trained=row["head_trained"],
    )
    return SnpProfile(row["profile_id"], row["library_id"], observation, row["recorded_at"])
