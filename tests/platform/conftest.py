"""The tally service: the platform with the smallest domain."""

from collections.abc import AsyncIterator

import pytest

from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, service_under_test
from tests.support.tally.service import TALLY


@pytest.fixture
async def tally(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(TALLY, databases) as service:
        yield service
