"""Loads the sample: targets, libraries, people, Bimteks, activities. What is there already is left as it is."""

from collections.abc import Callable, Iterable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simpul_operator.demo import sample
from simpul_operator.demo.client import Platform
from simpul_operator.demo.sample import Bimtek, Library

Say = Callable[[str], None]
_ZONE = ZoneInfo("Asia/Makassar")


async def load(platform: Platform, say: Say) -> None:
    """Errors: Failure, when an API refuses."""
    say("Targets of the programme year 2021 ...")
    await _targets(platform)
    say("Twelve village libraries of Bali, nominated, verified, designated, activated ...")
    libraries = await _libraries(platform)
    say("National Bimtek, Tuban, 28 June to 2 July 2021 ...")
    national = await _bimtek(platform, sample.NATIONAL, libraries, parent=None)
    say("Bimtek SPP-TIK, Badung, 19 to 21 July 2022 (year inferred) ...")
    await _bimtek(platform, sample.BADUNG, libraries, parent=national)
    say("Community activities (invented) ...")
    await _activities(platform, libraries)


async def _targets(platform: Platform) -> None:
    page = await platform.get("reporting", "/v1/targets", programme_year=sample.PROGRAMME_YEAR, limit=200)
    present = {(one["indicator"], one["region"]["code"]) for one in page["items"]}
    for target in sample.TARGETS:
        if (target.indicator, target.region) in present:
            continue
        body = {
            "programme_year": sample.PROGRAMME_YEAR,
            "indicator": target.indicator,
            "region_code": target.region,
            "value": target.value,
            "basis": "stated",
        }
        await platform.post("reporting", "/v1/targets", body, key=f"target/{target.indicator}/{target.region}")


async def _libraries(platform: Platform) -> dict[str, dict[str, Any]]:
    """The libraries by village code, each brought as far as activated."""
    page = await platform.get("registry", "/v1/libraries", region="51", programme_year=sample.PROGRAMME_YEAR, limit=200)
    present = {one["region"]["code"]: one for one in page["items"]}
    return {
        library.code: await _activate(platform, library, present.get(library.code)) for library in sample.libraries()
    }


async def _activate(platform: Platform, library: Library, found: dict[str, Any] | None) -> dict[str, Any]:
    """From wherever the library stands to active, each step by the level of government whose step it is."""
    current = found or await platform.post(
        "registry",
        "/v1/libraries",
        {
            "name": library.name,
            "type": "DESA",
            "region_code": library.code,
            "nominated_on": sample.NOMINATED_ON,
            "programme_year": sample.PROGRAMME_YEAR,
            "scheme": "STIMULAN_APBN",
            "basis": "stated",
        },
        key=f"library/{library.code}",
        role="regency-admin",
        region=library.regency,
    )
    decree = {
        "sk_no": sample.SK_NO,
        "sk_date": sample.SK_DATE,
        "programme_year": sample.PROGRAMME_YEAR,
        "scheme": "STIMULAN_APBN",
    }
    steps = {
        "DIUSULKAN": ("verify", {}, "province-admin", "51"),
        "TERVERIFIKASI": ("designate", decree, "national-admin", "ID"),
        "DITETAPKAN": ("activate", {"effective_on": sample.ACTIVE_ON}, "regency-admin", library.regency),
    }
    while current["status"] in steps:
        step, body, role, region = steps[current["status"]]
        current = await platform.post(
            "registry",
            f"/v1/libraries/{current['library_id']}/{step}",
            body,
            key=f"library/{library.code}/{step}",
            role=role,
            region=region,
            version=current["version"],
        )
    return current


async def _people(platform: Platform, bimtek: Bimtek) -> dict[str, list[str]]:
    """Person ids of each delegation, by village code; the same people in both Bimteks, by their keys."""
    people: dict[str, list[str]] = {}
    for library in bimtek.delegations():
        people[library.code] = [
            (
                await platform.post(
                    "registry",
                    "/v1/people",
                    {
                        "name": f"Peserta Contoh {library.village} ({role})",
                        "region_code": library.code,
                        "basis": "sample",
                    },
                    key=f"person/{library.code}/{role}",
                    role="regency-admin",
                    region=library.regency,
                )
            )["person_id"]
            for role in sample.DELEGATES
        ]
    return people


async def _bimtek(
    platform: Platform,
    bimtek: Bimtek,
    libraries: dict[str, dict[str, Any]],
    *,
    parent: str | None,
) -> str:
    current = await _plan(platform, bimtek, parent)
    bimtek_id: str = current["bimtek_id"]
    if current["status"] == "SELESAI":
        return bimtek_id
    steps = {"DIRENCANAKAN": "announce", "DIUMUMKAN": "start"}
    while current["status"] in steps:
        current = await _move(platform, bimtek, current, steps[current["status"]])
    registrations = await _register(platform, bimtek, bimtek_id, libraries)
    await _attend(platform, bimtek, bimtek_id, registrations)
    await _follow_up(platform, bimtek, bimtek_id, libraries)
    current = await platform.get("activities", f"/v1/bimteks/{bimtek_id}")
    await _move(platform, bimtek, current, "close")
    return bimtek_id


