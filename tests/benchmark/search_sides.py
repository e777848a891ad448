"""The other sides of search, behind the registry's own edge: a sorted array in memory, and `ilike` over a plain table.

`python -m tests.benchmark.search_sides api`, with the registry's settings.
"""

from bisect import bisect_left
from dataclasses import replace
from functools import cache

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel
from simpul_registry.app import SERVICE
from simpul_registry.domain.question import words_of
from simpul_shared.access import Permission
from simpul_shared.platform.database import Database
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.platform.process import main

router = APIRouter()


class NameView(BaseModel):
    code: str
    name: str


@cache
def _sorted() -> list[tuple[str, str, str]]:
    return []


async def _filled(database: Database) -> list[tuple[str, str, str]]:
    names = _sorted()
    if not names:
        rows = await database.pool.fetch("select code, name from plain_village")
        names += sorted((" ".join(words_of(row["name"])), row["code"], row["name"]) for row in rows)
    return names


@router.get("/sorted")
async def in_memory(q: str, edge: Query = query(Permission.REGION_READ, touches="reference data")) -> Response:
    names, plain = await _filled(edge.database), " ".join(words_of(q))
    found = list[NameView]()
    for place in range(bisect_left(names, (plain, "", "")), len(names)):
        key, code, name = names[place]
        if len(found) == 10 or not key.startswith(plain):
            break
        found.append(NameView(code=code, name=name))
    return answer(Page(items=found))


@router.get("/ilike")
async def by_ilike(q: str, edge: Query = query(Permission.REGION_READ, touches="reference data")) -> Response:
    async with edge.snapshot() as tx:
        rows = await tx.fetch(
            "select code, name from plain_village where name ilike $1 order by length(name), code limit 10", f"%{q}%"
        )
    return answer(Page(items=[NameView(code=row["code"], name=row["name"]) for row in rows]))


if __name__ == "__main__":
    main(replace(SERVICE, routers=[router]))
