"""What the driver asks for: one client per library and one per province, each sending one request after the other."""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import httpx

from tests.fault.lane.driver import Driver, operation
from tests.fault.lane.oplog import Kind, Operation, Outcome, Result
from tests.fault.lane.places import PROVINCES, Village, villages

FIRST_DAY, LAST_DAY = date(2025, 7, 1), date(2025, 12, 31)
YEAR = 2025
_SET_UP_SECONDS = 120.0
_LAST_YEAR = 2100
_SESSIONS = 5
_CATEGORIES = ("EKONOMI", "TIK", "PENDIDIKAN", "KESEHATAN")
_STATUSES = ("HADIR", "TERLAMBAT", "IZIN", "SAKIT", "ALPA")


class NotSetUp(Exception):
    """The world could not be made before the faults began."""


@dataclass
class Client:
    """Sends requests under a name, in sequence."""

    driver: Driver
    name: str
    region: str
    rng: random.Random
    seq: int = 0

    async def ask(self, kind: Kind, service: str, path: str, body: dict[str, Any], **about: Any) -> Result:
        self.seq += 1
        return await self.driver.ask(self._operation(kind, service, path, body, **about))

    async def must(self, kind: Kind, service: str, path: str, body: dict[str, Any], **about: Any) -> Result:
        """Errors: NotSetUp."""
        self.seq += 1
        operation = self._operation(kind, service, path, body, **about)
        result = await self.driver.ask(operation, patience=_SET_UP_SECONDS)
        if result.outcome is not Outcome.OK:
            raise NotSetUp(f"{self.name}: {kind} was answered {result.status} {result.code}")
        return result

    def _operation(self, kind: Kind, service: str, path: str, body: dict[str, Any], **about: Any) -> Operation:
        return operation(kind, service, path, body, client=self.name, client_seq=self.seq, region=self.region, **about)


@dataclass
class Host(Client):
    """A province that holds one Bimtek for its libraries."""

    bimtek: str = ""

    async def set_up(self) -> None:
        planned = await self.must(Kind.PLAN, "activities", "/v1/bimteks", _bimtek(self.region))
        self.bimtek = planned.resource or ""
        version = planned.version
        for kind in (Kind.ANNOUNCE, Kind.START):
            path = f"/v1/bimteks/{self.bimtek}/{kind}"
            moved = await self.must(kind, "activities", path, {}, about=self.bimtek, if_match=version)
            version = moved.version


@dataclass
class Activity:
    """An activity of this client that stands, as far as it knows."""

    activity_id: str
    version: int


@dataclass
class Seat:
    """A registration, and the sessions in which it has no mark yet."""

    registration_id: str
    unmarked: list[int]