async def _move(platform: Platform, bimtek: Bimtek, current: dict[str, Any], step: str) -> Any:
    path = f"/v1/bimteks/{current['bimtek_id']}/{step}"
    return await platform.post("activities", path, {}, key=f"bimtek/{bimtek.slug}/{step}", version=current["version"])


async def _plan(platform: Platform, bimtek: Bimtek, parent: str | None) -> Any:
    listed = await platform.get(
        "activities", "/v1/bimteks", region="51", **{"from": str(bimtek.starts_on), "to": str(bimtek.ends_on)}
    )
    for one in listed["items"]:
        if one["title"] == bimtek.title:
            return await platform.get("activities", f"/v1/bimteks/{one['bimtek_id']}")
    body = {
        "title": bimtek.title,
        "kind": bimtek.kind,
        "level": bimtek.level,
        "mode": "LURING",
        "region_code": bimtek.region,
        "region_basis": bimtek.region_basis,
        "venue": bimtek.venue,
        "starts_on": str(bimtek.starts_on),
        "ends_on": str(bimtek.ends_on),
        "organisers": [{"name": name} for name in bimtek.organisers],
        "officials": [{"name": one.name, "role": one.role} for one in bimtek.officials],
        "sessions": list(_sessions(bimtek)),
        "basis": bimtek.basis,
    }
    if parent is not None:
        body |= {"parent_bimtek_id": parent, "parent_basis": "inferred"}
    return await platform.post("activities", "/v1/bimteks", body, key=f"bimtek/{bimtek.slug}")


def _sessions(bimtek: Bimtek) -> Iterable[dict[str, object]]:
    for no, session in enumerate(bimtek.sessions, start=1):
        day = bimtek.starts_on + timedelta(days=no - 1)
        yield {
            "no": no,
            "subject": session.subject,
            "method": session.method,
            "starts_at": datetime.combine(day, time(9), _ZONE).isoformat(),
            "ends_at": datetime.combine(day, time(15), _ZONE).isoformat(),
            "basis": "inferred",
        }


async def _register(
    platform: Platform,
    bimtek: Bimtek,
    bimtek_id: str,
    libraries: dict[str, dict[str, Any]],
) -> list[str]:
    people = await _people(platform, bimtek)
    return [
        (
            await platform.post(
                "activities",
                f"/v1/bimteks/{bimtek_id}/registrations",
                {"person_id": person, "library_id": libraries[library.code]["library_id"], "basis": "sample"},
                key=f"bimtek/{bimtek.slug}/registration/{library.code}/{number}",
            )
        )["registration_id"]
        for library in bimtek.delegations()
        for number, person in enumerate(people[library.code])
    ]


async def _attend(platform: Platform, bimtek: Bimtek, bimtek_id: str, registrations: list[str]) -> None:
    """Everybody present, but for one excused and one late in each session, in turn."""
    for no in range(1, len(bimtek.sessions) + 1):
        marks = [
            {"registration_id": one, "status": {no: "IZIN", no + 5: "TERLAMBAT"}.get(place, "HADIR")}
            for place, one in enumerate(registrations)
        ]
        await platform.post(
            "activities",
            f"/v1/bimteks/{bimtek_id}/sessions/{no}/attendance",
            {"marks": marks, "basis": "sample"},
            key=f"bimtek/{bimtek.slug}/attendance/{no}",
        )


async def _follow_up(platform: Platform, bimtek: Bimtek, bimtek_id: str, libraries: dict[str, dict[str, Any]]) -> None:
    due = str(bimtek.ends_on + timedelta(days=90))
    for library in bimtek.delegations():
        items = [
            {"no": 1, "pillar": "PELIBATAN_MASYARAKAT", "text": "Kegiatan bersama warga setiap bulan", "due_on": due},
            {"no": 2, "pillar": "ADVOKASI", "text": "Anggaran perpustakaan dalam APBDes", "due_on": due},
        ]
        await platform.post(
            "activities",
            f"/v1/bimteks/{bimtek_id}/plans",
            {"library_id": libraries[library.code]["library_id"], "items": items, "basis": "sample"},
            key=f"bimtek/{bimtek.slug}/plan/{library.code}",
        )


async def _activities(platform: Platform, libraries: dict[str, dict[str, Any]]) -> None:
    for library in sample.libraries():
        library_id = libraries[library.code]["library_id"]
        listed = await platform.get("activities", "/v1/activities", library_id=library_id, limit=200)
        present = {one["title"] for one in listed["items"]}
        for number, activity in enumerate(sample.activities(library)):
            if activity.title in present:
                continue
            total = activity.female + activity.male
            ages = dict.fromkeys(("from_0_to_6", "from_7_to_12", "from_13_to_17", "from_60", "unknown"), 0)
            body = {
                "library_id": library_id,
                "category": activity.category,
                "title": activity.title,
                "starts_at": activity.starts_at,
                "counts": {
                    "total": total,
                    "gender": {"male": activity.male, "female": activity.female, "unknown": 0},
                    "age": ages | {"from_18_to_35": activity.male, "from_36_to_59": activity.female},
                    "disability": 0,
                    "low_income": 1,
                },
                "method": "COUNTED",
                "basis": "sample",
            }
            await platform.post("activities", "/v1/activities", body, key=f"activity/{library.code}/{number}")
