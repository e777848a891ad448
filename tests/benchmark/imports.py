"""Import: files of libraries through the real service: upload, dry run, commit, receipts and events in Kafka, whole.

Beside it a COPY of the rows that come of it, python-calamine reading the same file, and a script with openpyxl that posts row by row.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from simpul_operator.embedded.process import Child
from simpul_operator.tokens import fetch_token
from simpul_registry.app import SERVICE

from tests.benchmark.processes import ROOT, running_issuer, running_service
from tests.benchmark.sizes import QUICK, ROUNDS, say, setting
from tests.benchmark.stage import Stage, children, forget_peak, peak_mb
from tests.benchmark.table import Goal, Measure, Ratio, Result, ratios
from tests.service.registry.conftest import insert_regions
from tests.support import sheets
from tests.support.services import ServiceUnderTest, service_under_test

ROWS = setting("IMPORT_ROWS", 100_000, quick=2_000)
FEW = setting("IMPORT_POSTED", 1_000, quick=50)
"""Rows that the script posts; its rate is taken for that of all."""

_HEADER = ["Jenis", "Nama", "Kode Wilayah", "Tahun Program", "Skema", "Tanggal Usulan"]
_VILLAGES = setting("IMPORT_VILLAGES", 83_762, quick=2_000)
_POLL_SECONDS = 0.2
_CSV, _XLSX = "ours: CSV, whole", "ours: XLSX, whole"
_KINDS = ((_CSV, "csv"), (_XLSX, "xlsx"))
_COPY, _READ, _POST = "limit: COPY of the resulting rows", "limit: calamine reads the XLSX", "openpyxl, a POST a row"


@dataclass
class Done:
    """One file through the service. `service` and `reader` are the most that its process and the one reading the file held, in MB."""

    seconds: float
    checking: float
    committing: float
    service: float
    reader: float


@dataclass
class Importing:
    """The registry as a process with its worker, and who asks it."""

    registry: ServiceUnderTest
    process: Child
    http: httpx.AsyncClient
    folder: Path
    codes: Sequence[str]
    token: str
    admin: "asyncpg.Connection[asyncpg.Record]"
    files: int = 0
    applied: int = 0
    done: dict[str, list[Done]] = field(default_factory=dict)

    def new_file(self, rows: int, kind: str) -> Path:
        """Rows that no file had before."""
        self.files += 1
        codes = self.codes
        lines = [
            [
                "DESA",
                f"Pustaka {self.files} {number}",
                codes[number % len(codes)],
                "2021",
                "STIMULAN_APBN",
                "2021-02-01",
            ]
            for number in range(rows)
        ]
        path = self.folder / f"{self.files}.{kind}"
        if kind == "csv":
            path.write_text("\n".join(",".join(line) for line in [_HEADER, *lines]), encoding="utf-8")
        else:
            path.write_bytes(sheets.workbook(sheets.table([_HEADER, *lines])))
        return path

    async def import_file(self, path: Path, rows: int) -> Done:
        """Errors: RuntimeError unless every row was applied."""
        content, pid = await asyncio.to_thread(path.read_bytes), self.process.pid or 0
        forget_peak(pid)
        began = time.perf_counter()
        sent = await self._ask("POST", "/v1/imports?form=libraries", content=content)
        checked, reader = await self._until(sent["import_id"], "CHECKED")
        checked_at = time.perf_counter()
        await self._ask("POST", f"/v1/imports/{sent['import_id']}/commit", version=checked["version"])
        ended, _ = await self._until(sent["import_id"], "COMPLETED")
        await self.published()
        ended_at = time.perf_counter()
        if ended["rows_applied"] != rows:
            raise RuntimeError(f"{path.name}: {ended}")
        self.applied += rows
        return Done(ended_at - began, checked_at - began, ended_at - checked_at, peak_mb(pid), reader)

    async def _until(self, import_id: str, state: str) -> tuple[Any, float]:
        """The import once it is there, and the most that a process which the service started held until then."""
        reader = 0.0
        while True:
            one = await self._ask("GET", f"/v1/imports/{import_id}")
            reader = max(reader, *(peak_mb(child) for child in children(self.process.pid or 0)), 0.0)
            if one["state"] == state:
                return one, reader
            if one["problem"] is not None:
                raise RuntimeError(str(one))
            await asyncio.sleep(_POLL_SECONDS)

    async def published(self) -> None:
        """Until the relay has sent all that was recorded."""
        sent = """
            select bool_and(not exists (select from ledger where shard = c.shard and (xid, id) > (c.xid, c.id)))
            from relay_cursor as c
            """
        while not await self.admin.fetchval(sent):  # noqa: ASYNC110 (another process's doing)
            await asyncio.sleep(_POLL_SECONDS / 4)

    async def rest(self) -> None:
        """So that no side pays for what the one before has left to be written."""
        await self.published()
        await self.admin.execute("checkpoint", timeout=120)

    async def _ask(self, method: str, path: str, *, content: bytes = b"", version: int | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid4().hex}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        response = await self.http.request(method, path, content=content, headers=headers)
        if response.is_error:
            raise RuntimeError(response.text)
        return response.json()

    async def refuse_bomb(self) -> float:
        """Seconds from the first byte sent to the answer. Errors: RuntimeError unless it is refused."""
        content = bomb()
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": uuid4().hex}
        began = time.perf_counter()
        response = await self.http.post("/v1/imports?form=libraries", content=content, headers=headers)
        seconds = time.perf_counter() - began
        if response.status_code != 422 or response.json()["code"] != "file-inflates":
            raise RuntimeError(response.text)
        return seconds

    async def copy(self) -> float:
        """Seconds to COPY as many libraries and episodes into like tables with the same indexes and checks."""
        tables = {}
        for name in ("library", "support_episode"):
            rows = BytesIO()
            first = f"select * from {name} order by library_id limit {ROWS}"  # noqa: S608 (names of ours)
            await self.admin.copy_from_query(first, output=rows, format="binary")
            tables[name] = rows.getvalue()
            await self.admin.execute(f"drop table if exists copy_{name}")
            await self.admin.execute(f"create table copy_{name} (like {name} including all)")
        began = time.perf_counter()
        for name, content in tables.items():
            await self.admin.copy_to_table(f"copy_{name}", source=BytesIO(content), format="binary")
        seconds = time.perf_counter() - began
        if await self.admin.fetchval("select count(*) from copy_library") != ROWS:
            raise RuntimeError("the COPY lost rows")
        return seconds

    async def check(self) -> None:
        """Every applied row is one library, one event and one receipt that names it."""
        found = await self.admin.fetchrow(
            """
            select (select count(*) from bulk_import_row where verdict = 'APPLIED') as receipts,
                (select count(*) from bulk_import_row r join ledger l on l.event_id = r.event_ids[1]
                    and l.aggregate_id = r.subject_id join library b on b.library_id = r.subject_id) as named
            """
        )
        assert found is not None
        if {found["receipts"], found["named"]} != {self.applied}:
            raise RuntimeError(f"applied {self.applied}, found {dict(found)}")


@cache
def bomb() -> bytes:
    """About half a megabyte that inflates to 131 MB."""
    head, tail = sheets.sheet("|").encode().split(b"|")
    one = sheets.row(1, ["x" * 60, "y" * 60]).encode()
    return sheets.workbook(more={"xl/worksheets/sheet1.xml": head + one * (131_000_000 // len(one)) + tail})


async def side(*arguments: str) -> tuple[float, int]:
    """Seconds and rows of a side that has a process to itself."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmark.imports_sides", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{arguments[0]} ended with status {process.returncode}")
    seconds, rows = told.split()
    return float(seconds), int(rows)


