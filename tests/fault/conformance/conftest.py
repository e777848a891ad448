"""Each question is asked twice: of the model, and of the real server."""

from collections.abc import AsyncIterator

import pytest

from tests.fault.conformance.databases import Database, ModelDatabase, RealDatabase
from tests.support.databases import Databases
from tests.support.services import service_under_test
from tests.support.tally.service import TALLY


@pytest.fixture(params=["model", "real"])
async def database(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Database]:
    if request.param == "model":
        yield ModelDatabase()
        return
    async with service_under_test(TALLY, databases) as tally:
        yield RealDatabase(tally)
