"""Runs last (tests/conftest.py): what the services recorded in this run of the tests followed the published schemas."""

from pathlib import Path

import pytest
from simpul_shared.contracts.catalogue import EVENTS
from simpul_shared.contracts.reading import UPCASTERS

from tests.support.published import SEEN

SERVICE_TESTS = Path(__file__).parent.parent / "service"


@pytest.mark.parametrize("service", ["registry", "activities", "reporting"])
def test_every_event_type_was_recorded_by_its_service_and_followed_its_schema(
    service: str, request: pytest.FixtureRequest
) -> None:
    left_out = set((SERVICE_TESTS / service).rglob("test_*.py")) - {item.path for item in request.session.items}
    if left_out:
        pytest.skip(f"needs all tests of the service in the same run; {len(left_out)} files of them are not")
    current = {name for name, kind in EVENTS.items() if kind.topic.service == service and kind not in UPCASTERS}
    assert current, "a service without events"
    assert current - SEEN == set()
