"""docker-compose.yml brought up under a name and on ports of its own."""

import json
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from simpul_operator.addresses import SERVICES, Addresses, Ports, addresses_of
from simpul_operator.embedded.ports import require_free
from simpul_operator.failures import PortTaken

from tests.containers.engine import compose, docker, outcome


@dataclass(frozen=True)
class Container:
    """What `docker inspect` tells of one."""

    told: Any

    @property
    def id(self) -> str:
        return str(self.told["Id"])

    @property
    def service(self) -> str:
        """Its name in docker-compose.yml."""
        return str(self.told["Config"]["Labels"]["com.docker.compose.service"])

    @property
    def restarts(self) -> int:
        return int(self.told["RestartCount"])

    @property
    def state(self) -> str:
        """`healthy` is well where there is a health check, `exited 0` where it runs only once."""
        state = self.told["State"]
        if state["Status"] == "exited":
            return f"exited {state['ExitCode']}"
        return (
            str(state["Health"]["Status"])
            if state["Status"] == "running" and "Health" in state
            else str(state["Status"])
        )

    @property
    def is_well(self) -> bool:
        return self.state in {"healthy", "exited 0"}

    @property
    def has_failed(self) -> bool:
        return self.state.startswith("exited") and not self.is_well


@dataclass(frozen=True)
class Project:
    ports: Ports
    name: str = field(default_factory=lambda: f"simpul-test-{uuid.uuid4().hex[:8]}")

    @property
    def addresses(self) -> Addresses:
        return addresses_of(self.ports)

    def compose(self, *arguments: str, within: float = 60) -> str:
        return compose(*arguments, project=self.name, settings=self._settings(), within=within)

    def _settings(self) -> dict[str, str]:
        published = {f"SIMPUL_PUBLISH_{one.upper()}": str(self.ports.api(one)) for one in SERVICES}
        published |= {f"SIMPUL_PUBLISH_{one.upper()}_ADMIN": str(self.ports.admin(one)) for one in SERVICES}
        return {**published, "SIMPUL_PUBLISH_ISSUER": str(self.ports.issuer), "SIMPUL_ISSUER": self.addresses.issuer}

    def containers(self) -> dict[str, Container]:
        """By the name in docker-compose.yml."""
        ids = docker("ps", "--all", "--quiet", "--filter", f"label=com.docker.compose.project={self.name}").split()
        found = [Container(told) for told in json.loads(docker("inspect", *ids))] if ids else []
        return {one.service: one for one in found}

    def up(self) -> None:
        """Errors: AssertionError, with the logs of what has failed."""
        try:
            self.compose("up", "--detach", within=420)
        except AssertionError as error:
            failed = [one for one in self.containers().values() if one.has_failed]
            raise AssertionError(f"{error}\n{_told(failed)}") from None

    def wait_until_well(self, *, within: float = 180) -> dict[str, Container]:
        """Errors: AssertionError, with the logs of what is not well in time or has failed."""
        deadline = time.monotonic() + within
        while True:
            found = self.containers()
            unwell = [one for one in found.values() if not one.is_well]
            if found and not unwell:
                return found
            if any(one.has_failed for one in unwell) or time.monotonic() > deadline:
                raise AssertionError(_told(unwell))
            time.sleep(1)


def _told(containers: Iterable[Container]) -> str:
    return "\n".join(f"{one.service}: {one.state}\n{_log(one)}" for one in containers)


def _log(container: Container) -> str:
    return outcome(["docker", "logs", "--tail=40", container.id], within=30)


@contextmanager
def running_project() -> Iterator[Project]:
    """All containers up and well; at the end nothing of them is left, volumes included."""
    project = Project(_free_ports())
    try:
        project.up()
        project.wait_until_well()
        yield project
    finally:
        project.compose("down", "--volumes", "--remove-orphans", "--timeout=10", within=180)


def _free_ports() -> Ports:
    for base in range(21000, 30000, 100):
        ports = Ports(base)
        wanted = [ports.issuer, *(ports.api(one) for one in SERVICES), *(ports.admin(one) for one in SERVICES)]
        try:
            require_free((str(port), port) for port in wanted)
        except PortTaken:
            continue
        return ports
    raise AssertionError("No free ports between 21000 and 30000.")
