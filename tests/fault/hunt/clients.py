"""The clients of a hunt: they write through HTTP, repeat until they are answered, and note what they were told."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from time import monotonic
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import httpx
from simpul_shared.access import Role

from tests.fault.hunt.findings import Finding, Kind
from tests.fault.hunt.ground import VILLAGES, Ground
from tests.fault.hunt.journal import Journal, Told
from tests.service.activities.world import activity, content, counts, library_id, timezone_of
from tests.support.tokens import token

_TRY_AGAIN = {429, 500, 502, 503, 504}
_NOT_YET = {"request-in-progress", "library-unknown"}
_FIRST_DAY = date(2026, 1, 1)
_PATIENCE_SECONDS = 60.0


class GaveUp(Exception):
    """A client was refused what it is entitled to, or not answered at all; the journal says which."""


@dataclass
class Caller:
    """Sends a request with one Idempotency-Key until it is answered; now and then once more, as after a lost answer."""

    http: httpx.AsyncClient
    journal: Journal
    rng: random.Random
    headers: dict[str, str] = field(default_factory=lambda: {"Authorization": f"Bearer {token(Role.NATIONAL_ADMIN)}"})

    async def demand(self, url: str, body: object, *, version: int | None = None) -> Any:
        """The document of the answer. Errors: GaveUp."""
        response = await self.post(url, body, version=version)
        if not response.is_success:
            raise self._gave_up(Kind.REFUSED, f"{url}: {response.text}")
        return response.json()

    async def post(self, url: str, body: object, *, version: int | None = None) -> httpx.Response:
        """Errors: GaveUp."""
        headers = {**self.headers, "Idempotency-Key": uuid4().hex}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        response = await self._answered(url, body, headers)
        if response.is_success and self.rng.random() < 0.1:
            again = await self._answered(url, body, headers)
            if (again.status_code, again.content) != (response.status_code, response.content):
                self.journal.wrong.append(Finding(Kind.REPEAT, f"{url}: {response.text} and then {again.text}"))
        self.journal.acknowledged += response.is_success
        return response

    async def _answered(self, url: str, body: object, headers: dict[str, str]) -> httpx.Response:
        deadline = monotonic() + _PATIENCE_SECONDS
        while monotonic() < deadline:
            try:
                response = await self.http.post(url, json=body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if not _to_repeat(response):
                return response
            await asyncio.sleep(0.1)
        raise self._gave_up(Kind.STALLED, f"{url}: no answer in {_PATIENCE_SECONDS:.0f} s")

    def _gave_up(self, kind: Kind, detail: str) -> GaveUp:
        self.journal.wrong.append(Finding(kind, detail))
        return GaveUp(detail)


def _to_repeat(response: httpx.Response) -> bool:
    if response.status_code == 409:
        return response.json()["code"] in _NOT_YET
    return response.status_code in _TRY_AGAIN


@asynccontextmanager
async def clients(ground: Ground, journal: Journal, rng: random.Random) -> AsyncIterator[None]:
    """Ten clients write while the block runs; at its end they finish what they have begun."""
    stopping = asyncio.Event()
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
        caller = Caller(http, journal, rng)
        async with asyncio.TaskGroup() as group:
            for client in [_name] * 6 + [_hold_activities] * 4:
                group.create_task(_until_it_gives_up(client(ground, caller, stopping)))
            try:
                yield
            finally:
                stopping.set()


async def _until_it_gives_up(client: Coroutine[Any, Any, None]) -> None:
    with contextlib.suppress(GaveUp):
        await client


async def _name(ground: Ground, caller: Caller, stopping: asyncio.Event) -> None:
    """Rename one library of Tally's again and again."""
    library, number = uuid4(), 0
    while not stopping.is_set():
        number += 1
        name = f"{library.hex[:6]}-{number}"
        body = {"library_id": str(library), "name": name}
        await caller.demand(f"{ground.urls['tally-api']}/v1/names", body)
        caller.journal.names[library].append(name)
        await asyncio.sleep(caller.rng.uniform(0.02, 0.15))


async def _hold_activities(ground: Ground, caller: Caller, stopping: asyncio.Event) -> None:
    """Record an activity, correct it twice at once from the same version, now and then withdraw it."""
    base = f"{ground.urls['activities']}/v1/activities"
    while not stopping.is_set():
        activity_id = await _record(base, caller)
        await asyncio.gather(_correct(base, caller, activity_id), _correct(base, caller, activity_id))
        if caller.rng.random() < 0.1:
            await _withdraw(base, caller, activity_id)
        await asyncio.sleep(caller.rng.uniform(0.05, 0.3))


async def _record(base: str, caller: Caller) -> UUID:
    village = caller.rng.choice(VILLAGES)
    body, held_on, total = _content(caller.rng, village)
    made = await caller.demand(base, activity(**body, library_id=str(library_id(village))))
    activity_id = UUID(made["activity_id"])
    caller.journal.activities[activity_id] = Told(village, held_on, total, made["version"])
    return activity_id


async def _correct(base: str, caller: Caller, activity_id: UUID) -> None:
    seen = caller.journal.activities[activity_id]
    body, held_on, total = _content(caller.rng, seen.village)
    body = content(**body, reason="dihitung ulang")
    response = await caller.post(f"{base}/{activity_id}/correct", body, version=seen.version)
    if response.is_success:
        told = Told(seen.village, held_on, total, response.json()["version"])
        caller.journal.changed(activity_id, seen.version, told)


async def _withdraw(base: str, caller: Caller, activity_id: UUID) -> None:
    seen = caller.journal.activities[activity_id]
    body = {"reason": "tercatat dua kali"}
    answer = await caller.demand(f"{base}/{activity_id}/withdraw", body, version=seen.version)
    caller.journal.changed(activity_id, seen.version, replace(seen, version=answer["version"], withdrawn=True))


def _content(rng: random.Random, village: str) -> tuple[dict[str, Any], date, int]:
    """A body at any hour of the library's day, sent in UTC; with the date that the library's own clock shows."""
    local = datetime.combine(
        _FIRST_DAY + timedelta(days=rng.randrange(300)), time(rng.randrange(24), 30), ZoneInfo(timezone_of(village))
    )
    total = rng.randint(1, 40)
    starts_at = local.astimezone(UTC).isoformat()
    return {"title": "Kelas", "starts_at": starts_at, "counts": counts(total=total)}, local.date(), total
