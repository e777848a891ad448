"""HTTP in, where a service has forms: files of many rows sent in, looked at, committed, and what became of each row."""

import asyncio
import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import uuid6
from fastapi import APIRouter, Depends, Header, Request
from fastapi import Query as Parameter
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from simpul_shared.access import NATION_CODE, Permission
from simpul_shared.errors import Conflict, Gone, Invalid, NotFound
from simpul_shared.known_on import JAKARTA
from simpul_shared.platform.auth import Guard, PermissionMissing, Principal
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import KEY_HELP, Answer, Command, command, open_command, require_version
from simpul_shared.platform.http.query import Page, Query, answer, decode_id_cursor, page_of, query
from simpul_shared.platform.imports import store
from simpul_shared.platform.imports.committing import announce_accepted
from simpul_shared.platform.imports.errors_file import write_errors
from simpul_shared.platform.imports.form import Form
from simpul_shared.platform.imports.guard import FileKind, inspect
from simpul_shared.platform.imports.limits import LIMITS, MIB
from simpul_shared.platform.imports.refusals import FileTooLarge
from simpul_shared.platform.imports.store import Import, ImportState, RowVerdict
from simpul_shared.platform.imports.template import write_template
from simpul_shared.platform.imports.views import ImportView, RowView
from simpul_shared.regions.store import region_by_code, require_in_scope
from simpul_shared.vocabulary import parse_region_code

router = APIRouter(prefix="/v1/imports", tags=["imports"])

_UPLOAD_SECONDS = 300.0
_MEDIA = {
    FileKind.CSV: "text/csv; charset=utf-8",
    FileKind.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_CONTENT = {media.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}} for media in _MEDIA.values()}
_TAKES = {"requestBody": {"required": True, "content": _CONTENT}}
_FILES: dict[int | str, dict[str, Any]] = {200: {"content": _CONTENT}}


class FormUnknown(NotFound):
    slug = "form-unknown"
    title = "Formulir tidak dikenal"


class NotCommittable(Conflict):
    slug = "import-state"
    title = "Impor belum atau tidak lagi dapat dijalankan"


class CellsForgotten(Gone):
    slug = "errors-forgotten"
    title = "Isi baris yang ditolak sudah dihapus"


class TemplateTooWide(Invalid):
    slug = "template-region-too-wide"
    title = "Wilayah templat terlalu luas"


@dataclass(frozen=True)
class Upload:
    """A file that has arrived, and who sent it. The file is there until the request is answered."""

    edge: Command
    path: Path
    sha256: bytes

    @property
    def size(self) -> int:
        return self.path.stat().st_size

    def parts(self) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            yield from iter(partial(file.read, MIB), b"")


async def known_forms(request: Request) -> Mapping[str, Form]:
    forms: Mapping[str, Form] = request.app.state.forms
    return forms


Forms = Annotated[Mapping[str, Form], Depends(known_forms)]
_guard = Guard(Permission.IMPORT, "query.region")


async def take_upload(
    request: Request,
    principal: Annotated[Principal, Depends(_guard)],
    key: Annotated[str | None, Header(alias="Idempotency-Key", max_length=200, description=KEY_HELP)] = None,
) -> AsyncIterator[Upload]:
    """The body as a file on disk, never whole in memory. Errors: FileTooLarge, as soon as it is."""
    with tempfile.TemporaryDirectory(prefix="simpul-upload-") as directory:
        path = Path(directory) / "file"
        async with asyncio.timeout(_UPLOAD_SECONDS):
            digest = await _receive(request, path)
        yield Upload(open_command(request, principal, key, None, body=digest), path, digest)


async def _receive(request: Request, path: Path) -> bytes:
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        async for piece in request.stream():
            size += len(piece)
            if size > LIMITS.upload_bytes:
                raise FileTooLarge(f"At most {LIMITS.upload_bytes} bytes are accepted; split the file by region.")
            digest.update(piece)
            file.write(piece)
    return digest.digest()


