"""Command: POST /v1/activities whole, in the real service process, beside one bare insert through the same framework.

Whole means token, validation, idempotency, aggregate lock, scope, rows, ledger, stored answer, commit.
"""

import json
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import asyncpg
from simpul_activities.app import SERVICE
from simpul_operator.embedded.ports import free_port
from simpul_operator.embedded.process import Child
from simpul_operator.tokens import fetch_token

from tests.benchmark.http_load import Answers, keep_asking, post
from tests.benchmark.processes import running, running_issuer, running_service
from tests.benchmark.sizes import ROUNDS, say, size
from tests.benchmark.stage import Stage, cpu_seconds
from tests.benchmark.table import Goal, Measure, Ratio, Result, percentile, ratios
from tests.service.activities import world
from tests.support.services import service_under_test

SECONDS = size(3.0, quick=0.5)
CONNECTIONS = 16
_MENGWI = "51.03.02.2009"
_OURS, _LIMIT = "POST /v1/activities, whole", "limit: one bare insert"


@dataclass
class Side:
    """One process under load, and what it has answered so far."""

    name: str
    url: str
    process: Child
    request: Callable[[int], bytes]
    rounds: list[Answers] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    acknowledged: int = 0

    async def round(self, *, counted: bool) -> None:
        pid = self.process.pid
        assert pid is not None
        before = cpu_seconds([pid])
        answers = await keep_asking(self.url, self.request, connections=CONNECTIONS, seconds=SECONDS)
        if set(answers.statuses) != {201}:
            raise RuntimeError(f"{self.name}: {answers.statuses}")
        self.acknowledged += answers.count
        if counted:
            self.rounds.append(answers)
            self.cpu.append((cpu_seconds([pid]) - before) / answers.count * 1e6)

    def measures(self) -> list[Measure]:
        latencies = [percentile(one.latencies, 0.99) * 1000 for one in self.rounds]
        return [
            Measure(self.name, "requests/s", "", self.per_second),
            Measure(self.name, "p99", "ms", latencies),
            Measure(self.name, "CPU per request", "us", self.cpu),
        ]

    @property
    def per_second(self) -> list[float]:
        return [one.per_second for one in self.rounds]


async def result(stage: Stage) -> Result:
    async with AsyncExitStack() as stack:
        activities = await stack.enter_async_context(service_under_test(SERVICE, stage.databases))
        await activities.receive(*world.everybody())
        admin = await asyncpg.connect(stage.admin_url_of(activities.url))
        stack.push_async_callback(admin.close)
        ours = await _ours(stack, activities.url)
        limit = await _limit(stack, activities.url, admin)
        for number in range(ROUNDS + 1):
            say(f"command: round {number} of {ROUNDS}")
            for side in (ours, limit):
                await side.round(counted=number > 0)
        await _check(admin, ours, limit)
    reached = Ratio("a whole command to a bare insert, per s", ratios(ours.per_second, limit.per_second), Goal(0.6))
    cpu = Ratio("the same by CPU of the process", ratios(limit.cpu, ours.cpu))
    return Result("command", [*ours.measures(), *limit.measures()], [reached, cpu])


async def _ours(stack: AsyncExitStack, url: str) -> Side:
    issuer = await stack.enter_async_context(running_issuer())
    settings = {"SIMPUL_ISSUER": issuer, "SIMPUL_JWKS_URL": f"{issuer}/jwks.json"}
    service = running_service("activities", "api", database_url=url, settings=settings)
    process, address = await stack.enter_async_context(service)
    token = fetch_token(issuer, client_id="bench", role="library-staff", regions=[_MENGWI])
    body = json.dumps(world.activity()).encode()
    target = f"{address}/v1/activities"
    rounds = iter(range(10**9))

    def request(_: int) -> bytes:
        return post(target, body, {"Authorization": f"Bearer {token}", "Idempotency-Key": f"bench/{next(rounds)}"})

    return Side(_OURS, target, process, request)


async def _limit(stack: AsyncExitStack, url: str, admin: "asyncpg.Connection[asyncpg.Record]") -> Side:
    await admin.execute("create table bare (bare_id uuid constraint bare_pkey primary key, body jsonb not null)")
    await admin.execute("grant select, insert on bare to simpul_app")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    side = running("bare", "tests.benchmark.bare", url, str(port), health=[f"{address}/health/ready"])
    process = await stack.enter_async_context(side)
    target, body = f"{address}/bare", json.dumps(world.activity()).encode()
    return Side(_LIMIT, target, process, lambda _: post(target, body, {}))


async def _check(admin: "asyncpg.Connection[asyncpg.Record]", ours: Side, limit: Side) -> None:
    """Every 201 is one activity, one event of version 1 and one stored answer; every bare 201 one row."""
    found = await admin.fetchrow(
        """
        select (select count(*) from activity where version = 1) as activities,
            (select count(distinct aggregate_id) from ledger where event_type like '%activity-recorded%') as events,
            (select count(*) from idempotency where client_id = 'bench') as answers,
            (select count(*) from bare) as bare
        """
    )
    assert found is not None
    if {found["activities"], found["events"], found["answers"]} != {ours.acknowledged}:
        raise RuntimeError(f"acknowledged {ours.acknowledged}, found {dict(found)}")
    if found["bare"] != limit.acknowledged:
        raise RuntimeError(f"acknowledged {limit.acknowledged}, found {dict(found)}")
