"""The tally service behind a real socket, as followers see a service."""

from collections.abc import AsyncIterator

import pytest

from tests.support.databases import Databases
from tests.support.services import ServiceUnderTest, service_under_test
from tests.support.serving import Served, serving
from tests.support.tally.service import TALLY


@pytest.fixture
async def tally(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    async with service_under_test(TALLY, databases) as service:
        yield service


@pytest.fixture
async def served(tally: ServiceUnderTest) -> AsyncIterator[Served]:
    async with serving(tally) as one:
        yield one