@router.post(
    "",
    response_model=ImportView,
    status_code=202,
    openapi_extra=_TAKES,
    summary="Send in a file of many rows; it is read and judged, nothing is applied yet",
)
async def send_import(
    form: Annotated[str, Parameter(max_length=50, description="Name of the form, such as libraries")],
    upload: Annotated[Upload, Depends(take_upload)],
    forms: Forms,
    region: Annotated[str, Parameter(max_length=20, description="Code within which all rows lie")] = NATION_CODE,
) -> Response:
    """The body is the file itself. The same file from the same caller is the same import."""
    wanted = _form(forms, form)
    _require(wanted.permission, upload.edge.principal)
    await asyncio.to_thread(inspect, upload.path)
    return await _take(wanted, upload, region)


@router.get("/{import_id}", response_model=ImportView, summary="How far an import is")
async def get_import(
    import_id: UUID, edge: Query = query(Permission.IMPORT, touches="the caller's own imports")
) -> Response:
    async with edge.snapshot() as tx:
        found = await store.load_own(tx, import_id, edge.principal)
    return answer(ImportView.of(found), version=found.version)


@router.post(
    "/{import_id}/commit", response_model=ImportView, status_code=202, summary="Apply all rows that can be applied"
)
async def commit_import(
    import_id: UUID,
    forms: Forms,
    edge: Command = command(Permission.IMPORT, touches="the caller's own imports", existing=True),
) -> Response:
    """Each row is judged anew, by the token of this request, and applied once. Ask for the import how far it is."""
    return await edge.execute(lambda tx: _begin_commit(tx, forms, import_id, edge), locks=[import_id], status=202)


@router.get(
    "/{import_id}/rows",
    response_model=Page[RowView],
    summary="The verdict on each row and, after the commit, its receipt",
)
async def list_import_rows(
    import_id: UUID,
    verdict: RowVerdict | None = None,
    limit: Annotated[int, Parameter(ge=1, le=1000, description="Rows on a page")] = 100,
    cursor: Annotated[str | None, Parameter(max_length=1000, description="`next_cursor` of the page before")] = None,
    edge: Query = query(Permission.IMPORT, touches="the caller's own imports"),
) -> Response:
    after = decode_id_cursor(cursor) or 0
    async with edge.snapshot() as tx:
        await store.load_own(tx, import_id, edge.principal)
        rows = await store.page_of_rows(tx, import_id, verdict=verdict, after=after, limit=limit + 1)
    views = [RowView.of(row) for row in rows]
    return answer(page_of(views, limit=limit, key=lambda one: (one.row,)))


@router.get(
    "/{import_id}/errors",
    response_class=Response,
    responses=_FILES,
    summary="The refused rows as a file, with the reason in a column: mend them and send it in",
)
async def get_import_errors(
    import_id: UUID,
    forms: Forms,
    format: FileKind = FileKind.XLSX,  # noqa: A002 (the parameter's name in the API)
    edge: Query = query(Permission.IMPORT, touches="the caller's own imports"),
) -> Response:
    async with edge.snapshot() as tx:
        found = await store.load_own(tx, import_id, edge.principal)
    form = _form(forms, found.form)
    _require_cells(found)
    path = await _new_file(format)
    await write_errors(path, format, form, _refused_pages(edge, import_id))
    return _file(path, format, name=f"{form.name}-salah")


@router.get(
    "/{form}/template",
    response_class=Response,
    responses=_FILES,
    summary="An empty form with the code lists of a region",
)
async def get_import_template(
    form: str,
    forms: Forms,
    region: Annotated[str, Parameter(max_length=20, description="Code of a province, regency or district")],
    format: FileKind = FileKind.XLSX,  # noqa: A002 (the parameter's name in the API)
    edge: Query = query(Permission.IMPORT, touches="query.region"),
) -> Response:
    wanted, code = _form(forms, form), parse_region_code(region, field="/query/region")
    if code == NATION_CODE:
        raise TemplateTooWide("Name a province, a regency or a district; the list of all villages fits no template.")
    async with edge.snapshot() as tx:
        lists = await wanted.lists(tx, code, edge.now)
    path = await _new_file(format)
    await asyncio.to_thread(write_template, path, format, wanted, lists)
    return _file(path, format, name=f"{wanted.name}-{code}")