@asynccontextmanager
async def importing(stage: Stage) -> AsyncIterator[Importing]:
    async with AsyncExitStack() as stack:
        registry = await stack.enter_async_context(service_under_test(SERVICE, stage.databases))
        registry.require_published = _no_look_back  # type: ignore[method-assign]
        await insert_regions(registry)
        admin = await asyncpg.connect(stage.admin_url_of(registry.url), timeout=60)
        stack.push_async_callback(admin.close)
        codes = await _villages(admin)
        issuer = await stack.enter_async_context(running_issuer())
        settings = {
            "SIMPUL_ISSUER": issuer,
            "SIMPUL_JWKS_URL": f"{issuer}/jwks.json",
            "SIMPUL_KAFKA_BOOTSTRAP": stage.bootstrap,
            "SIMPUL_TOPIC_PREFIX": await stage.topics(),
        }
        service = running_service("registry", "all", database_url=registry.url, settings=settings)
        process, address = await stack.enter_async_context(service)
        token = fetch_token(issuer, client_id="bench", role="national-admin", regions=["ID"])
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=300, trust_env=False))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="simpul-bench-import-")))
        yield Importing(registry, process, http, folder, codes, token, admin)


async def _no_look_back() -> None:
    """Half a million events are not validated one by one here; tests do that."""


