"""What a service publishes about its events: its AsyncAPI document, and the JSON Schema of each event version. Public."""

from collections.abc import Mapping
from typing import Any

import msgspec
from fastapi import APIRouter
from fastapi.responses import Response

from simpul_shared.contracts.schemas import Schema
from simpul_shared.errors import NotFound


class SchemaNotFound(NotFound):
    slug = "schema-not-found"
    title = "Skema tidak ditemukan"


def contracts_router(document: Mapping[str, Any], schemas: Mapping[str, Schema]) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/asyncapi.json")
    async def get_asyncapi() -> Response:
        return Response(msgspec.json.encode(document), media_type="application/json")

    @router.get("/schemas/{event_type}")
    async def get_schema(event_type: str) -> Response:
        schema = schemas.get(event_type)
        if schema is None:
            raise SchemaNotFound(f"There is no event type {event_type} here. The types are listed at /asyncapi.json.")
        return Response(msgspec.json.encode(schema), media_type="application/schema+json")

    return router
