"""HTTP in: a library's numbers in other registers, its address and founding."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import AfterValidator, BaseModel, Field, model_validator
from simpul_shared.access import Permission
from simpul_shared.days import Day
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Query, answer, query
from simpul_shared.texts import require_seen
from simpul_shared.vocabulary import ExternalIdScheme

from simpul_registry.api.changes import change_of
from simpul_registry.api.fields import PaperNo, Source, strict
from simpul_registry.commands import particulars as commands
from simpul_registry.domain.external_id import ExternalId
from simpul_registry.queries import particulars as queries
from simpul_registry.store.descriptions import Description
from simpul_registry.views.particulars import DescriptionView, ExternalIdsView

router = APIRouter(tags=["libraries"])


class ExternalIdBody(BaseModel):
    """A number of the same register that the library has already ends on `valid_from`; `valid_to` ends this one."""

    model_config = strict(scheme="NPP", value="5103022D1000123", valid_from="2022-02-08", source="data.perpusnas.go.id")

    scheme: ExternalIdScheme
    value: PaperNo
    valid_from: Day
    valid_to: Day | None = None
    source: Source


class DescriptionBody(BaseModel):
    """The whole description: what is left out is no longer known."""

    model_config = strict(address="Jalan Raya Mengwi 12", latitude=-8.54, longitude=115.17, established_on="2015-08-17")

    address: Annotated[str, Field(min_length=1, max_length=500), AfterValidator(require_seen)] | None = None
    latitude: Annotated[float, Field(ge=-12, le=7)] | None = None
    longitude: Annotated[float, Field(ge=94, le=142)] | None = None
    established_on: Day | None = None
    established_sk_no: PaperNo | None = None

    @model_validator(mode="after")
    def _point_is_whole(self) -> "DescriptionBody":
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("give latitude and longitude, or neither")
        return self


@router.post(
    "/v1/libraries/{library_id}/external-ids",
    response_model=ExternalIdsView,
    summary="Say by which number another register knows a library",
)
async def assign_external_id(
    library_id: UUID,
    body: ExternalIdBody,
    edge: Command = command(Permission.LIBRARY_CHANGE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    new = ExternalId(body.scheme, body.value, body.valid_from, body.valid_to, body.source)
    return await edge.execute(lambda tx: commands.assign_external_id(tx, change, new), locks=[library_id])


@router.get(
    "/v1/libraries/{library_id}/external-ids",
    response_model=ExternalIdsView,
    summary="By which numbers other registers know a library",
)
async def get_external_ids(
    library_id: UUID, edge: Query = query(Permission.LIBRARY_READ, touches="library_id")
) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.get_external_ids(tx, library_id, scope=edge.scope, now=edge.now)
    return answer(view, version=view.version)


@router.post(
    "/v1/libraries/{library_id}/describe",
    response_model=DescriptionView,
    summary="Give a library's address, place on the map and founding",
)
async def describe_library(
    library_id: UUID,
    body: DescriptionBody,
    edge: Command = command(Permission.LIBRARY_CHANGE, touches="library_id", existing=True),
) -> Response:
    change = change_of(library_id, edge)
    description = Description(body.address, body.latitude, body.longitude, body.established_on, body.established_sk_no)
    return await edge.execute(lambda tx: commands.describe_library(tx, change, description), locks=[library_id])


@router.get(
    "/v1/libraries/{library_id}/description",
    response_model=DescriptionView,
    summary="A library's address, place on the map and founding",
)
async def get_description(
    library_id: UUID, edge: Query = query(Permission.LIBRARY_READ, touches="library_id")
) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.get_description(tx, library_id, scope=edge.scope, now=edge.now)
    return answer(view, version=view.version)
