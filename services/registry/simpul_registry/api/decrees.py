"""HTTP in: new decrees on regions. They concern the country's map, so only a scope of the whole country will do."""

import asyncio
import base64
import zlib
from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field
from simpul_shared.access import NATION_CODE, Permission
from simpul_shared.days import Day
from simpul_shared.errors import Invalid
from simpul_shared.platform.auth import NATION
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.texts import require_no_formula
from simpul_shared.vocabulary import Confidence, parse_region_code

from simpul_registry.api.fields import Cursor, Limit, Name, Reason, strict
from simpul_registry.commands import decrees as commands
from simpul_registry.commands.decrees import Compared, ProposeDecree, Review, ToCompare
from simpul_registry.domain.decree import ChangeKind
from simpul_registry.domain.decree_review import DecreeStatus
from simpul_registry.domain.matching import Ruling, RulingKind
from simpul_registry.queries import decrees as queries
from simpul_registry.store.region_changes import LOCK
from simpul_registry.views.decrees import AffectedLibraryView, DecreeRowView, DecreeView

router = APIRouter(prefix="/v1/region-decrees", tags=["regions"])

_Work = Callable[[Transaction, Compared | None], Awaitable[Answer]]

_MOST_BYTES = 16 * 1024 * 1024
"""Of a file, unpacked; the country takes 4 MB."""


class FileUnreadable(Invalid):
    slug = "file-unreadable"
    title = "Berkas tidak terbaca"


class DecreeBody(BaseModel):
    """`file` is the CSV in base64, plain or packed with gzip: code and name of every region within `within`, not only of those
    that change; level, kind, parent_code and timezone if you like, the latter to be set in the row of a province."""

    model_config = strict(
        decree="Kepmendagri 300.2.2-9999/2027",
        effective_on="2027-01-15",
        within="51.03",
        file="Y29kZSxuYW1lCjUxLjAzLEtBQi4gQkFEVU5HCg==",
    )

    decree: Annotated[Name, AfterValidator(require_no_formula), Field(description="The legal basis")]
    effective_on: Day
    within: Annotated[str, Field(max_length=20, description="Code whose whole map the file states")] = NATION_CODE
    file: Annotated[str, Field(min_length=1, description="CSV in base64; gzip is taken, too")]


class RulingBody(BaseModel):
    """SAME: the old code's place has the new code. APART: it has not, or an earlier ruling on both is taken back. SPLIT: the
    new one, which was nothing before, was cut out of the old one. MERGED: the old one, which is gone, became part of the new
    one."""

    model_config = strict(kind="APART", from_code="51.03.02.2008", to_code="51.03.02.2008", reason="Desa lain")

    kind: RulingKind
    from_code: Annotated[str, Field(max_length=20)]
    to_code: Annotated[str, Field(max_length=20)]
    reason: Reason


class WhyBody(BaseModel):
    model_config = strict(reason="Salah berkas")

    reason: Reason


@router.post("", status_code=201, response_model=DecreeView, summary="Upload the map of a new decree for review")
async def propose_decree(
    body: DecreeBody, edge: Command = command(Permission.REGION_CHANGE, touches=NATION)
) -> Response:
    decree_id = uuid6.uuid7()
    within = parse_region_code(body.within, field="/within")
    wanted = ProposeDecree(body.decree, body.effective_on, within, _text(body.file))
    return await _execute(
        edge,
        lambda tx, made: commands.propose_decree(tx, decree_id, wanted, made, by=edge.principal.subject, now=edge.now),
        status=201,
    )


@router.get("", response_model=Page[DecreeView], summary="Decrees, the latest first")
async def list_decrees(
    status: DecreeStatus | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.REGION_CHANGE, touches=NATION),
) -> Response:
    async with edge.snapshot() as tx:
        return answer(await queries.list_decrees(tx, status=status, limit=limit, cursor=cursor))


@router.get("/{decree_id}", response_model=DecreeView, summary="One decree, with its changes counted")
async def get_decree(decree_id: UUID, edge: Query = query(Permission.REGION_CHANGE, touches=NATION)) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.get_decree(tx, decree_id)
    return answer(view, version=view.version)


@router.get("/{decree_id}/rows", response_model=Page[DecreeRowView], summary="The changes, to be reviewed")
async def decree_rows(
    decree_id: UUID,
    kind: ChangeKind | None = None,
    confidence: Confidence | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.REGION_CHANGE, touches=NATION),
) -> Response:
    async with edge.snapshot() as tx:
        return answer(
            await queries.decree_rows(tx, decree_id, kind=kind, confidence=confidence, limit=limit, cursor=cursor)
        )


