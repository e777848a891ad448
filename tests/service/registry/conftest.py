"""The registry over a database of its own per test, with the few regions that the tests name."""

import base64
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from uuid import UUID, uuid5

import pytest
from simpul_registry import settings
from simpul_registry.app import SERVICE
from simpul_registry.store.dataset import RegionData, read_region_data

from tests.service.registry.loading import LoadedRegistry, load_with_a_kill
from tests.support.databases import Databases
from tests.support.services import Caller, ServiceUnderTest, service_under_test

_NAMES = UUID("5e1d4c8e-6a54-4c5b-9a0e-2f4f9f1f0a77")
_LEVELS = {0: "NASIONAL", 2: "PROVINSI", 5: "KABKOTA", 8: "KECAMATAN", 13: "DESA"}
_REGIONS = {
    "51": ("BALI", "PROVINSI"),
    "51.03": ("KAB. BADUNG", "KABUPATEN"),
    "51.03.02": ("Mengwi", "KECAMATAN"),
    "51.03.02.2008": ("Baha", "DESA"),
    "51.03.02.2009": ("Mengwi", "DESA"),
    "51.05": ("KAB. KLUNGKUNG", "KABUPATEN"),
    "51.05.02": ("Banjarangkan", "KECAMATAN"),
    "51.05.02.2003": ("Banjarangkan", "DESA"),
}


def region_id(code: str) -> UUID:
    return uuid5(_NAMES, code)


async def insert_regions(service: ServiceUnderTest) -> None:
    rows = [("ID", "Indonesia", "NASIONAL", "NEGARA", [region_id("ID")], "Asia/Jakarta")]
    for code, (name, kind) in _REGIONS.items():
        path = [region_id("ID"), *(region_id(code[:length]) for length in (2, 5, 8, 13) if length <= len(code))]
        rows.append((code, name, _LEVELS[len(code)], kind, path, "Asia/Makassar"))
    await service.database.pool.executemany(
        """
        insert into region_version (region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from,
            valid_to, decree, recorded_at, event_id, aggregate_version)
        values ($1, 'KEMENDAGRI', $2, $3, $4, $5, $6, $7, $8, $9, $10, 'test', '2020-01-01', gen_random_uuid(), 0)
        """,
        [
            (path[-1], code, name, level, kind, path[-2] if len(path) > 1 else None, path, zone, date.min, date.max)
            for code, name, level, kind, path, zone in rows
        ],
    )


@pytest.fixture(scope="session", autouse=True)
def person_key(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The file that SIMPUL_REGISTRY_PERSON_KEY_FILE names; that of the index key lies beside it."""
    path = tmp_path_factory.mktemp("keys") / "person-key"
    path.write_bytes(base64.b64encode(bytes(range(32))))
    index = path.with_name("person-index-key")
    index.write_bytes(base64.b64encode(bytes(range(32, 64))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMPUL_REGISTRY_PERSON_KEY_FILE", str(path))
        patch.setenv("SIMPUL_REGISTRY_PERSON_INDEX_KEY_FILE", str(index))
        settings.configured_keys.cache_clear()
        yield path


@pytest.fixture
async def registry(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(SERVICE, databases) as service:
        await insert_regions(service)
        yield service


@pytest.fixture
def national(registry: ServiceUnderTest) -> Caller:
    return registry.caller()


@pytest.fixture(scope="session")
async def loaded(databases: Databases) -> AsyncIterator[LoadedRegistry]:
    """A registry with all regions, loaded once a session by the real command, which is killed on its way."""
    async with service_under_test(SERVICE, databases) as service:
        loaded = await load_with_a_kill(service)
        await service.require_published()  # now, for tests/contract/test_seen.py comes before this fixture's end
        yield loaded


@pytest.fixture(scope="session")
def shipped() -> RegionData:
    return read_region_data()