async def _villages(admin: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """As many villages as the country has, all of them in Mengwi's place."""
    await admin.execute(
        """
        insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to,
            decree, recorded_at, event_id, aggregate_version)
        select made.id, scheme, '51.03.' || 10 + made.number / 1000 || '.' || 2000 + made.number % 1000,
            'Desa ' || made.number, level, kind, parent_id, path[:4] || made.id, timezone, valid_from, valid_to, decree,
            recorded_at, gen_random_uuid(), 1
        from region_version, (
            select gen_random_uuid() as id, number from generate_series(0, $1 - 1) as number
        ) as made
        where code = '51.03.02.2009'
        """,
        _VILLAGES,
        timeout=300,
    )
    await admin.execute("analyze region_version")
    rows = await admin.fetch("select code from region_version where name like 'Desa %' order by code")
    return [row["code"] for row in rows]


async def result(stage: Stage) -> Result:
    async with importing(stage) as one:
        taken: dict[str, list[float]] = {name: [] for name in (_CSV, _XLSX, _COPY, _READ, _POST)}
        runs: dict[str, list[Done]] = {_CSV: [], _XLSX: []}
        bombs: list[float] = []
        await one.import_file(one.new_file(ROWS, "csv"), ROWS)
        small = {name: await one.import_file(one.new_file(ROWS // 10, kind), ROWS // 10) for name, kind in _KINDS}
        for number in range(1, ROUNDS + 1):
            say(f"import: round {number} of {ROUNDS}")
            await _round(one, taken, runs)
            bombs.append(await one.refuse_bomb())
        await one.check()
    return _judged(taken, runs, bombs, small)


async def _round(one: Importing, taken: dict[str, list[float]], runs: dict[str, list[Done]]) -> None:
    """Rows per second of each side."""
    for name, kind in _KINDS:
        path = one.new_file(ROWS, kind)
        await one.rest()
        runs[name].append(await one.import_file(path, ROWS))
        taken[name].append(ROWS / runs[name][-1].seconds)
        say(f"import: {name}: {runs[name][-1]}")
    seconds, rows = await side("read", str(path))
    taken[_READ].append(rows / seconds)
    await one.rest()
    taken[_COPY].append(ROWS / await one.copy())
    few = one.new_file(FEW, "xlsx")
    await one.rest()
    seconds, rows = await side("post", str(few), str(one.http.base_url).rstrip("/"), one.token)
    taken[_POST].append(rows / seconds)


def _judged(
    taken: dict[str, list[float]], runs: dict[str, list[Done]], bombs: Sequence[float], small: dict[str, Done]
) -> Result:
    def phase(name: str, what: str, seconds: Callable[[Done], float]) -> Measure:
        return Measure(name, what, "", [ROWS / seconds(one) for one in runs[name]])

    measures = [
        *(Measure(name, "rows/s", "", values) for name, values in taken.items()),
        *(phase(name, "rows/s read and judged", lambda one: one.checking) for name in runs),
        *(phase(name, "rows/s committed", lambda one: one.committing) for name in runs),
        *_memory(runs, small),
        Measure("bomb of 131 MB", "until it is refused", "ms", [seconds * 1000 for seconds in bombs]),
    ]
    goal = None if QUICK else Goal(50)
    judged = [
        Ratio("CSV to a POST a row, per s", ratios(taken[_CSV], taken[_POST]), goal),
        Ratio("XLSX to a POST a row, per s", ratios(taken[_XLSX], taken[_POST]), goal),
        Ratio("CSV to COPY of the resulting rows", ratios(taken[_CSV], taken[_COPY])),
        Ratio("XLSX to calamine reading it", ratios(taken[_XLSX], taken[_READ])),
        Ratio(
            "memory of the service at ten times the rows",
            [one.service / small[name].service for name in runs for one in runs[name]],
            Goal(1.25, at_most=True),
        ),
        Ratio(
            "memory of the reader at ten times the rows, CSV",
            [one.reader / small[_CSV].reader for one in runs[_CSV]],
        ),
        Ratio(
            "memory of the reader at ten times the rows, XLSX",
            [one.reader / small[_XLSX].reader for one in runs[_XLSX]],
        ),
    ]
    return Result("import", measures, judged, [_NOTE.format(rows=ROWS, few=FEW, bomb=len(bomb()))])


_NOTE = (
    "Each file has {rows:,} rows; the script posts {few:,}, and its rate is taken for all of them. A file is done when its"
    " events are in Kafka. Memory is measured after a first file of {rows:,} rows, which fills what the relay remembers of"
    " keys, and is the most that was held while a file was worked on. The bomb has {bomb:,} bytes."
)


def _memory(runs: dict[str, list[Done]], small: dict[str, Done]) -> list[Measure]:
    return [
        Measure(name, f"most memory of the {part} at {rows:,} rows", "MB", [getattr(one, part) for one in held])
        for name in runs
        for rows, held in ((ROWS // 10, [small[name]]), (ROWS, runs[name]))
        for part in ("service", "reader")
    ]
