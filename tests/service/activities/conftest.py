"""Activities over a database of its own per test, told by the registry of a few regions, libraries and people."""

from collections.abc import AsyncIterator

import pytest
from simpul_activities.app import SERVICE
from simpul_shared.access import Role

from tests.service.activities import world
from tests.support.databases import Databases
from tests.support.services import Caller, ServiceUnderTest, service_under_test


@pytest.fixture
async def empty(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    """Activities before any event of the registry."""
    async with service_under_test(SERVICE, databases) as service:
        yield service


@pytest.fixture
async def activities(empty: ServiceUnderTest) -> ServiceUnderTest:
    await empty.receive(*world.everybody())
    assert not await empty.dead_letters()
    return empty


@pytest.fixture(scope="session")
async def shared(databases: Databases) -> AsyncIterator[ServiceUnderTest]:
    """One database for all tests whose outcome no other test's rows can change."""
    async with service_under_test(SERVICE, databases) as service:
        await service.receive(*world.everybody())
        yield service


@pytest.fixture
def called(request: pytest.FixtureRequest) -> ServiceUnderTest:
    """The test's own service if it asks for one, else the shared one: most tests don't see each other's rows."""
    name = "activities" if "activities" in request.fixturenames else "shared"
    service: ServiceUnderTest = request.getfixturevalue(name)
    return service


@pytest.fixture
def national(called: ServiceUnderTest) -> Caller:
    return called.caller()


@pytest.fixture
def badung(called: ServiceUnderTest) -> Caller:
    return called.caller(Role.REGENCY_ADMIN, "51.03", client="badung")


@pytest.fixture
def klungkung(called: ServiceUnderTest) -> Caller:
    return called.caller(Role.REGENCY_ADMIN, "51.05", client="klungkung")


@pytest.fixture
def mengwi(called: ServiceUnderTest) -> Caller:
    """The staff of one village library."""
    return called.caller(Role.LIBRARY_STAFF, "51.03.02.2009", client="mengwi")
