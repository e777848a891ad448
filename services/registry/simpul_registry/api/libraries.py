"""HTTP in: libraries, from nomination to closing."""

from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter, Depends, Request
from fastapi import Query as Parameter
from fastapi.responses import Response
from simpul_shared.access import Permission
from simpul_shared.days import Day
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import FundSource, LibraryStanding, LibraryType, RegionCode, Scheme, parse_region_code

from simpul_registry.api.changes import actor, change_of, locks_with_mentors
from simpul_registry.api.fields import Cursor, Limit, parse_external_id
from simpul_registry.api.library_bodies import (
    ApprovalBody,
    CloseBody,
    DesignateBody,
    EffectiveBody,
    EffectiveReasonBody,
    NominateBody,
    ReasonBody,
    RelocateBody,
    RenameBody,
    ResubmitBody,
)
from simpul_registry.commands import libraries as commands
from simpul_registry.commands import nominations
from simpul_registry.commands.nominations import NominateLibrary
from simpul_registry.domain.nomination import Mended
from simpul_registry.queries import libraries as queries
from simpul_registry.queries import library_history as history
from simpul_registry.queries.libraries import LibraryFilter
from simpul_registry.queries.library_counts import count_libraries
from simpul_registry.views.libraries import LibraryCounts, LibraryEventView, LibraryView, NominatedView, PlacesView

router = APIRouter(tags=["libraries"])


@router.post(
    "/v1/libraries", status_code=201, response_model=NominatedView, summary="Nominate a library for a programme year"
)
async def nominate_library(
    body: NominateBody, edge: Command = command(Permission.LIBRARY_NOMINATE, touches="body.region_code")
) -> Response:
    library_id = uuid6.uuid7()
    nomination = NominateLibrary(
        name=body.name,
        type=body.type,
        region_code=RegionCode(body.region_code),
        nominated_on=body.nominated_on,
        programme_year=body.programme_year,
        scheme=body.scheme,
        basis=body.basis,
        fund_source=body.fund_source,
    )
    return await edge.execute(
        lambda tx: nominations.nominate_library(
            tx, library_id, nomination, by=actor(edge), scope=edge.scope, now=edge.now
        ),
        locks=[library_id],
        status=201,
    )


