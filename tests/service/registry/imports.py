"""Files of libraries, sent in through HTTP and worked off by the worker's own function."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from simpul_shared.platform.imports.desk import Desk
from simpul_shared.platform.imports.work import work_once

from tests.support.services import Caller, ServiceUnderTest

HEADER = (
    "Jenis Perpustakaan",
    "Nama Perpustakaan",
    "Kode Wilayah",
    "Tahun Program",
    "Skema Dukungan",
    "Tanggal Usulan",
)
MENGWI, BANJARANGKAN = "51.03.02.2009", "51.05.02.2003"


def row(name: str, code: str = MENGWI, **changed: str) -> dict[str, str]:
    cells = dict(zip(HEADER, ("DESA", name, code, "2021", "STIMULAN_APBN", "1/2/2021"), strict=True))
    return cells | {key.replace("_", " "): value for key, value in changed.items()}


def csv(*rows: Mapping[str, str]) -> bytes:
    titles = list(dict.fromkeys([*HEADER, *(title for one in rows for title in one)]))
    lines = [titles, *([one.get(title, "") for title in titles] for one in rows)]
    return "".join(";".join(line) + "\r\n" for line in lines).encode()


def desk(registry: ServiceUnderTest) -> Desk:
    forms = {form.name: form for form in registry.service.forms}
    return Desk("registry", registry.database, forms, now=lambda: datetime.now(UTC))


async def work(registry: ServiceUnderTest) -> None:
    """All that waits."""
    stopping = asyncio.Event()
    while await work_once(desk(registry), stopping):
        pass


async def send(caller: Caller, content: bytes, **params: str) -> dict[str, Any]:
    response = await caller.send("/v1/imports", content, form="libraries", **params)
    assert response.status_code == 202, response.text
    body: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/v1/imports/{body['import_id']}"
    return body


async def checked(registry: ServiceUnderTest, caller: Caller, content: bytes, **params: str) -> dict[str, Any]:
    """The import after its dry run."""
    sent = await send(caller, content, **params)
    await work(registry)
    body: dict[str, Any] = (await caller.get(f"/v1/imports/{sent['import_id']}")).json()
    return body


async def committed(registry: ServiceUnderTest, caller: Caller, content: bytes, **params: str) -> dict[str, Any]:
    looked_at = await checked(registry, caller, content, **params)
    assert looked_at["state"] == "CHECKED", looked_at
    path = f"/v1/imports/{looked_at['import_id']}"
    response = await caller.post(f"{path}/commit", version=looked_at["version"])
    assert response.status_code == 202, response.text
    await work(registry)
    body: dict[str, Any] = (await caller.get(path)).json()
    return body


async def rows(caller: Caller, one: Mapping[str, Any], *, limit: str = "3", **params: str) -> list[dict[str, Any]]:
    """All rows, page by page."""
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await caller.get(f"/v1/imports/{one['import_id']}/rows", limit=limit, **params, **cursor)).json()
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}
