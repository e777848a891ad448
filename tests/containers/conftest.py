"""The images, built once, and the whole compose project, brought up once for all its tests."""

from collections.abc import Iterator

import pytest

from tests.containers.engine import MEMBERS, compose, image_of, missing
from tests.containers.project import Project, running_project


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    """The name of each image by service."""
    why = missing()
    if why is not None:
        pytest.skip(f"Containers can't be tested here: {why}.")
    built = ["setup", "registry-migrate", "activities-migrate", "reporting-migrate"]
    compose("build", *built, project="simpul-test-build", settings={}, within=600)
    return {service: image_of(service) for service in MEMBERS}


@pytest.fixture(scope="session")
def project(images: dict[str, str]) -> Iterator[Project]:
    with running_project() as running:
        yield running
