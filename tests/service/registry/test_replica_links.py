"""Who mentors whom: through which Bimtek, over merges and their undoing, and who is told to be a replicator."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from simpul_registry.commands.replicators import Cause, tell_replicators
from simpul_registry.domain.succession import LinksChanged
from simpul_shared.contracts import registry as announced
from simpul_shared.contracts.activities import BimtekCancelled, BimtekPlanned
from simpul_shared.vocabulary import Basis, BimtekKind, BimtekLevel, DeliveryMode

from tests.service.registry.conftest import region_id
from tests.service.registry.test_libraries import active, nominated, refused, step
from tests.service.registry.test_succession import id_of, merged
from tests.support.services import ORIGIN, Caller, ServiceUnderTest

TOLD = (announced.LibraryBecameReplicator, announced.LibraryCeasedReplicator)


def bimtek() -> BimtekPlanned:
    return BimtekPlanned(
        bimtek_id=uuid4(),
        title="Bimtek",
        kind=BimtekKind.REPLICATION,
        level=BimtekLevel.REGENCY,
        mode=DeliveryMode.ON_SITE,
        region_id=region_id("51.03"),
        region_basis=Basis.SAMPLE,
        timezone="Asia/Makassar",
        starts_on=date(2022, 7, 19),
        ends_on=date(2022, 7, 21),
        session_count=1,
        basis=Basis.SAMPLE,
    )


async def linked(caller: Caller, source: str, replica: str, **changed: object) -> Any:
    version = (await caller.get(source)).json()["version"]
    body = {"replica_id": id_of(replica), "effective_on": "2022-07-21"} | changed
    answer = await caller.post(f"{source}/replicas", body, version=version)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def standing(caller: Caller, *paths: str) -> list[str]:
    return [(await caller.get(path, redirect=False)).json()["status"] for path in paths]


async def told(registry: ServiceUnderTest, path: str) -> str:
    """Became and Ceased in the order of the library's events, by their first letters."""
    return "".join(
        one.type.split(".library-")[1][0].upper() for one in await registry.ledger(*TOLD) if one.subject == id_of(path)
    )


async def test_a_library_is_a_replicator_while_one_that_it_mentors_is_active_and_is_told_of_each_change(
    registry: ServiceUnderTest, national: Caller
) -> None:
    source, replica, later = [await active(national, name=name) for name in ("A", "B", "C")]
    planned = bimtek()
    await registry.receive(planned)
    before = (await national.get(source)).json()["version"]
    first = await linked(national, source, replica, via_bimtek_id=str(planned.bimtek_id))
    assert (first["status"], first["version"]) == ("REPLIKATOR", before + 2)
    await linked(national, source, later)
    assert await told(registry, source) == "B"

    await step(national, replica, "close", {"reason": "x"})
    assert (await standing(national, source), await told(registry, source)) == (["REPLIKATOR"], "B")
    await step(national, later, "dormant", {"reason": "x"})
    assert (await standing(national, source), await told(registry, source)) == (["AKTIF"], "BC")
    await step(national, later, "reactivate")
    assert (await standing(national, source), await told(registry, source)) == (["REPLIKATOR"], "BCB")
    assert [one["name"] for one in (await national.get("/v1/libraries", status="REPLIKATOR")).json()["items"]] == ["A"]

    version = (await national.get(source)).json()["version"]
    ended = await national.post(f"{source}/replicas/{id_of(later)}/end", {"reason": "Selesai"}, version=version)
    assert (ended.json()["status"], ended.json()["version"]) == ("AKTIF", version + 2)
    assert await told(registry, source) == "BCBC"
    [mentor] = (await national.get(f"{replica}/replicas")).json()["mentors"]
    assert (mentor["library_id"], mentor["via_bimtek_id"]) == (id_of(source), str(planned.bimtek_id))
    await linked(national, source, later)
    assert await told(registry, source) == "BCBCB"


async def test_links_of_a_merged_library_pass_to_its_survivor_and_come_back(
    registry: ServiceUnderTest, national: Caller
) -> None:
    source, replica, heir, other = [await active(national, name=name) for name in ("A", "B", "C", "D")]
    await linked(national, source, replica)
    await merged(national, replica, other)
    await merged(national, source, heir)

    assert await standing(national, source, heir) == ["DIGABUNG", "REPLIKATOR"]
    [link] = (await national.get(f"{heir}/replicas")).json()["replicas"]
    assert (link["library_id"], link["replica_id"]) == (id_of(heir), id_of(other))
    assert (link["linked_library_id"], link["linked_replica_id"]) == (id_of(source), id_of(replica))
    assert (await national.get(f"{other}/replicas")).json()["mentors"] == [link]
    assert await refused(national, heir, "replicas", {"replica_id": id_of(other)}) == (409, "replica-linked-already")

    version = (await national.get(source, redirect=False)).json()["version"]
    back = await national.post(f"{source}/unmerge", {"reason": "Dua gedung"}, version=version)
    assert (back.json()["status"], await standing(national, heir)) == ("REPLIKATOR", ["AKTIF"])
    assert (await told(registry, source), await told(registry, heir)) == ("B", "BC")
    [link] = (await national.get(f"{source}/replicas")).json()["replicas"]
    assert link["replica_id"] == id_of(other)


