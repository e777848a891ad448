"""A service of the platform's own tests: POST /v1/names appends LibraryRenamed, its consumer tallies them."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import simpul_shared
from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel
from pydantic_settings import SettingsConfigDict
from simpul_shared.access import Permission
from simpul_shared.contracts.registry import LibraryRenamed
from simpul_shared.contracts.topics import LIBRARIES
from simpul_shared.platform.consume import Received
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, Command, command
from simpul_shared.platform.http.query import Query, query
from simpul_shared.platform.outbox import append
from simpul_shared.platform.service import Service
from simpul_shared.platform.settings import ServiceSettings

router = APIRouter()


class Name(BaseModel):
    library_id: UUID
    name: str
    at: AwareDatetime | None = None


class Named(BaseModel):
    library_id: UUID
    version: int


def renamed(library_id: UUID, name: str) -> LibraryRenamed:
    return LibraryRenamed(library_id=library_id, old_name="", new_name=name, effective_on=date(2021, 6, 28))


@router.post("/v1/names", status_code=201)
async def name_library(
    body: Name, edge: Command = command(Permission.LIBRARY_CHANGE, touches="body.library_id")
) -> Response:
    async def work(tx: Transaction) -> Answer:
        recorded = await append(tx, renamed(body.library_id, body.name), occurred_at=edge.now)
        return Answer(Named(library_id=body.library_id, version=recorded.version), version=recorded.version)

    return await edge.execute(work, locks=[body.library_id], status=201)


@router.get("/v1/names/{library_id}")
async def read_tally(
    library_id: UUID, edge: Query = query(Permission.LIBRARY_READ, touches="library_id")
) -> dict[str, Any]:
    async with edge.snapshot() as tx:
        row = await tx.fetchrow("select events, names from tally where library_id = $1", library_id)
    return dict(row) if row else {}


async def count_names(tx: Transaction, events: Sequence[Received[LibraryRenamed]]) -> None:
    """Deliberately not idempotent: only the platform's guarantees keep the tally right."""
    for one in events:
        if one.event.new_name == "handler bug":
            raise ZeroDivisionError("a fault in the handler")
        if one.event.new_name == "no parent":
            await tx.execute("insert into tally_child (library_id) values (gen_random_uuid())")
        await tx.execute(
            """
            insert into tally (library_id, events, names) values ($1, 1, array[$2])
            on conflict (library_id) do update set events = tally.events + 1, names = tally.names || excluded.names
            """,
            one.event.library_id,
            one.event.new_name,
        )


class TallySettings(ServiceSettings):
    """Environment variables SIMPUL_TALLY_*."""

    model_config = SettingsConfigDict(env_prefix="SIMPUL_TALLY_", extra="ignore")


TALLY = Service(
    name="tally",
    title="Tally",
    settings=TallySettings,
    routers=[router],
    migrations=[
        ("regions", Path(simpul_shared.__file__).parent / "regions" / "migrations"),
        ("tally", Path(__file__).parent),
    ],
    handlers={LibraryRenamed: count_names},
    topics=(LIBRARIES,),
)