def _form(forms: Mapping[str, Form], name: str) -> Form:
    if name not in forms:
        raise FormUnknown(f"There is no form {name!r}. There are: {', '.join(forms)}.", field="/query/form")
    return forms[name]


def _require(permission: Permission, principal: Principal) -> None:
    if permission not in principal.permissions:
        raise PermissionMissing(f"This form needs the permission {permission}, which your roles do not grant.")


async def _take(form: Form, upload: Upload, region: str) -> Response:
    edge, code = upload.edge, parse_region_code(region, field="/query/region")
    import_id = uuid6.uuid7()

    async def work(tx: Transaction) -> Answer:
        if code != NATION_CODE:
            today = edge.now.astimezone(JAKARTA).date()
            place = await region_by_code(tx, code, on=today)
            await require_in_scope(tx, place, edge.scope, on=today, field="/query/region")
        found = await _insert_or_find(tx, form, upload, code, import_id)
        return Answer(ImportView.of(found), found.version, location=f"/v1/imports/{found.import_id}")

    return await edge.execute(work, locks=[import_id], status=202)


async def _insert_or_find(tx: Transaction, form: Form, upload: Upload, region_code: str, import_id: UUID) -> Import:
    by = upload.edge.principal
    new = await store.insert_import(
        tx, import_id, form=form.name, region_code=region_code, by=by, sha256=upload.sha256, size=upload.size
    )
    if new:
        await store.insert_file(tx, import_id, upload.parts())
    found = await store.find_same(tx, form=form.name, region_code=region_code, by=by, sha256=upload.sha256)
    if found.state is ImportState.HALTED and found.done_through == 0:
        await store.receive_again(tx, found.import_id)
        return await store.load_own(tx, found.import_id, by)
    return found


async def _begin_commit(tx: Transaction, forms: Mapping[str, Form], import_id: UUID, edge: Command) -> Answer:
    found = await store.load_own(tx, import_id, edge.principal)
    require_version(found.version, edge.expected_version)
    await _require_judged(tx, found)
    form = _form(forms, found.form)
    _require(form.permission, edge.principal)
    if found.state is ImportState.CHECKED:
        await announce_accepted(tx, form, found, edge.now)
    await store.begin_commit(tx, import_id, edge.principal)
    now = await store.load_own(tx, import_id, edge.principal)
    return Answer(ImportView.of(now), now.version, location=f"/v1/imports/{import_id}")


async def _require_judged(tx: Transaction, found: Import) -> None:
    """Errors: NotCommittable, also for an import whose rows were not all judged, since the reading of its file halted."""
    if found.state is ImportState.CHECKED:
        return
    if found.state is not ImportState.HALTED:
        why = f"The import is {found.state}; only one that is CHECKED can be committed."
    elif await store.is_unread(tx, found.import_id):
        why = "The import halted before all rows were judged. Send the same file again: it is read from its beginning."
    else:
        return
    raise NotCommittable(why, facts={"state": found.state})


def _require_cells(found: Import) -> None:
    """Errors: CellsForgotten."""
    if found.cells_forgotten_at is not None and found.rows_refused > 0:
        raise CellsForgotten(
            f"The cells of the refused rows were deleted on {found.cells_forgotten_at:%Y-%m-%d}, long after the import. "
            "The rows still tell their numbers and codes; mend them in your own list and send that in."
        )


async def _refused_pages(edge: Query, import_id: UUID) -> AsyncIterator[Sequence[Any]]:
    """A page of refused rows at a time, so that their number costs no memory."""
    after = 0
    while True:
        async with edge.snapshot() as tx:
            rows = await store.refused_rows(tx, import_id, after=after)
        if not rows:
            return
        yield rows
        after = rows[-1]["row_no"]


async def _new_file(kind: FileKind) -> Path:
    """On disk, until _file has sent it."""
    return Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="simpul-import-")) / f"file.{kind}"


def _file(path: Path, kind: FileKind, *, name: str) -> FileResponse:
    return FileResponse(
        path,
        media_type=_MEDIA[kind],
        filename=f"{name}.{kind}",
        headers={"Cache-Control": "no-store"},
        background=BackgroundTask(shutil.rmtree, path.parent),
    )