@router.get(
    "/{decree_id}/libraries",
    response_model=Page[AffectedLibraryView],
    summary="Libraries in or below the regions that change",
)
async def decree_libraries(
    decree_id: UUID,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.REGION_CHANGE, touches=NATION),
) -> Response:
    async with edge.snapshot() as tx:
        return answer(await queries.affected_libraries(tx, decree_id, limit=limit, cursor=cursor))


@router.post("/{decree_id}/rulings", response_model=DecreeView, summary="Overrule a row; the others are made anew")
async def rule_on_decree(
    decree_id: UUID,
    body: RulingBody,
    edge: Command = command(Permission.REGION_CHANGE, touches=NATION, existing=True),
) -> Response:
    change = _review(decree_id, edge)
    ruling = Ruling(
        body.kind,
        parse_region_code(body.from_code, field="/from_code"),
        parse_region_code(body.to_code, field="/to_code"),
    )
    return await _execute(edge, lambda tx, made: commands.rule(tx, change, ruling, made, reason=body.reason))


@router.post("/{decree_id}/compare", response_model=DecreeView, summary="Make the rows anew, after the map has changed")
async def compare_decree(
    decree_id: UUID, edge: Command = command(Permission.REGION_CHANGE, touches=NATION, existing=True)
) -> Response:
    change = _review(decree_id, edge)
    return await _execute(edge, lambda tx, made: commands.compare_again(tx, change, made))


@router.post("/{decree_id}/approve", response_model=DecreeView, summary="Approve a decree that another person uploaded")
async def approve_decree(
    decree_id: UUID, edge: Command = command(Permission.REGION_CHANGE, touches=NATION, existing=True)
) -> Response:
    change = _review(decree_id, edge)
    return await _execute(edge, lambda tx, made: commands.approve_decree(tx, change, made))


@router.post("/{decree_id}/reject", response_model=DecreeView, summary="Reject a decree")
async def reject_decree(
    decree_id: UUID, body: WhyBody, edge: Command = command(Permission.REGION_CHANGE, touches=NATION, existing=True)
) -> Response:
    change = _review(decree_id, edge)
    return await edge.execute(lambda tx: commands.reject_decree(tx, change, reason=body.reason), locks=[LOCK])


@router.post(
    "/{decree_id}/undo", response_model=DecreeView, summary="Undo an approved decree: the map before holds again"
)
async def undo_decree(
    decree_id: UUID, body: WhyBody, edge: Command = command(Permission.REGION_CHANGE, touches=NATION, existing=True)
) -> Response:
    change, undo_id = _review(decree_id, edge), uuid6.uuid7()
    return await edge.execute(lambda tx: commands.undo_decree(tx, change, undo_id, reason=body.reason), locks=[LOCK])


async def _execute(edge: Command, work: _Work, *, made: Compared | None = None, status: int = 200) -> Response:
    """In one transaction, once the maps are compared; again, where the map has changed meanwhile."""
    try:
        return await edge.execute(lambda tx: work(tx, made), locks=[LOCK], status=status)
    except ToCompare as comparison:
        compared = await asyncio.to_thread(comparison.make)
    return await _execute(edge, work, made=compared, status=status)


def _review(decree_id: UUID, edge: Command) -> Review:
    return Review(decree_id, edge.expected_version, edge.principal.subject, edge.now)


def _text(file: str) -> str:
    """Errors: FileUnreadable."""
    try:
        content = base64.b64decode(file, validate=True)
        if content.startswith(b"\x1f\x8b"):
            packed = zlib.decompressobj(wbits=31)
            content = packed.decompress(content, _MOST_BYTES)
            if packed.unconsumed_tail:
                raise _unreadable(f"is larger than {_MOST_BYTES} bytes when unpacked")
            if not packed.eof or packed.unused_data:
                raise _unreadable("is cut off or was packed in several parts; pack it anew with gzip, as one")
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable("is not UTF-8; save it as CSV in UTF-8") from error
    except (ValueError, zlib.error) as error:  # of base64: binascii.Error, or for a letter outside ASCII its parent
        raise _unreadable("is neither base64 of a CSV nor of a gzip file") from error


def _unreadable(why: str) -> FileUnreadable:
    return FileUnreadable(f"The file {why}.", field="/file")
