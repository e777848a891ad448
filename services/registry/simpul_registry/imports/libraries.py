"""The form "libraries" at work: rows judged by the rules of nomination, and applied some hundreds at a time."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import msgspec
import uuid6
from simpul_shared.access import Permission
from simpul_shared.contracts import registry as announced
from simpul_shared.errors import Refusal
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.imports.form import Accepted, Applied, Asked, CodeList, Form, ImportEvents, Verdict
from simpul_shared.platform.imports.store import known_statements
from simpul_shared.platform.imports.table import Problem
from simpul_shared.platform.outbox import Fact, append_all
from simpul_shared.regions.store import Region, region_by_id
from simpul_shared.vocabulary import Basis, ExternalIdScheme, RegionCode

from simpul_registry.commands.changing import moment_of
from simpul_registry.commands.nominations import nominated_event
from simpul_registry.domain import nomination as nominations
from simpul_registry.domain.external_id import ExternalId, ExternalIdTaken, warnings_of
from simpul_registry.domain.library import LEVEL_OF, Library
from simpul_registry.domain.nomination import Actor, Nomination
from simpul_registry.imports.layout import LAYOUT, LibraryRecord
from simpul_registry.imports.places import Place, PlaceAsked, places_of, places_within
from simpul_registry.store.external_ids import insert_external_ids, taken_values
from simpul_registry.store.libraries import insert_libraries, same_named
from simpul_registry.store.regions import local_day


@dataclass(frozen=True)
class LibraryPlan:
    """A library as it will be, with the region it was nominated in and, where a decree is named, that of the decree's day."""

    library: Library
    nominated_in: Region
    decreed_in: Region | None
    npp: ExternalId | None
    now: datetime


_RECORD = msgspec.json.Decoder(LibraryRecord)


async def judge(tx: Transaction, records: Sequence[bytes], asked: Asked) -> list[Verdict]:
    rows = [_RECORD.decode(record) for record in records]
    places = await places_of(tx, [_place_asked(row) for row in rows], asked)
    taken = await taken_values(tx, ExternalIdScheme.NPP, [row.npp for row in rows if row.npp is not None])
    verdicts = [await _verdict(tx, row, places[_place_asked(row)], taken, asked) for row in rows]
    return await _with_remarks(tx, verdicts)


def _place_asked(row: LibraryRecord) -> PlaceAsked:
    names = (row.province, row.regency, row.district, row.village)
    return PlaceAsked(row.code, names, LEVEL_OF[row.type], row.nominated_on or row.sk_date)


async def _verdict(
    tx: Transaction, row: LibraryRecord, place: Place | Problem, taken: Collection[str], asked: Asked
) -> Verdict:
    if isinstance(place, Problem):
        return (place,)
    if row.sk_no is not None and Permission.LIBRARY_DESIGNATE not in asked.permissions:
        hint = "Penetapan dengan SK hanya untuk yang berwenang menetapkan. Kosongkan kolom SK untuk mengusulkan saja."
        return (Problem("permission-missing", hint, "sk_no"),)
    try:
        plan = await _plan(tx, row, place, asked)
    except Refusal as refusal:
        return (problem_of(refusal),)
    statement = _statement(row, place)
    if row.npp in taken and not await known_statements(tx, [statement]):
        return (
            Problem(ExternalIdTaken.slug, f"NPP {row.npp} sudah dipakai perpustakaan lain. Periksa nomornya.", "npp"),
        )
    return Accepted(statement, plan, () if plan.npp is None else _odd(plan.npp))


def _odd(npp: ExternalId) -> tuple[Problem, ...]:
    hint = "NPP biasanya 7 angka, satu huruf besar, lalu 7 angka. Cocokkan dengan sertifikatnya."
    return (Problem("npp-form", hint, "npp"),) if warnings_of(npp) else ()


async def _plan(tx: Transaction, row: LibraryRecord, place: Place, asked: Asked) -> LibraryPlan:
    """Errors: those of nominations.nominate and nominations.take_over; RegionUnknown."""
    today = local_day(asked.now, place.then.timezone)
    nomination = Nomination(
        name=row.name,
        type=row.type,
        region_id=place.then.region_id,
        region_level=place.then.level,
        nominated_on=row.nominated_on or row.sk_date or today,
        programme_year=row.programme_year,
        scheme=row.scheme,
        basis=Basis.STATED,
    )
    library = nominations.nominate(uuid6.uuid7(), nomination, by=Actor(asked.actor, asked.permissions), today=today)
    if row.sk_no is None or row.sk_date is None:
        return LibraryPlan(library, place.then, None, _npp(row, library), asked.now)
    library = nominations.take_over(library, sk_no=row.sk_no, sk_date=row.sk_date, today=today)
    decreed_in = await _on_the_day(tx, place.then, row.sk_date)
    return LibraryPlan(library, place.then, decreed_in, _npp(row, library), asked.now)


def _npp(row: LibraryRecord, library: Library) -> ExternalId | None:
    """Nobody says since when; it holds from the nomination on. Errors: NppMalformed."""
    if row.npp is None:
        return None
    npp = ExternalId(ExternalIdScheme.NPP, row.npp, library.nominated_on, None, "import")
    warnings_of(npp)
    return npp


async def _on_the_day(tx: Transaction, region: Region, on: date) -> Region:
    if region.valid_from <= on < region.valid_to:
        return region
    return await region_by_id(tx, region.region_id, on=on, field="/sk_date")


