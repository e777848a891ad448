"""The container engine as the tests use it: through its command line, each call with a time limit."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.support.servers import KAFKA_IMAGE, POSTGRES_IMAGE

ROOT = Path(__file__).parents[2]
PYTHON_IMAGE = "python:3.13-slim"
MEMBERS = {
    "registry": "services/registry",
    "activities": "services/activities",
    "reporting": "services/reporting",
    "operator": "deploy/operator",
}
"""Where the distribution of each image lies."""
TAG = "test"
_KEPT_SETTINGS = {"SIMPUL_BUILD_NETWORK"}


def missing() -> str | None:
    """Why containers cannot be tested here, or None. Nothing is pulled for a test run."""
    if shutil.which("docker") is None:
        return "there is no docker command"
    if not _succeeds("docker", "info"):
        return "no container engine answers"
    lacking = [
        image
        for image in (PYTHON_IMAGE, POSTGRES_IMAGE, KAFKA_IMAGE)
        if not _succeeds("docker", "image", "inspect", image)
    ]
    if lacking:
        return f"the engine has no image {', '.join(lacking)}"
    return None if _compose_command() else "there is neither `docker compose` nor docker-compose"


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0


def _compose_command() -> list[str] | None:
    if _succeeds("docker", "compose", "version"):
        return ["docker", "compose"]
    return ["docker-compose"] if shutil.which("docker-compose") else None


def run(
    command: Sequence[str], *, within: float, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command at the root of the project. Errors: subprocess.TimeoutExpired."""
    return subprocess.run(
        command, capture_output=True, text=True, timeout=within, check=False, cwd=ROOT, env=environment
    )


def outcome(command: Sequence[str], *, within: float) -> str:
    """All that a command said, however it ended. Errors: subprocess.TimeoutExpired."""
    done = run(command, within=within)
    return done.stdout + done.stderr


def docker(*arguments: str, within: float = 60) -> str:
    """Standard output. Errors: AssertionError with what docker said, when it failed."""
    done = run(["docker", *arguments], within=within)
    assert done.returncode == 0, f"docker {arguments[0]}: {done.stdout}{done.stderr}"
    return done.stdout


def compose(*arguments: str, project: str, settings: Mapping[str, str], within: float) -> str:
    """Standard output. Errors: AssertionError with the end of what compose said, when it failed.

    Of the caller's own SIMPUL_ settings only the one for the build's network reaches it.
    """
    command = _compose_command()
    assert command is not None
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SIMPUL_") or key in _KEPT_SETTINGS}
    environment = {**kept, "SIMPUL_TAG": TAG, **settings}
    done = run([*command, "--project-name", project, *arguments], within=within, environment=environment)
    assert done.returncode == 0, f"compose {arguments[0]}: {done.stdout[-8000:]}{done.stderr[-8000:]}"
    return done.stdout


def image_of(service: str) -> str:
    return f"simpul-pustaka/{service}:{TAG}"


def python_in(service: str, code: str) -> Any:
    """Runs Python in a container of the image, without a network, and gives the JSON that it prints."""
    return json.loads(docker("run", "--rm", "--network=none", "--entrypoint=python", image_of(service), "-c", code))