async def test_when_the_middle_of_a_line_of_merges_stands_again_it_has_the_links_of_those_before_it(
    registry: ServiceUnderTest, national: Caller
) -> None:
    first, middle, last, replica = [await active(national, name=name) for name in ("A", "B", "C", "D")]
    await linked(national, first, replica)
    await merged(national, first, middle)
    await merged(national, middle, last)
    assert await standing(national, first, middle, last) == ["DIGABUNG", "DIGABUNG", "REPLIKATOR"]

    version = (await national.get(middle, redirect=False)).json()["version"]
    assert (await national.post(f"{middle}/unmerge", {"reason": "x"}, version=version)).status_code == 200
    assert await standing(national, first, middle, last) == ["DIGABUNG", "REPLIKATOR", "AKTIF"]
    [link] = (await national.get(f"{replica}/replicas")).json()["mentors"]
    assert (link["library_id"], link["linked_library_id"]) == (id_of(middle), id_of(first))


@pytest.mark.parametrize("gone", ["replica", "mentor"])
async def test_a_mentor_and_its_replica_made_one_are_no_replicator_until_they_are_two_again(
    registry: ServiceUnderTest, national: Caller, gone: str
) -> None:
    source, replica = [await active(national, name=name) for name in ("A", "B")]
    await linked(national, source, replica)
    pair = (replica, source) if gone == "replica" else (source, replica)
    await merged(national, *pair)
    assert await standing(national, pair[1]) == ["AKTIF"]
    assert (await national.get(f"{pair[1]}/replicas")).json() == {"replicas": [], "mentors": []}

    version = (await national.get(pair[0], redirect=False)).json()["version"]
    assert (await national.post(f"{pair[0]}/unmerge", {"reason": "x"}, version=version)).status_code == 200
    assert await standing(national, source, replica) == ["REPLIKATOR", "AKTIF"]
    assert await told(registry, source) == ("BCB" if gone == "replica" else "B")


async def test_a_merge_or_its_undoing_that_would_close_a_ring_of_mentors_is_refused(national: Caller) -> None:
    first, second, third = [await active(national, name=name) for name in ("A", "B", "C")]
    await linked(national, first, second)
    await linked(national, second, third)
    body = {"survivor_id": id_of(first), "reason": "x", "effective_on": "2024-03-01"}
    assert await refused(national, third, "merge", body) == (409, "mentored-by-replica")
    assert await standing(national, third) == ["AKTIF"]

    await merged(national, second, third)
    await merged(national, first, third)
    version = (await national.get(second, redirect=False)).json()["version"]
    undone = await national.post(f"{second}/unmerge", {"reason": "x"}, version=version)
    assert (undone.status_code, undone.json()["code"]) == (409, "mentored-by-replica")


async def test_whatever_happens_at_once_around_a_mentor_it_is_told_what_it_is_in_the_end(
    registry: ServiceUnderTest, national: Caller
) -> None:
    source, heir, replica, other = [await active(national, name=name) for name in ("A", "B", "C", "D")]
    await linked(national, source, replica)

    async def tried(path: str, what: str, body: object = None) -> int:
        version = (await national.get(path, redirect=False)).json()["version"]
        return (await national.post(f"{path}/{what}", body, version=version)).status_code

    reason = {"reason": "x"}
    for _ in range(5):
        answers = await asyncio.gather(
            tried(replica, "dormant", reason),
            tried(source, "merge", reason | {"survivor_id": id_of(heir)}),
            tried(source, "replicas", {"replica_id": id_of(other)}),
            tried(heir, "replicas", {"replica_id": id_of(replica)}),
            tried(source, f"replicas/{id_of(other)}/end", reason),
            tried(replica, "reactivate"),
            tried(source, "unmerge", reason),
            tried(source, "rename", {"new_name": uuid4().hex}),
        )
        assert set(answers) <= {200, 409, 412}, answers
        rows = await registry.database.pool.fetch(
            "select library_id, told_replicator, active_replicas from library_now where merged_into is null"
        )
        for row in rows:
            assert row["told_replicator"] is (row["active_replicas"] > 0)
            assert (await told(registry, f"/{row['library_id']}")).endswith("B") is row["told_replicator"]