@dataclass
class LibraryClient(Client):
    """A library: its life in the registry, its activities, its people at the province's Bimtek."""

    village: Village = field(kw_only=True)
    host: Host = field(kw_only=True)
    library: str = ""
    version: int = 0
    year: int = YEAR
    standing: list[Activity] = field(default_factory=list)
    seats: list[Seat] = field(default_factory=list)

    async def set_up(self) -> None:
        nominated = await self.must(Kind.NOMINATE, "registry", "/v1/libraries", _nomination(self.village.code))
        self.library, self.version = nominated.resource or "", nominated.version or 0
        for kind, body in ((Kind.VERIFY, {}), (Kind.DESIGNATE, _decree(YEAR)), (Kind.ACTIVATE, {})):
            result = await self.must(
                kind,
                "registry",
                f"/v1/libraries/{self.library}/{kind}",
                body,
                library=self.library,
                about=self.library,
                if_match=self.version,
            )
            self.version = result.version or 0
        await self.record()

    async def act(self) -> None:
        """One thing that libraries do; now and then a request that must be refused."""
        actions = (self.record, self.correct, self.withdraw, self.rename, self.designate, self.register, self.mark)
        refused = (self.record_wrongly, self.correct_stale)
        weights = (46, 13, 6, 8, 3, 6, 10, 4, 4)
        (action,) = self.rng.choices((*actions, *refused), weights)
        await action()

    async def record(self) -> None:
        body = {"library_id": self.library, **self._content(), "basis": "stated"}
        result = await self.ask(Kind.RECORD, "activities", "/v1/activities", body, library=self.library)
        if result.outcome is Outcome.OK:
            self.standing.append(Activity(result.resource or "", result.version or 0))

    async def record_wrongly(self) -> None:
        body = {"library_id": self.library, **self._content(), "basis": "stated"}
        body["counts"]["gender"]["unknown"] += 1
        await self.ask(Kind.RECORD, "activities", "/v1/activities", body, library=self.library)

    async def correct(self) -> None:
        if not self.standing:
            return await self.record()
        activity = self.standing.pop(self.rng.randrange(len(self.standing)))
        result = await self._change(activity, Kind.CORRECT, {**self._content(), "reason": "salah hitung"})
        if result.outcome is Outcome.OK:
            self.standing.append(Activity(activity.activity_id, result.version or 0))
        return None

    async def correct_stale(self) -> None:
        if self.standing:
            activity = self.rng.choice(self.standing)
            old = Activity(activity.activity_id, activity.version - 1)
            await self._change(old, Kind.CORRECT, {**self._content(), "reason": "salah hitung"})

    async def withdraw(self) -> None:
        if self.standing:
            activity = self.standing.pop(self.rng.randrange(len(self.standing)))
            await self._change(activity, Kind.WITHDRAW, {"reason": "tercatat dua kali"})

    async def _change(self, activity: Activity, kind: Kind, body: dict[str, Any]) -> Result:
        path = f"/v1/activities/{activity.activity_id}/{kind}"
        about = {"library": self.library, "about": activity.activity_id, "if_match": activity.version}
        return await self.ask(kind, "activities", path, body, **about)

    async def rename(self) -> None:
        await self._change_library(Kind.RENAME, {"new_name": f"Perpustakaan {self.village.code} {self.seq}"})

    async def designate(self) -> None:
        if self.year < _LAST_YEAR:
            self.year += 1
            await self._change_library(Kind.DESIGNATE, _decree(self.year))

    async def _change_library(self, kind: Kind, body: dict[str, Any]) -> None:
        path = f"/v1/libraries/{self.library}/{kind}"
        about = {"library": self.library, "about": self.library, "if_match": self.version}
        result = await self.ask(kind, "registry", path, body, **about)
        if result.outcome is Outcome.OK:
            self.version = result.version or 0
        else:
            await self._look_up_version()

    async def _look_up_version(self) -> None:
        """After an unknown outcome; where it cannot be read now, the next change is refused and asks again."""
        try:
            response = await self.driver.read("registry", f"/v1/libraries/{self.library}")
        except httpx.TransportError:
            return
        if response.is_success:
            self.version = response.json()["version"]

    async def register(self) -> None:
        body = {"name": f"Peserta {self.village.code} {self.seq}", "region_code": self.village.code, "basis": "sample"}
        person = await self.ask(Kind.PERSON, "registry", "/v1/people", body)
        if person.outcome is not Outcome.OK:
            return
        result = await self.ask(
            Kind.REGISTER,
            "activities",
            f"/v1/bimteks/{self.host.bimtek}/registrations",
            {"person_id": person.resource, "library_id": self.library, "basis": "sample"},
            library=self.library,
        )
        if result.outcome is Outcome.OK:
            self.seats.append(Seat(result.resource or "", list(range(1, _SESSIONS + 1))))

    async def mark(self) -> None:
        if not self.seats:
            return
        seat = self.rng.choice(self.seats)
        session = seat.unmarked.pop()
        if not seat.unmarked:
            self.seats.remove(seat)
        status = self.rng.choice(_STATUSES)
        await self.ask(
            Kind.MARK,
            "activities",
            f"/v1/bimteks/{self.host.bimtek}/sessions/{session}/attendance",
            {"marks": [{"registration_id": seat.registration_id, "status": status}], "basis": "sample"},
            library=self.library,
            about=seat.registration_id,
        )

    def _content(self) -> dict[str, Any]:
        day = FIRST_DAY + timedelta(days=self.rng.randrange((LAST_DAY - FIRST_DAY).days + 1))
        starts_at = datetime.combine(day, time(self.rng.randrange(6, 20)), self.village.zone)
        return {
            "category": self.rng.choice(_CATEGORIES),
            "title": f"Kegiatan {self.seq}",
            "starts_at": starts_at.isoformat(),
            "counts": _counts(women=self.rng.randrange(30), men=self.rng.randrange(30)),
            "method": "COUNTED",
        }


