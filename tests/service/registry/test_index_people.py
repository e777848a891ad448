"""People who were registered before there were terms to find them by."""

import pytest
from simpul_registry.jobs import index_all
from simpul_registry.settings import configured_keys
from simpul_shared.platform.database import Database

from tests.service.registry.people import NAME, PHONE, held, leaks, registered
from tests.support.services import Caller, ServiceUnderTest


class Killed(Exception):
    pass


async def index(database: Database, *, killed_after: int | None = None) -> list[str]:
    """What the job says, one person a step."""
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if len(said) == killed_after:
            raise Killed

    await index_all(database, configured_keys(), say=say, step=1)
    return said


async def test_terms_are_made_for_those_who_have_none_once_and_on_from_where_it_was_killed(
    registry: ServiceUnderTest, national: Caller
) -> None:
    """Before migration 0030 a person was a name, a key and nothing to be found by."""
    pool = registry.database.pool
    path = await registered(national, nik=None)
    only_a_name = {"phone": None, "email": None, "gender": None, "birth_year": None, "nik": None}
    for name in (NAME, "Wayan Contoh"):
        await registered(national, **only_a_name | {"name": name})
    erased = await registered(national, **only_a_name | {"name": "Made Contoh"})
    query = "select person_id, kind, digest from person_term order by person_id, kind"
    await national.post(f"{erased}/erase", {"reason": "KELIRU"}, version=1)
    made = await pool.fetch(query)
    await pool.execute("delete from person_term")
    await pool.execute("update person set terms_version = 0")
    assert (await national.post("/v1/people/look-up", {"phone": PHONE})).json()["items"] == []

    with pytest.raises(Killed):
        await index(registry.database, killed_after=1)
    assert await index(registry.database) == ["people: 1 indexed", "people: 2 indexed", "people: all are indexed"]
    assert await pool.fetch(query) == made
    [found] = (await national.post("/v1/people/look-up", {"phone": PHONE})).json()["items"]
    assert f"/v1/people/{found['person_id']}" == path
    [pair] = (await national.get("/v1/person-duplicates")).json()["items"]
    assert pair["alike"] == ["name", "sound"]

    assert await index(registry.database) == ["people: all are indexed"]
    assert await pool.fetch(query) == made
    assert leaks(await held(pool)) == set()


async def test_a_correction_makes_the_terms_of_all_that_is_known_anew(
    registry: ServiceUnderTest, national: Caller
) -> None:
    pool = registry.database.pool
    path = await registered(national)
    query = "select kind, digest from person_term order by kind"
    made = await pool.fetch(query)
    await national.post(f"{path}/correct", {"birth_year": 1985}, version=1)
    changed = [one["kind"] for one, other in zip(made, await pool.fetch(query), strict=True) if one != other]
    assert changed == ["initials"]
    await national.post(f"{path}/correct", {"nik": None, "birth_year": None}, version=2)
    assert [one["kind"] for one in await pool.fetch(query)] == ["email", "name", "phone", "sound"]
