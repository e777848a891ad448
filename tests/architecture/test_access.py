"""No endpoint without a declared permission and region; the list of public ones is exactly what was reviewed."""

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute
from simpul_shared.access import PUBLIC_ROUTES
from simpul_shared.platform.http.app import UndeclaredRoute, every_route, guard_of, require_declared
from simpul_shared.platform.service import Service, describe

from tests.support.reference import ALL


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
def test_every_route_declares_a_permission_and_its_region_or_is_public(service: Service) -> None:
    routes = list(every_route(describe(service).routes))
    guarded = {}
    for route in routes:
        guard = guard_of(route) if isinstance(route, APIRoute) else None
        path = getattr(route, "path", "?")
        if guard is None:
            for method in (getattr(route, "methods", None) or {"?"}) - {"HEAD"}:
                assert (method, path) in PUBLIC_ROUTES
        else:
            assert guard.touches
            guarded[path] = guard.permission
    assert guarded


def test_a_route_without_a_permission_stops_the_service_from_starting() -> None:
    router = APIRouter()

    @router.get("/v1/secrets")
    def leak() -> str:
        return "all of them"

    with pytest.raises(UndeclaredRoute, match="/v1/secrets"):
        require_declared(router.routes)


def test_the_public_routes_are_these() -> None:
    assert {path for _, path in PUBLIC_ROUTES} == {
        "/",
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/asyncapi.json",
        "/schemas/{event_type}",
        "/static/simpul.css",
    }