@router.post(
    "/v1/libraries/{library_id}/resubmit",
    response_model=LibraryView,
    summary="Nominate a returned or rejected library again",
)
async def resubmit_library(
    library_id: UUID,
    body: ResubmitBody,
    edge: Command = command(Permission.LIBRARY_NOMINATE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(
        lambda tx: nominations.resubmit_library(tx, change, Mended(**body.model_dump())),
        locks=[library_id],
    )


@router.post(
    "/v1/libraries/{library_id}/endorse",
    response_model=LibraryView,
    summary="Stand behind what a village of the regency has nominated",
)
async def endorse_library(
    library_id: UUID,
    body: ApprovalBody | None = None,
    edge: Command = command(Permission.LIBRARY_ENDORSE, touches="library_id", existing=True),
) -> Response:
    change, reason = change_of(library_id, edge), body.reason if body else None
    return await edge.execute(lambda tx: nominations.endorse_library(tx, change, reason=reason), locks=[library_id])


@router.post("/v1/libraries/{library_id}/verify", response_model=LibraryView, summary="Verify a nomination")
async def verify_library(
    library_id: UUID,
    body: ApprovalBody | None = None,
    edge: Command = command(Permission.LIBRARY_VERIFY, touches="library_id", existing=True),
) -> Response:
    change, reason = change_of(library_id, edge), body.reason if body else None
    return await edge.execute(lambda tx: nominations.verify_library(tx, change, reason=reason), locks=[library_id])


@router.post(
    "/v1/libraries/{library_id}/return", response_model=LibraryView, summary="Send a nomination back to be completed"
)
async def return_library(
    library_id: UUID,
    body: ReasonBody,
    edge: Command = command(Permission.LIBRARY_ENDORSE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(lambda tx: nominations.return_library(tx, change, reason=body.reason), locks=[library_id])


@router.post("/v1/libraries/{library_id}/reject", response_model=LibraryView, summary="Reject a nomination")
async def reject_library(
    library_id: UUID,
    body: ReasonBody,
    edge: Command = command(Permission.LIBRARY_ENDORSE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(lambda tx: nominations.reject_library(tx, change, reason=body.reason), locks=[library_id])


@router.post(
    "/v1/libraries/{library_id}/designate",
    response_model=LibraryView,
    summary="Designate a library by decree for a programme year",
)
async def designate_library(
    library_id: UUID,
    body: DesignateBody,
    edge: Command = command(Permission.LIBRARY_DESIGNATE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(
        lambda tx: nominations.designate_library(
            tx,
            change,
            sk_no=body.sk_no,
            sk_date=body.sk_date,
            programme_year=body.programme_year,
            scheme=body.scheme,
            fund_source=body.fund_source,
        ),
        locks=[library_id],
    )


@router.post(
    "/v1/libraries/{library_id}/activate", response_model=LibraryView, summary="Say that a designated library works"
)
async def activate_library(
    library_id: UUID,
    body: EffectiveBody | None = None,
    edge: Command = command(Permission.LIBRARY_CHANGE, touches="library_id", existing=True),
) -> Response:
    change, on = change_of(library_id, edge), body.effective_on if body else None
    return await edge.execute(
        lambda tx: commands.activate_library(tx, change, effective_on=on),
        locks=await locks_with_mentors(edge, library_id),
    )


@router.post("/v1/libraries/{library_id}/dormant", response_model=LibraryView, summary="Say that a library rests")
async def make_library_dormant(
    library_id: UUID,
    body: EffectiveReasonBody,
    edge: Command = command(Permission.LIBRARY_CHANGE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(
        lambda tx: commands.make_library_dormant(tx, change, effective_on=body.effective_on, reason=body.reason),
        locks=await locks_with_mentors(edge, library_id),
    )


@router.post(
    "/v1/libraries/{library_id}/reactivate",
    response_model=LibraryView,
    summary="Say that a dormant library works again",
)
async def reactivate_library(
    library_id: UUID,
    body: EffectiveBody | None = None,
    edge: Command = command(Permission.LIBRARY_CHANGE, touches="library_id", existing=True),
) -> Response:
    change, on = change_of(library_id, edge), body.effective_on if body else None
    return await edge.execute(
        lambda tx: commands.reactivate_library(tx, change, effective_on=on),
        locks=await locks_with_mentors(edge, library_id),
    )


@router.post("/v1/libraries/{library_id}/close", response_model=LibraryView, summary="Close a library for ever")
async def close_library(
    library_id: UUID,
    body: CloseBody,
    edge: Command = command(Permission.LIBRARY_CHANGE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(
        lambda tx: commands.close_library(
            tx,
            change,
            effective_on=body.effective_on,
            reason=body.reason,
            transfer_to=body.transfer_to,
            waived_because=body.waived_because,
        ),
        locks=[*await locks_with_mentors(edge, library_id), *([body.transfer_to] if body.transfer_to else [])],
    )


@router.post(
    "/v1/libraries/{library_id}/relocate",
    response_model=LibraryView,
    summary="Say that a library moved to another region",
)
async def relocate_library(
    library_id: UUID,
    body: RelocateBody,
    edge: Command = command(Permission.LIBRARY_CHANGE, touches="library_id", existing=True),
) -> Response:
    change, code = change_of(library_id, edge), RegionCode(body.region_code)
    return await edge.execute(
        lambda tx: commands.relocate_library(
            tx, change, region_code=code, effective_on=body.effective_on, reason=body.reason
        ),
        locks=[library_id],
    )


@router.post("/v1/libraries/{library_id}/rename", response_model=LibraryView, summary="Give a library another name")
async def rename_library(
    library_id: UUID,
    body: RenameBody,
    edge: Command = command(Permission.LIBRARY_CHANGE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    return await edge.execute(
        lambda tx: commands.rename_library(tx, change, new_name=body.new_name, effective_on=body.effective_on),
        locks=[library_id],
    )


async def _wanted(
    region: Annotated[str | None, Parameter(max_length=20, description="Code; all below it is included")] = None,
    valid_on: Annotated[Day | None, Parameter(description="Day of code and hierarchy; today when left out")] = None,
    status: LibraryStanding | None = None,
    type: LibraryType | None = None,  # noqa: A002 (the parameter's name in the API)
    programme_year: Annotated[int | None, Parameter(ge=2000, le=2100)] = None,
    scheme: Scheme | None = None,
    fund_source: Annotated[
        FundSource | None,
        Parameter(description="Who pays; year, scheme and funding are those of one and the same support"),
    ] = None,
    external_id: Annotated[
        str | None,
        Parameter(max_length=120, description="Number elsewhere, at any time", examples=["NPP:5103022D1000123"]),
    ] = None,
    q: Annotated[str | None, Parameter(min_length=1, max_length=100, description="Part of the name")] = None,
) -> LibraryFilter:
    return LibraryFilter(
        region=parse_region_code(region, field="/query/region") if region is not None else None,
        valid_on=valid_on,
        status=status,
        type=type,
        programme_year=programme_year,
        scheme=scheme,
        fund_source=fund_source,
        external_id=parse_external_id(external_id),
        q=q,
    )


@router.get("/v1/libraries", response_model=Page[LibraryView], summary="Libraries within your regions, by name")
async def list_libraries(
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.LIBRARY_READ, touches="query.region"),
    wanted: LibraryFilter = Depends(_wanted),
) -> Response:
    async with edge.snapshot() as tx:
        page = await queries.list_libraries(tx, wanted, scope=edge.scope, now=edge.now, limit=limit, cursor=cursor)
    return answer(page)


@router.get(
    "/v1/library-counts",
    response_model=LibraryCounts,
    summary="How many libraries there are, with the filters of the list",
)
async def count_of_libraries(
    edge: Query = query(Permission.LIBRARY_READ, touches="query.region"),
    wanted: LibraryFilter = Depends(_wanted),
) -> Response:
    async with edge.snapshot() as tx:
        return answer(await count_libraries(tx, wanted, scope=edge.scope, now=edge.now))


@router.get(
    "/v1/libraries/{library_id}",
    response_model=LibraryView,
    summary="One library as it is now",
    responses={307: {"model": LibraryView, "description": "Merged: itself in the body, its survivor in Location"}},
)
async def get_library(
    library_id: UUID,
    redirect: Annotated[bool, Parameter(description="Whether a merged library leads to its survivor")] = True,
    edge: Query = query(Permission.LIBRARY_READ, touches="library_id"),
) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.get_library(tx, library_id, scope=edge.scope, now=edge.now)
        survivor_id = await queries.survivor_of(tx, view)
    response = answer(view, version=view.version)
    if redirect and survivor_id != library_id:
        response.status_code = 307
        response.headers["Location"] = f"/v1/libraries/{survivor_id}"
    return response


@router.get(
    "/v1/libraries/{library_id}/regions", response_model=PlacesView, summary="In which region a library lay when"
)
async def library_regions(
    library_id: UUID, edge: Query = query(Permission.LIBRARY_READ, touches="library_id")
) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.library_places(tx, library_id, scope=edge.scope, now=edge.now)
    return answer(view)


@router.get(
    "/v1/libraries/{library_id}/history",
    response_model=Page[LibraryEventView],
    summary="Everything that happened to a library: what, when, by whom",
)
async def library_history(
    request: Request,
    library_id: UUID,
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.LIBRARY_READ, touches="library_id"),
) -> Response:
    return answer(
        await history.library_history(edge, request.app.state.archive, library_id, limit=limit, cursor=cursor)
    )
