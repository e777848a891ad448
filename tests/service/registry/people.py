"""An invented person with all that may be known of one, and what the database holds of it."""

import asyncpg

from tests.support.services import Caller

NAME = "Ni Luh Contoh Kenari"
PHONE = "+6281299900017"
EMAIL = "kenari.contoh@example.org"
NIK = "5103025507840017"
PERSONAL = {"name": NAME, "phone": "0812-9990-0017", "email": EMAIL, "gender": "P", "birth_year": 1984, "nik": NIK}
BODY = {**PERSONAL, "region_code": "51.03.02.2009", "basis": "sample"}
NUMBER = "FASDA-UJI-0017"
PLANTED = (NUMBER, NAME, "Kenari", PHONE, PHONE[3:], "0812-9990-0017", EMAIL, NIK)


async def registered(caller: Caller, **changed: object) -> str:
    """The path of a person registered anew."""
    response = await caller.post("/v1/people", BODY | changed)
    assert response.status_code == 201, response.text
    return response.headers["location"]


async def held(pool: "asyncpg.Pool[asyncpg.Record]") -> str:
    """Every row of every table that the app role may read, binary values in hex."""
    tables = await pool.fetch(
        """
        select quote_ident(relname) as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and has_table_privilege(oid, 'select')
        """
    )
    rows = [
        await pool.fetchval(f"select coalesce(string_agg(t::text, chr(10)), '') from {row['name']} t")  # noqa: S608
        for row in tables
    ]
    return "\n".join(rows)


def leaks(text: str) -> set[str]:
    """Which of the planted values stand in a text, as they are or in hex."""
    folded = text.casefold()
    return {one for one in PLANTED if one.casefold() in folded or one.encode().hex() in folded}
