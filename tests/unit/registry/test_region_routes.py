"""Every read of regions and offices is as of a day and as known at a moment."""

import pytest
from fastapi.routing import APIRoute
from simpul_registry.api import offices, regions

ALL_DAYS = {"/v1/regions/{region_id}/history", "/v1/regions/{region_id}/lineage", "/v1/regions/{region_id}/codes"}
"""They tell the intervals themselves."""

READS = [
    route
    for route in (*regions.router.routes, *offices.router.routes)
    if isinstance(route, APIRoute) and route.methods and "GET" in route.methods
]


@pytest.mark.parametrize("route", READS, ids=lambda route: route.path)
def test_a_read_takes_the_day_and_the_moment_of_what_was_known(route: APIRoute) -> None:
    asked = {one.name for one in route.dependant.query_params}
    assert "known_on" in asked
    assert route.path in ALL_DAYS or asked & {"valid_on", "to_on"}