def make_clients(driver: Driver, *, libraries: int, seed: int) -> tuple[list[Host], list[LibraryClient]]:
    """`libraries` of them, spread over the provinces."""
    rng = random.Random(seed)
    hosts = {code: Host(driver, f"host {code}", code, random.Random(rng.random())) for code in PROVINCES}
    chosen = _spread(villages(), libraries)
    used = [hosts[code] for code in PROVINCES if any(one.code.startswith(code) for one in chosen)]
    return used, [
        LibraryClient(
            driver, f"library {one.code}", one.code, random.Random(rng.random()), village=one, host=hosts[one.code[:2]]
        )
        for one in chosen
    ]


def _spread(all_of_them: Sequence[Village], number: int) -> list[Village]:
    """Every so-many-th, so that each province has some."""
    return [all_of_them[index * len(all_of_them) // number] for index in range(number)]


async def set_up(hosts: Sequence[Host], libraries: Sequence[LibraryClient]) -> None:
    await asyncio.gather(*(one.set_up() for one in hosts), *(one.set_up() for one in libraries))


async def work(client: LibraryClient, *, seconds_between: float, stopping: asyncio.Event) -> None:
    """Act at a steady pace until told to stop; what is missed while an answer is late is not made up for."""
    loop = asyncio.get_running_loop()
    following = loop.time() + client.rng.random() * seconds_between
    while not stopping.is_set():
        await asyncio.sleep(max(0.0, following - loop.time()))
        await client.act()
        following = max(following + seconds_between, loop.time())


def _nomination(code: str) -> dict[str, Any]:
    return {
        "name": f"Perpustakaan {code}",
        "type": "DESA",
        "region_code": code,
        "nominated_on": str(FIRST_DAY),
        "programme_year": YEAR,
        "scheme": "STIMULAN_APBN",
        "basis": "sample",
    }


def _decree(year: int) -> dict[str, Any]:
    return {"sk_no": f"{year}/SK", "sk_date": str(FIRST_DAY), "programme_year": year, "scheme": "STIMULAN_APBN"}


def _counts(*, women: int, men: int) -> dict[str, Any]:
    bands = ("from_0_to_6", "from_7_to_12", "from_13_to_17", "from_60", "unknown")
    return {
        "total": women + men,
        "gender": {"male": men, "female": women, "unknown": 0},
        "age": {**dict.fromkeys(bands, 0), "from_18_to_35": men, "from_36_to_59": women},
        "disability": 0,
        "low_income": 0,
    }


def _bimtek(province: str) -> dict[str, Any]:
    return {
        "title": f"Bimtek {province}",
        "kind": "SPP_TIK",
        "level": "PROVINSI",
        "mode": "LURING",
        "region_code": province,
        "venue": "Balai latihan",
        "starts_on": str(FIRST_DAY),
        "ends_on": str(FIRST_DAY + timedelta(days=_SESSIONS - 1)),
        "organisers": [{"name": "Dinas perpustakaan"}],
        "sessions": [_session(number) for number in range(1, _SESSIONS + 1)],
        "basis": "sample",
    }


def _session(number: int) -> dict[str, Any]:
    day = f"{FIRST_DAY + timedelta(days=number - 1)}"
    return {
        "no": number,
        "subject": f"Sesi {number}",
        "method": "PRAKTIK",
        "starts_at": f"{day}T09:00:00+08:00",
        "ends_at": f"{day}T11:00:00+08:00",
    }
