"""A few regions, libraries and people, as the registry's events tell of them; and bodies of requests about them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from simpul_shared.contracts.envelope import Event
from simpul_shared.contracts.registry import (
    LibraryActivated,
    LibraryDesignated,
    LibraryNominated,
    LibraryVerified,
    PersonRegistered,
    RegionVersionPublished,
)
from simpul_shared.vocabulary import Basis, LibraryType, RegionKind, RegionLevel, Scheme

from tests.support.services import Caller

_SPACE = UUID("b1f6a3f2-6d0c-4c55-8a1b-93a1c2f0de77")
_LEVELS = (
    (RegionLevel.NATION, RegionKind.NATION),
    (RegionLevel.PROVINCE, RegionKind.PROVINCE),
    (RegionLevel.REGENCY, RegionKind.REGENCY),
    (RegionLevel.DISTRICT, RegionKind.DISTRICT),
    (RegionLevel.VILLAGE, RegionKind.VILLAGE),
)
_CODES = {
    "ID": "Indonesia",
    "51": "Bali",
    "51.03": "Kab. Badung",
    "51.03.01": "Kuta",
    "51.03.01.1001": "Tuban",
    "51.03.02": "Mengwi",
    "51.03.02.2009": "Mengwi",
    "51.05": "Kab. Klungkung",
    "51.05.04": "Dawan",
    "51.05.04.2010": "Pikat",
    "91": "Papua",
    "91.03": "Kab. Jayapura",
    "91.03.01": "Sentani",
    "91.03.01.2001": "Sereh",
}


def region_id(code: str) -> UUID:
    return uuid5(_SPACE, f"region {code}")


def library_id(village: str) -> UUID:
    return uuid5(_SPACE, f"library {village}")


def person_id(name: str) -> UUID:
    return uuid5(_SPACE, f"person {name}")


MENGWI, PIKAT, SEREH = (library_id(village) for village in ("51.03.02.2009", "51.05.04.2010", "91.03.01.2001"))
HEAD, CLERK, VOLUNTEER = (person_id(name) for name in ("head", "clerk", "volunteer"))


def region(code: str) -> RegionVersionPublished:
    path = [
        region_id("ID"),
        *(region_id(code[:length]) for length in (2, 5, 8, 13) if code != "ID" and length <= len(code)),
    ]
    level, kind = _LEVELS[len(path) - 1]
    return RegionVersionPublished(
        region_id=path[-1],
        scheme="KEMENDAGRI",
        code=code,
        name=_CODES[code],
        level=level,
        kind=kind,
        parent_id=path[-2] if len(path) > 1 else None,
        path=tuple(path),
        timezone=timezone_of(code),
        valid_from=None,
        valid_to=None,
        decree="test",
    )


def timezone_of(code: str) -> str:
    return {"ID": "Asia/Jakarta", "91": "Asia/Jayapura"}.get(code[:2], "Asia/Makassar")


def regions() -> list[Event]:
    return [region(code) for code in _CODES]


def nominated(village: str) -> LibraryNominated:
    return LibraryNominated(
        library_id=library_id(village),
        name=f"Perpustakaan Desa {_CODES[village]}",
        library_type=LibraryType.VILLAGE,
        region_id=region_id(village),
        province_id=region_id(village[:2]),
        timezone=timezone_of(village),
        programme_year=2021,
        scheme=Scheme.STIMULUS,
        basis=Basis.SAMPLE,
    )


def verified(village: str) -> LibraryVerified:
    return LibraryVerified(library_id=library_id(village), programme_year=2021, scheme=Scheme.STIMULUS)


def designated(village: str) -> LibraryDesignated:
    return LibraryDesignated(
        library_id=library_id(village),
        region_id=region_id(village),
        province_id=region_id(village[:2]),
        programme_year=2021,
        scheme=Scheme.STIMULUS,
        sk_no="12/SK/2021",
        sk_date=date(2021, 3, 15),
        basis=Basis.SAMPLE,
    )


def activated(village: str) -> LibraryActivated:
    return LibraryActivated(library_id=library_id(village), effective_on=date(2021, 4, 1))


def active_library(village: str) -> list[Event]:
    return [nominated(village), verified(village), designated(village), activated(village)]


def person(name: str, code: str) -> PersonRegistered:
    return PersonRegistered(person_id=person_id(name), region_id=region_id(code), basis=Basis.SAMPLE)


def everybody() -> list[Event]:
    libraries = [
        event for village in ("51.03.02.2009", "51.05.04.2010", "91.03.01.2001") for event in active_library(village)
    ]
    people: list[Event] = [
        person("head", "51.03.02.2009"),
        person("clerk", "51.03.02.2009"),
        person("volunteer", "51.05.04.2010"),
    ]
    return [*regions(), *libraries, *people]


def counts(total: int = 24, **changed: Any) -> dict[str, Any]:
    age = {
        "from_0_to_6": 0,
        "from_7_to_12": 0,
        "from_13_to_17": 0,
        "from_18_to_35": total,
        "from_36_to_59": 0,
        "from_60": 0,
        "unknown": 0,
    }
    gender = {"male": 0, "female": total, "unknown": 0}
    return {"total": total, "gender": gender, "age": age, "disability": 0, "low_income": 0} | changed


def content(**changed: Any) -> dict[str, Any]:
    return {
        "category": "EKONOMI",
        "title": "Pelatihan keripik pisang",
        "starts_at": "2026-11-14T09:00:00+08:00",
        "counts": counts(),
        "method": "COUNTED",
    } | changed


def activity(**changed: Any) -> dict[str, Any]:
    return content(library_id=str(MENGWI), basis="sample") | changed


def session(no: int, day: str = "2026-06-29", **changed: Any) -> dict[str, Any]:
    return {
        "no": no,
        "subject": f"Subjek {no}",
        "method": "CERAMAH",
        "starts_at": f"{day}T09:00:00+08:00",
        "ends_at": f"{day}T11:00:00+08:00",
        "basis": "sample",
    } | changed


def bimtek(**changed: Any) -> dict[str, Any]:
    """Two sessions on 29 June 2026 at Mengwi, one day more without any."""
    return {
        "title": "Bimtek SPP-TIK",
        "kind": "SPP_TIK",
        "level": "KABKOTA",
        "mode": "LURING",
        "region_code": "51.03.02.2009",
        "venue": "Balai desa",
        "starts_on": "2026-06-29",
        "ends_on": "2026-06-30",
        "organisers": [{"name": "Dinas Kearsipan dan Perpustakaan"}],
        "sessions": [
            session(1),
            session(2, starts_at="2026-06-29T13:00:00+08:00", ends_at="2026-06-29T15:00:00+08:00"),
        ],
        "basis": "sample",
    } | changed


def plan(library: UUID = MENGWI, **changed: Any) -> dict[str, Any]:
    item = {"no": 1, "pillar": "PELIBATAN_MASYARAKAT", "text": "Kelas komputer", "due_on": "2026-09-30"}
    return {"library_id": str(library), "items": [item], "basis": "sample"} | changed


async def planned(caller: Caller, **changed: Any) -> dict[str, Any]:
    answer = await caller.post("/v1/bimteks", bimtek(**changed))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def moved(caller: Caller, made: dict[str, Any], *steps: str) -> dict[str, Any]:
    """The Bimtek after these steps, such as announce and start."""
    for step in steps:
        answer = await caller.post(f"/v1/bimteks/{made['bimtek_id']}/{step}", version=made["version"])
        assert answer.status_code == 200, answer.text
        made = answer.json()
    return made


async def running(caller: Caller, **changed: Any) -> dict[str, Any]:
    return await moved(caller, await planned(caller, **changed), "announce", "start")


async def registered(caller: Caller, made: dict[str, Any], person: UUID, library: UUID = MENGWI) -> dict[str, Any]:
    body = {"person_id": str(person), "library_id": str(library), "basis": "sample"}
    answer = await caller.post(f"/v1/bimteks/{made['bimtek_id']}/registrations", body)
    assert answer.status_code == 201, answer.text
    registration: dict[str, Any] = answer.json()
    return registration


async def marked(caller: Caller, made: dict[str, Any], session_no: int, **statuses: str) -> Any:
    """`statuses` are marks by registration id."""
    marks = [{"registration_id": one, "status": status} for one, status in statuses.items()]
    return await caller.post(
        f"/v1/bimteks/{made['bimtek_id']}/sessions/{session_no}/attendance", {"marks": marks, "basis": "sample"}
    )


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()
