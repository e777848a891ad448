"""A cursor that nobody was given is refused; it does not break the query that it goes into."""

from collections.abc import Mapping

import pytest
from simpul_shared.platform.http.query import encode_cursor

from tests.service.registry.test_decrees import BADUNG, Desk
from tests.service.registry.test_libraries import nominated
from tests.support.services import Caller, ServiceUnderTest

LISTS: Mapping[str, Mapping[str, object]] = {
    "/v1/libraries": {},
    "/v1/regions": {},
    "/v1/regions/crosswalk": {"within": "51", "from_on": "2021-01-01", "to_on": "2022-01-01"},
    "{library}/history": {},
    "{decree}/rows": {},
}


@pytest.mark.parametrize("keys", [(10**20,), (2**63,), (-1,), (10**20, "51")])
async def test_a_cursor_that_no_page_gave_is_refused_by_every_list(
    registry: ServiceUnderTest, national: Caller, keys: tuple[int | str, ...]
) -> None:
    decree = await Desk(registry).upload({**BADUNG, "51.03.02.2009": "Mengwi Kelod"})
    names = {"library": await nominated(national), "decree": f"/v1/region-decrees/{decree['decree_id']}"}
    for path, params in LISTS.items():
        response = await national.get(path.format(**names), cursor=encode_cursor(*keys), **params)
        assert (response.status_code, response.json()["code"]) == (422, "cursor-malformed"), path
    past = await national.get(f"{names['decree']}/rows", cursor=encode_cursor(2**62))
    assert (past.status_code, past.json()["items"]) == (200, [])
