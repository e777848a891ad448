"""The whole platform from docker-compose.yml, as its user meets it: through the published ports."""

import json
import sys
import time
from pathlib import Path

import httpx
import pytest
from simpul_operator.addresses import SERVICES
from simpul_operator.tokens import fetch_token

from tests.containers.engine import run
from tests.containers.project import Container, Project

pytestmark = [pytest.mark.containers, pytest.mark.timeout(1300)]

_OF_REGISTRY = {f"registry-{job}" for job in ("person-key", "load-regions", "index-people")}
ONCE = {"setup", *_OF_REGISTRY, *(f"{one}-migrate" for one in SERVICES)}
STAYING = {"kafka", "issuer", *(f"{one}-{part}" for one in SERVICES for part in ("postgres", "api", "worker"))}

KILL = (
    "import os, pathlib; [os.kill(int(pid), 9) for pid in pathlib.Path('/proc/1/task/1/children').read_text().split()]"
)
"""Ends what the container's init started."""


def test_everything_becomes_healthy_and_what_runs_once_ends_well(project: Project) -> None:
    states = {name: one.state for name, one in project.containers().items()}
    assert states == dict.fromkeys(ONCE, "exited 0") | dict.fromkeys(STAYING, "healthy")


@pytest.mark.parametrize("service", SERVICES)
def test_api_and_worker_answer_that_they_are_ready(project: Project, service: str) -> None:
    for address in (project.addresses.api(service), project.addresses.admin(service)):
        answer = httpx.get(f"{address}/health/ready", trust_env=False)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_token_of_the_issuer_is_accepted_by_the_services(project: Project) -> None:
    token = fetch_token(project.addresses.issuer, client_id="test", role="national-admin", regions=["ID"])
    asked = f"{project.addresses.reporting}/v1/reports/realisation?programme_year=2021&region=ID"
    assert httpx.get(asked, trust_env=False).status_code == 401
    assert httpx.get(asked, headers={"Authorization": f"Bearer {token}"}, trust_env=False).status_code != 401


def test_all_is_published_on_loopback_only_and_no_database_is(project: Project) -> None:
    published = {name: _published(one) for name, one in project.containers().items()}
    served = {"issuer", *(f"{one}-{part}" for one in SERVICES for part in ("api", "worker"))}
    assert {name for name, addresses in published.items() if addresses} == served
    assert {address for addresses in published.values() for address in addresses} == {"127.0.0.1"}


def _published(container: Container) -> set[str]:
    ports = container.told["NetworkSettings"]["Ports"] or {}
    return {binding["HostIp"] for bindings in ports.values() for binding in bindings or []}


def test_containers_hold_no_privileges(project: Project) -> None:
    for name, container in project.containers().items():
        host = container.told["HostConfig"]
        assert host["CapDrop"] == ["ALL"], name
        assert host["SecurityOpt"] == ["no-new-privileges:true"], name
        assert host["ReadonlyRootfs"] or name == "kafka", name


def test_demo_on_the_host_prints_the_figures_of_the_sample(project: Project, tmp_path: Path) -> None:
    options = ["--exit", "--json", f"--port-base={project.ports.base}", f"--data-dir={tmp_path / 'none'}"]
    done = run([sys.executable, "-m", "simpul_operator.cli", "demo", *options], within=400)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["programme_year"], report["realised"], report["target"]) == (2021, 12, 450)
    assert report["provinces_target"] == 32
    figures = {one["code"]: (one["realised"], one["target"]) for one in report["regions"]}
    assert figures.items() >= {"51": (12, 12), "51.03": (5, 5), "51.05": (4, 4), "51.02": (3, 3)}.items()


def test_service_that_is_killed_comes_back(project: Project) -> None:
    before = project.containers()["reporting-worker"].restarts
    project.compose("exec", "-T", "reporting-worker", "python", "-c", KILL)
    _wait_for_restart(project, "reporting-worker", after=before)
    project.wait_until_well()


def _wait_for_restart(project: Project, name: str, *, after: int) -> None:
    deadline = time.monotonic() + 30
    while project.containers()[name].restarts == after:
        assert time.monotonic() < deadline, f"{name} was not started again"
        time.sleep(0.5)


def test_second_up_keeps_what_runs(project: Project) -> None:
    before = {name: one.id for name, one in project.containers().items() if name in STAYING}
    project.up()
    after = project.wait_until_well()
    assert {name: one.id for name, one in after.items() if name in STAYING} == before
