"""The form "libraries" at work: rows judged by the rules of nomination, and applied some hundreds at a time."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec
from simpul_shared.access import Permission
from simpul_shared.contracts import registry as announced
from simpul_shared.errors import Refusal
from simpul_shared.platform.database import Origin, Transaction
from simpul_shared.platform.ids import new_ids
from simpul_shared.platform.imports.form import Accepted, Applied, Asked, CodeList, Form, ImportEvents, Verdict
from simpul_shared.platform.imports.store import known_statements
from simpul_shared.platform.imports.table import Problem
from simpul_shared.platform.outbox import Encoded, Fact, Recorded, append_encoded, encode
from simpul_shared.regions.store import Region, RegionUnknown
from simpul_shared.vocabulary import Basis, ExternalIdScheme, RegionCode

from simpul_registry.commands.changing import moment_of
from simpul_registry.commands.nominations import nominated_event
from simpul_registry.domain import nomination as nominations
from simpul_registry.domain.external_id import ExternalId, ExternalIdTaken, NppMalformed, warnings_of
from simpul_registry.domain.library import LEVEL_OF, DateInFuture, DateTooEarly, LevelMismatch, Library
from simpul_registry.domain.nomination import Actor, Nomination
from simpul_registry.imports.layout import LAYOUT, LibraryRecord
from simpul_registry.imports.place_asked import PlaceAsked
from simpul_registry.imports.places import Place, places_of, places_within
from simpul_registry.store.external_ids import insert_external_ids, taken_values
from simpul_registry.store.libraries import NewLibrary, earlier_of_same_name, insert_libraries
from simpul_registry.store.regions import local_day, regions_on_days


class LibraryPlan(msgspec.Struct, frozen=True):
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
    decreed = await _on_the_days(tx, rows, places)
    verdicts = [
        _verdict(library_id, row, place, decreed, asked)
        for library_id, row, place in zip(new_ids(len(rows)), rows, places, strict=True)
    ]
    return await _with_free_numbers(tx, verdicts)


def _place_asked(row: LibraryRecord) -> PlaceAsked:
    names = (row.province, row.regency, row.district, row.village)
    return PlaceAsked(row.code, row.bps, names, LEVEL_OF[row.type], row.nominated_on or row.sk_date)


DayOfRegion = tuple[UUID, date]


async def _on_the_days(
    tx: Transaction, rows: Sequence[LibraryRecord], places: Sequence[Place | Problem]
) -> Mapping[DayOfRegion, Region]:
    """The regions on the days of the decrees, where they were others on those of the nominations."""
    asked = {
        (place.then.region_id, row.sk_date)
        for row, place in zip(rows, places, strict=True)
        if isinstance(place, Place) and row.sk_date is not None and not _holds(place.then, row.sk_date)
    }
    return await regions_on_days(tx, asked) if asked else {}


def _holds(region: Region, on: date) -> bool:
    return region.valid_from <= on < region.valid_to


def _verdict(
    library_id: UUID,
    row: LibraryRecord,
    place: Place | Problem,
    decreed: Mapping[DayOfRegion, Region],
    asked: Asked,
) -> Verdict:
    if isinstance(place, Problem):
        return (place,)
    if row.sk_no is not None and Permission.LIBRARY_DESIGNATE not in asked.permissions:
        hint = "Penetapan dengan SK hanya untuk yang berwenang menetapkan. Kosongkan kolom SK untuk mengusulkan saja."
        return (Problem("permission-missing", hint, "sk_no"),)
    try:
        plan = _plan(library_id, row, place, decreed, asked)
    except Refusal as refusal:
        return (_problem(refusal, row),)
    return Accepted(_statement(row, place), plan, () if plan.npp is None else _odd(plan.npp))


async def _with_free_numbers(tx: Transaction, verdicts: Sequence[Verdict]) -> list[Verdict]:
    """An NPP that a library bears already refuses the row, unless that is the one which the row made."""
    numbered = {v.statement: v.plan.npp for v in verdicts if isinstance(v, Accepted) and v.plan.npp is not None}
    taken = await taken_values(tx, list(numbered.values())) if numbered else set()
    suspected = {statement for statement, npp in numbered.items() if npp.value in taken}
    if not suspected:
        return list(verdicts)
    suspected -= (await known_statements(tx, list(suspected))).keys()
    return [
        (_taken(one.plan.npp),) if isinstance(one, Accepted) and one.statement in suspected else one for one in verdicts
    ]


def _taken(npp: ExternalId) -> Problem:
    hint = f"NPP {npp.value} sudah dipakai perpustakaan lain. Periksa nomornya."
    return Problem(ExternalIdTaken.slug, hint, "npp")


def _odd(npp: ExternalId) -> tuple[Problem, ...]:
    hint = "NPP biasanya 7 angka, satu huruf besar, lalu 7 angka. Cocokkan dengan sertifikatnya."
    return (Problem("npp-form", hint, "npp"),) if warnings_of(npp) else ()


def _plan(
    library_id: UUID, row: LibraryRecord, place: Place, decreed: Mapping[DayOfRegion, Region], asked: Asked
) -> LibraryPlan:
    """Errors: those of nominations.nominate and nominations.take_over; NppMalformed; RegionUnknown."""
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
        fund_source=row.fund_source,
    )
    library = nominations.nominate(library_id, nomination, by=Actor(asked.actor, asked.permissions), today=today)
    if row.sk_no is None or row.sk_date is None:
        return LibraryPlan(library, place.then, None, _npp(row, library), asked.now)
    library = nominations.take_over(library, sk_no=row.sk_no, sk_date=row.sk_date, today=today)
    decreed_in = _decreed_in(place.then, row.sk_date, decreed)
    return LibraryPlan(library, place.then, decreed_in, _npp(row, library), asked.now)


def _npp(row: LibraryRecord, library: Library) -> ExternalId | None:
    """Nobody says since when; it holds from the nomination on. Errors: NppMalformed."""
    if row.npp is None:
        return None
    npp = ExternalId(ExternalIdScheme.NPP, row.npp, library.nominated_on, None, "import")
    warnings_of(npp)
    return npp


def _decreed_in(region: Region, on: date, decreed: Mapping[DayOfRegion, Region]) -> Region:
    """Errors: RegionUnknown."""
    if _holds(region, on):
        return region
    found = decreed.get((region.region_id, on))
    if found is None:
        raise RegionUnknown(f"{region.code} {region.name} did not exist on {on}. Check the date.", field="/sk_date")
    return found


_COLUMN_OF = {"/region_code": "code", "/nominated_on": "nominated_on", "/sk_date": "sk_date", "/value": "npp"}


def _problem(refusal: Refusal, row: LibraryRecord) -> Problem:
    """What the rules refuse, told to who fills in the list: the rules speak to programs, in English."""
    return Problem(refusal.slug, _hint(refusal, row), _COLUMN_OF.get(refusal.field or ""))


def _hint(refusal: Refusal, row: LibraryRecord) -> str:
    match refusal:
        case DateInFuture():
            return "Tanggal ini belum tiba. Isi hari ini atau tanggal sebelumnya."
        case DateTooEarly():
            return f"SK bertanggal {row.sk_date}, sebelum tanggal usulan {row.nominated_on}. Perbaiki salah satunya."
        case LevelMismatch():
            level = LEVEL_OF[row.type]
            return (
                f"Perpustakaan berjenis {row.type} berada di wilayah tingkat {level}. Perbaiki jenis atau wilayahnya."
            )
        case NppMalformed():
            return f"{row.npp!r} bukan NPP. NPP terdiri dari 15 angka dan huruf, misalnya 6372052C0000001; salin dari sertifikatnya."
        case RegionUnknown():
            return f"Wilayah ini tidak ada pada tanggal SK {row.sk_date}. Periksa tanggal itu dan wilayahnya."
    return f"{refusal.title}. {refusal.detail}"


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
        *(() if row.fund_source is None else (row.fund_source,)),  # rows from before there was the column
    )
    return hashlib.sha256(msgspec.json.encode(said)).digest()


async def remark(tx: Transaction, plans: Sequence[LibraryPlan]) -> list[tuple[Problem, ...]]:
    """Libraries of the same name in the same region are taken, and told."""
    same = await earlier_of_same_name(tx, [one.library for one in plans])
    return [(_duplicate(same[one.library.library_id]),) if one.library.library_id in same else () for one in plans]


def _duplicate(found: UUID) -> Problem:
    hint = "Sudah ada perpustakaan bernama sama di wilayah ini. Baris tetap diterima; periksa apakah memang lain."
    return Problem("possible-duplicate", hint, "name", (str(found),))


class PreparedLibrary(msgspec.Struct, frozen=True):
    """A new library with its events, as the tables take them."""

    library_id: UUID
    rows: NewLibrary
    npp: ExternalId | None
    events: Sequence[Encoded]


def prepare(plans: Sequence[LibraryPlan], origin: Origin) -> list[PreparedLibrary]:
    told = [_facts(plan) for plan in plans]
    encoded = iter(encode(origin, [fact for facts in told for fact in facts]))
    return [
        PreparedLibrary(
            plan.library.library_id,
            NewLibrary.of(plan.library, version=len(facts)),
            plan.npp,
            [next(encoded) for _ in facts],
        )
        for plan, facts in zip(plans, told, strict=True)
    ]


async def lay(tx: Transaction, prepared: Sequence[PreparedLibrary]) -> None:
    await insert_libraries(tx, [one.rows for one in prepared])
    await insert_external_ids(tx, [(one.library_id, one.npp) for one in prepared if one.npp is not None])


async def announce(tx: Transaction, prepared: Sequence[PreparedLibrary], lock: str) -> list[Applied]:
    """The libraries are new, so that nobody else can hold their locks: the import's own stands in for them."""
    recorded = await append_encoded(tx, [event for one in prepared for event in one.events], under_lock=lock)
    _require_new(prepared, recorded)
    return [Applied(one.library_id, [event.event_id for event in one.events]) for one in prepared]


def _require_new(prepared: Sequence[PreparedLibrary], recorded: Sequence[Recorded]) -> None:
    """Errors: RuntimeError, when a library has events that are not its first, so that its row would lie."""
    counted = [number for one in prepared for number in range(1, len(one.events) + 1)]
    if [one.version for one in recorded] != counted:
        raise RuntimeError("a library that an import makes has events already")


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
        fund_source=latest.fund_source,
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
    remark=remark,
    prepare=prepare,
    lay=lay,
    announce=announce,
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
