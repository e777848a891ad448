"""What happened to a library is told whole, however long ago it was."""

from pathlib import Path
from uuid import UUID

from simpul_shared.platform.archive import Archive
from simpul_shared.platform.http.query import encode_cursor

from tests.service.registry.archived import put_away, reading
from tests.service.registry.test_libraries import active
from tests.support.databases import Databases
from tests.support.services import Caller, ServiceUnderTest


async def test_events_of_archived_days_are_in_the_history_of_a_library_page_by_page(
    registry: ServiceUnderTest, national: Caller, databases: Databases, tmp_path: Path
) -> None:
    path = await active(national)
    whole = (await national.get(f"{path}/history")).json()
    assert len(whole["items"]) == 4
    archive = Archive(tmp_path, "registry")
    assert await put_away(registry, databases, UUID(path.rpartition("/")[2]), archive, through=3) == 3

    async with reading(registry, archive) as caller:
        assert (await caller.get(f"{path}/history")).json() == whole
        first = (await caller.get(f"{path}/history", limit=2)).json()
        rest = (await caller.get(f"{path}/history", limit=2, cursor=first["next_cursor"])).json()
        assert (first["items"] + rest["items"], rest["next_cursor"]) == (whole["items"], None)
    async with reading(registry, None) as caller:
        lost = await caller.get(f"{path}/history")
        assert (lost.status_code, lost.json()["code"]) == (503, "archive-unreadable")
        recent = await caller.get(f"{path}/history", cursor=encode_cursor(3))
        assert recent.json()["items"] == whole["items"][3:]
