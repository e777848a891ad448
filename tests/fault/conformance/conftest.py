"""Each question is asked twice: of the model, and of the real server."""

from collections.abc import AsyncIterator

import pytest

from tests.fault.conformance.brokers import Broker, ModelBroker, RealBroker
from tests.fault.conformance.databases import Database, ModelDatabase, RealDatabase
from tests.support.databases import Databases
from tests.support.pipeline import topics
from tests.support.services import service_under_test
from tests.support.tally.service import TALLY


@pytest.fixture(params=["model", "real"])
async def database(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Database]:
    if request.param == "model":
        yield ModelDatabase()
        return
    async with service_under_test(TALLY, databases) as tally:
        yield RealDatabase(tally)


@pytest.fixture(params=["model", "real"])
async def broker(request: pytest.FixtureRequest, kafka: str) -> AsyncIterator[Broker]:
    if request.param == "model":
        yield ModelBroker()
        return
    async with topics(kafka) as settings:
        yield RealBroker(settings)
