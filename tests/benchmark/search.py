"""Search: the village box over all names and codes, beside a sorted array in memory and `ilike '%x%'`, behind one edge.

The same names are asked of all three, and every answer must hold the village that was meant. Words of the regions above, and
slips of letters and blanks, and codes of BPS, only ours understands; their times are told apart. Of the slips nine in ten must be found: some
make another name.
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from urllib.parse import quote

import asyncpg
from simpul_operator.embedded.ports import free_port
from simpul_operator.tokens import fetch_token
from simpul_registry.app import SERVICE
from simpul_registry.jobs import load_edition
from simpul_registry.store.dataset import fingerprint, read_region_data

from tests.benchmark.processes import running, running_issuer, running_service
from tests.benchmark.sizes import ROUNDS, say, size
from tests.benchmark.stage import Stage
from tests.benchmark.table import Goal, Measure, Ratio, Result, percentile, ratios
from tests.support.services import service_under_test

QUESTIONS = size(1000, quick=40)
OF_ILIKE = QUESTIONS // 5
"""It reads the whole table for each."""

CONNECTIONS = 4
SLIPS_FOUND = 0.9


@dataclass(frozen=True)
class Question:
    """What is typed, and the name of the village that is meant."""

    text: str
    name: str
    slip: bool = False


@dataclass
class Side:
    name: str
    url: str
    questions: Sequence[Question]
    headers: dict[str, str]
    rounds: list[list[float]] = field(default_factory=list)
    missed: set[Question] = field(default_factory=set)

    async def round(self, *, counted: bool) -> None:
        waiting, seconds = iter(self.questions), list[float]()

        async def ask() -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(self.url.split(":")[2].split("/")[0]))
            try:
                for question in waiting:
                    seconds.append(await self._ask(reader, writer, question))
            finally:
                writer.close()

        async with asyncio.TaskGroup() as group:
            for _ in range(CONNECTIONS):
                group.create_task(ask())
        if counted:
            self.rounds.append(seconds)

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: Question) -> float:
        host, _, path = self.url.removeprefix("http://").partition("/")
        joined = "&" if "?" in path else "?"
        lines = [f"GET /{path}{joined}q={quote(question.text)} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        began = time.perf_counter()
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        body = await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        seconds = time.perf_counter() - began
        names = {one["name"] for one in json.loads(body).get("items", ())}
        if question.name not in names:
            self.missed.add(question)
            self._require(question.slip, f"{question.text!r} did not find {question.name!r} but {sorted(names)}")
        return seconds

    def slips_found(self) -> float:
        """The share; too few end the run."""
        slips = sum(question.slip for question in self.questions)
        share = 1 - len(self.missed) / slips
        self._require(share >= SLIPS_FOUND, f"{len(self.missed)} of {slips} slips were not found: {self.missed}")
        return share

    def _require(self, right: bool, said: str) -> None:
        if not right:
            raise RuntimeError(f"{self.name}: {said}")

    def measure(self, share: float) -> list[float]:
        return [percentile(one, share) * 1000 for one in self.rounds]

    def measures(self) -> list[Measure]:
        return [Measure(self.name, "p50", "ms", self.measure(0.5)), Measure(self.name, "p99", "ms", self.measure(0.99))]


async def result(stage: Stage) -> Result:
    async with AsyncExitStack() as stack:
        registry = await stack.enter_async_context(service_under_test(SERVICE, stage.databases))
        await load_edition(registry.database, fingerprint(), read_region_data, say=say)
        admin = await asyncpg.connect(stage.admin_url_of(registry.url))
        stack.push_async_callback(admin.close)
        named, meant = await _questions(admin)
        sides = await _sides(stack, registry.url, named, meant, await _coded(admin))
        for number in range(ROUNDS + 1):
            say(f"search: round {number} of {ROUNDS}")
            for side in sides:
                await side.round(counted=number > 0)
    ours, slips, codes, limit, ilike = sides
    return Result(
        "search",
        [
            *(measure for side in sides for measure in side.measures()),
            Measure(slips.name, "slips found", "%", [slips.slips_found() * 100]),
        ],
        [
            Ratio(
                "p99 of names to the sorted array",
                ratios(ours.measure(0.99), limit.measure(0.99)),
                Goal(3, at_most=True),
            ),
            Ratio(
                "p99 of slips to the sorted array",
                ratios(slips.measure(0.99), limit.measure(0.99)),
                Goal(3, at_most=True),
            ),
            Ratio(
                "p99 of codes of BPS to the sorted array",
                ratios(codes.measure(0.99), limit.measure(0.99)),
                Goal(3, at_most=True),
            ),
            Ratio("p99 of names to ilike", ratios(ours.measure(0.99), ilike.measure(0.99))),
        ],
    )


async def _questions(admin: "asyncpg.Connection[asyncpg.Record]") -> tuple[list[Question], list[Question]]:
    """Names as they are; and the same with a slip or with the regency. Names borne by few, so that ten hits hold them all."""
    await admin.execute(
        """
        create table plain_village as select code, name from region_version where level = 'DESA' and valid_to = 'infinity'
        """
    )
    await admin.execute("grant select on plain_village to simpul_app")
    rows = await admin.fetch(
        r"""
        with village as (
            select code, name, path[3] as regency_id, count(*) over (partition by lower(name)) as homonyms
            from region_version where level = 'DESA' and valid_to = 'infinity'
        )
        select v.name, r.name as regency from village v join region_version r
            on r.region_id = v.regency_id and r.valid_to = 'infinity'
        where v.name ~ '^[A-Za-z ]{6,}$' and v.homonyms < 4
        order by v.code
        """
    )
    chosen = random.Random(1).sample(rows, QUESTIONS)
    named = [Question(row["name"], row["name"]) for row in chosen]
    slipped = [
        Question(_slip(row["name"]), row["name"], slip=True) for row in chosen if len(row["name"].split()[0]) > 6
    ]
    respaced = [
        Question(f"{_other_blanks(row['name'])} {row['regency'].split()[-1]}", row["name"], slip=True) for row in chosen
    ]
    placed = [Question(f"{row['name']} {row['regency'].split()[-1]}", row["name"]) for row in chosen]
    quarter = QUESTIONS // 4
    return named, [*slipped[:quarter], *respaced[quarter : 2 * quarter], *placed[2 * quarter :]]


async def _coded(admin: "asyncpg.Connection[asyncpg.Record]") -> list[Question]:
    """Every village is assigned a code of ten digits, made up for this."""
    await admin.execute(
        """
        insert into region_code (region_id, scheme, code, valid_from, valid_to, source, recorded_at, event_id,
            aggregate_version)
        select region_id, 'BPS', replace(code, '.', ''), '-infinity', 'infinity', 'benchmark', now(), gen_random_uuid(), 0
        from region_version where level = 'DESA' and valid_to = 'infinity'
        """
    )
    rows = await admin.fetch("select code, name from plain_village order by code")
    return [Question(row["code"].replace(".", ""), row["name"]) for row in random.Random(2).sample(rows, QUESTIONS)]


def _slip(name: str) -> str:
    """Two letters of the first word swapped."""
    return name[:3] + name[4] + name[3] + name[5:]


def _other_blanks(name: str) -> str:
    """The first blank left out, or one put in."""
    return name.replace(" ", "", 1) if " " in name else f"{name[:3]} {name[3:]}"


async def _sides(
    stack: AsyncExitStack, url: str, named: Sequence[Question], meant: Sequence[Question], coded: Sequence[Question]
) -> tuple[Side, Side, Side, Side, Side]:
    issuer = await stack.enter_async_context(running_issuer())
    settings = {"SIMPUL_ISSUER": issuer, "SIMPUL_JWKS_URL": f"{issuer}/jwks.json"}
    _, address = await stack.enter_async_context(
        running_service("registry", "api", database_url=url, settings=settings)
    )
    port, admin_port = free_port(), free_port()
    env = settings | {"SIMPUL_REGISTRY_DATABASE_URL": url, "SIMPUL_REGISTRY_PORT": str(port)}
    env["SIMPUL_REGISTRY_ADMIN_PORT"] = str(admin_port)
    other = f"http://127.0.0.1:{port}"
    health = [f"{other}/health/ready"]
    await stack.enter_async_context(running("sides", "tests.benchmark.search_sides", "api", env=env, health=health))
    token = fetch_token(issuer, client_id="bench", role="auditor", regions=["ID"])
    headers = {"Authorization": f"Bearer {token}"}
    ours = f"{address}/v1/regions/search?level=DESA"
    return (
        Side("GET /v1/regions/search, names", ours, named, headers),
        Side("GET /v1/regions/search, slips and regencies", ours, meant, headers),
        Side("GET /v1/regions/search, codes of BPS", f"{ours}&scheme=BPS", coded, headers),
        Side("limit: sorted array in memory", f"{other}/sorted", named, headers),
        Side("peer: ilike '%x%'", f"{other}/ilike", named[:OF_ILIKE], headers),
    )