async def test_a_library_neither_closes_nor_merges_before_others_were_merged_into_it_or_linked_with_it(
    national: Caller,
) -> None:
    source, replica, gone, heir = [await active(national, name=name) for name in ("A", "B", "C", "D")]
    await merged(national, gone, source, effective_on="2024-06-01")
    await linked(national, source, replica, effective_on="2024-05-01")
    early = {"effective_on": "2024-05-31", "reason": "x"}
    assert await refused(national, source, "close", early) == (422, "date-too-early")
    assert await refused(national, source, "merge", early | {"survivor_id": id_of(heir)}) == (422, "date-too-early")
    assert await refused(national, replica, "close", early | {"effective_on": "2024-04-30"}) == (422, "date-too-early")
    end = {"effective_on": "2024-07-01", "reason": "x"}
    version = (await national.get(source)).json()["version"]
    assert (await national.post(f"{source}/replicas/{id_of(replica)}/end", end, version=version)).status_code == 200
    for bound in (source, replica):
        early = {"effective_on": "2024-06-30", "reason": "x"}
        assert await refused(national, bound, "close", early) == (422, "date-too-early")
        await step(national, bound, "close", early | {"effective_on": "2024-07-01"})


async def test_the_link_of_a_mentor_that_has_closed_is_ended_and_nobody_is_told_of_a_replicator(
    registry: ServiceUnderTest, national: Caller
) -> None:
    source, replica = [await active(national, name=name) for name in ("A", "B")]
    await linked(national, source, replica)
    await step(national, source, "close", {"reason": "x", "effective_on": "2024-01-01"})
    ended = await step(
        national, source, f"replicas/{id_of(replica)}/end", {"reason": "Tutup", "effective_on": "2024-01-01"}
    )
    assert ended["status"] == "DITUTUP"
    assert (await national.get(f"{replica}/replicas")).json() == {"replicas": [], "mentors": []}
    assert await told(registry, source) == "B"


async def test_links_that_cannot_be_are_refused(national: Caller) -> None:
    source, replica = await active(national, name="A"), await active(national, name="B")
    await linked(national, source, replica)
    again = {"replica_id": id_of(replica)}
    assert await refused(national, source, "replicas", again) == (409, "replica-linked-already")
    assert await refused(national, replica, "replicas", {"replica_id": id_of(source)}) == (409, "mentored-by-replica")
    assert await refused(national, source, "replicas", {"replica_id": id_of(source)}) == (422, "one-library-only")
    assert await refused(national, source, "replicas", {"replica_id": str(uuid4())}) == (404, "library-unknown")
    new = await nominated(national)
    assert await refused(national, source, "replicas", {"replica_id": id_of(new)}) == (409, "replica-not-at-work")
    end = f"replicas/{id_of(source)}/end"
    assert await refused(national, replica, end, {"reason": "x"}) == (409, "replica-not-linked")
    early = {"reason": "x", "effective_on": "2022-07-20"}
    assert await refused(national, source, f"replicas/{id_of(replica)}/end", early) == (422, "date-too-early")


async def test_a_bimtek_that_is_not_known_here_may_be_on_its_way(registry: ServiceUnderTest, national: Caller) -> None:
    source, replica = await active(national, name="A"), await active(national, name="B")
    planned = bimtek()
    body = {"replica_id": id_of(replica), "via_bimtek_id": str(planned.bimtek_id)}
    version = (await national.get(source)).json()["version"]
    early = await national.post(f"{source}/replicas", body, version=version)
    assert (early.status_code, early.json()["code"], early.json()["field"]) == (409, "bimtek-unknown", "/via_bimtek_id")
    assert early.headers["retry-after"] == "2"
    assert early.json()["detail"].startswith(f"No Bimtek {planned.bimtek_id} is known here. No events of activities")
    await registry.receive(planned)
    assert (await national.post(f"{source}/replicas", body, version=version)).status_code == 200


async def test_a_cancelled_bimtek_is_refused_and_links_made_before_it_was_cancelled_stay(
    registry: ServiceUnderTest, national: Caller
) -> None:
    source, first, later = [await active(national, name=name) for name in ("A", "B", "C")]
    planned, other = bimtek(), bimtek()
    await registry.receive(planned, other)
    via = {"via_bimtek_id": str(planned.bimtek_id)}
    await linked(national, source, first, **via)
    await registry.receive(BimtekCancelled(bimtek_id=planned.bimtek_id, reason="Banjir"))

    assert await refused(national, source, "replicas", via | {"replica_id": id_of(later)}) == (409, "bimtek-cancelled")
    [link] = (await national.get(f"{source}/replicas")).json()["replicas"]
    assert (link["replica_id"], link["via_bimtek_id"]) == (id_of(first), str(planned.bimtek_id))
    assert await standing(national, source) == ["REPLIKATOR"]
    await linked(national, source, later, via_bimtek_id=str(other.bimtek_id))


async def test_a_mentor_that_came_after_the_locks_were_taken_makes_the_request_be_repeated(
    registry: ServiceUnderTest, national: Caller
) -> None:
    source, replica = await active(national, name="A"), await active(national, name="B")
    await linked(national, source, replica)
    cause = Cause(UUID(id_of(replica)), date(2024, 1, 1), datetime.now(UTC), "Asia/Makassar")
    async with registry.database.transaction(ORIGIN) as tx:
        await tx.lock(id_of(replica))
        await tx.execute("update library set status = 'NONAKTIF' where library_id = $1", cause.replica_id)
        with pytest.raises(LinksChanged):
            await tell_replicators(tx, [cause.replica_id], cause)
