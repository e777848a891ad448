from collections.abc import AsyncIterator

import pytest
from simpul_reporting.app import SERVICE

from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, service_under_test


@pytest.fixture
async def reporting(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(SERVICE, databases) as service:
        yield service