_COLUMN_OF = {"/region_code": "code", "/nominated_on": "nominated_on", "/sk_date": "sk_date", "/value": "npp"}


def problem_of(refusal: Refusal) -> Problem:
    return Problem(refusal.slug, f"{refusal.title}. {refusal.detail}", _COLUMN_OF.get(refusal.field or ""))


def _statement(row: LibraryRecord, place: Place) -> bytes:
    """What the row says, however it named the place: the same again is not applied again."""
    said = (
        "libraries",
        row.type,
        " ".join(row.name.casefold().split()),
        place.then.region_id,
        row.programme_year,
        row.scheme,
        row.nominated_on,
        row.sk_no,
        row.sk_date,
        row.npp,
    )
    return hashlib.sha256(msgspec.json.encode(said)).digest()


async def _with_remarks(tx: Transaction, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Libraries of the same name in the same region are taken, and told."""
    libraries = [one.plan.library for one in verdicts if isinstance(one, Accepted)]
    same = await same_named(tx, [(one.region_id, one.name) for one in libraries])
    return [
        replace(one, remarks=(*one.remarks, _duplicate(found)))
        if isinstance(one, Accepted)
        and (found := same.get((one.plan.library.region_id, one.plan.library.name.lower())))
        else one
        for one in verdicts
    ]


def _duplicate(found: UUID) -> Problem:
    hint = "Sudah ada perpustakaan bernama sama di wilayah ini. Baris tetap diterima; periksa apakah memang lain."
    return Problem("possible-duplicate", hint, "name", (str(found),))


async def apply(tx: Transaction, plans: Sequence[LibraryPlan], lock: str) -> list[Applied]:
    """The libraries are new, so that nobody else can hold their locks: the import's own stands in for them."""
    told = [_facts(plan) for plan in plans]
    recorded = iter(await append_all(tx, [fact for facts in told for fact in facts], under_lock=lock))
    events = [[next(recorded) for _ in facts] for facts in told]
    libraries = [replace(plan.library, version=made[-1].version) for plan, made in zip(plans, events, strict=True)]
    await insert_libraries(tx, libraries)
    await insert_external_ids(tx, [(plan.library.library_id, plan.npp) for plan in plans if plan.npp is not None])
    return [
        Applied(library.library_id, [one.event_id for one in made])
        for library, made in zip(libraries, events, strict=True)
    ]


def _facts(plan: LibraryPlan) -> list[Fact]:
    """A nomination; where a decree is named, also the verification that it implies, and the designation."""
    library, region = plan.library, plan.nominated_in
    at = moment_of(library.nominated_on, region, now=plan.now)
    nominated = [Fact(event, at, region.timezone) for event in (nominated_event(library, region), *_numbered(plan))]
    if plan.decreed_in is None:
        return nominated
    latest = library.latest
    assert latest.sk_no is not None  # noqa: S101 (narrows the type)
    assert latest.sk_date is not None  # noqa: S101 (narrows the type)
    decreed_at = moment_of(latest.sk_date, region, now=plan.now)
    verified = announced.LibraryVerified(
        library_id=library.library_id,
        programme_year=latest.programme_year,
        scheme=latest.scheme,
        reason=f"SK {latest.sk_no}",
    )
    designated = announced.LibraryDesignated(
        library_id=library.library_id,
        region_id=library.region_id,
        province_id=plan.decreed_in.province_id,
        programme_year=latest.programme_year,
        scheme=latest.scheme,
        sk_no=latest.sk_no,
        sk_date=latest.sk_date,
        basis=library.basis,
        status=library.status,
    )
    return [*nominated, Fact(verified, decreed_at, region.timezone), Fact(designated, decreed_at, region.timezone)]


def _numbered(plan: LibraryPlan) -> list[announced.LibraryEvent]:
    one = plan.npp
    if one is None:
        return []
    return [
        announced.ExternalIdAssigned(
            library_id=plan.library.library_id,
            scheme=one.scheme,
            value=one.value,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
            source=one.source,
        )
    ]


async def lists(tx: Transaction, region_code: str, now: datetime) -> list[CodeList]:
    """The regions within the one named, down to the villages. Errors: RegionUnknown."""
    rows = await places_within(tx, RegionCode(region_code), now=now)
    return [CodeList("Wilayah", ("Kode", "Provinsi", "Kabupaten/Kota", "Kecamatan", "Desa/Kelurahan"), rows)]


FORM = Form(
    name="libraries",
    title="Formulir perpustakaan TPBIS",
    layout="simpul_registry.imports.layout:LAYOUT",
    columns=LAYOUT,
    permission=Permission.LIBRARY_NOMINATE,
    judge=judge,
    apply=apply,
    events=ImportEvents(
        accepted=announced.BulkImportAccepted,
        row_rejected=announced.BulkImportRowRejected,
        completed=announced.BulkImportCompleted,
    ),
    lists=lists,
    notes=(
        "Isi lembar Data, satu perpustakaan per baris. Jangan mengisi data pribadi (nama orang, NIK, telepon, surel).",
        "Wilayah disebut dengan kodenya (lembar Wilayah), atau dengan semua nama dari provinsi sampai desa/kelurahan.",
        "Kolom boleh diurutkan lain atau dihapus kalau tidak wajib. Rumus tidak dibaca: tempel sebagai nilai.",
    ),
)
