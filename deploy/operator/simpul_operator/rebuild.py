"""`simpul rebuild`: runs the service's own rebuild as a child process and shows how far it is."""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from simpul_operator.addresses import SERVICES, Addresses, Ports
from simpul_operator.bar import Bar
from simpul_operator.embedded.data_dir import DataDir
from simpul_operator.failures import ChildFailed, Misconfigured, NeedsAttention

_DIFFERENT = 3
_TOLD_DIFFERENCES = 30


def environment_for(service: str, data_dir: Path, addresses: Addresses) -> dict[str, str]:
    """That of the embedded stack which holds the data directory, else our own."""
    urls = {f"SIMPUL_{name.upper()}_URL": addresses.api(name) for name in SERVICES}
    running = DataDir(data_dir).running()
    if running is None or running.addresses is None:
        return {**urls, **os.environ}
    return {**_embedded(service, DataDir(data_dir), running.addresses), **urls}


def _embedded(service: str, data: DataDir, addresses: Addresses) -> dict[str, str]:
    from simpul_operator.embedded.postgres import PostgresServer
    from simpul_operator.embedded.services import migrate_environment

    ports = Ports(urlsplit(addresses.issuer).port or 0)
    # Only its address is asked for; it runs already.
    server = PostgresServer(
        data.path / "postgres" / service, port=ports.postgres(service), password="", log=data.logs / "rebuild.log"
    )
    return migrate_environment(service, data, addresses, ports, server)


async def rebuild(service: str, flags: Sequence[str], *, environment: Mapping[str, str]) -> None:
    """Errors: Misconfigured, ChildFailed; NeedsAttention, after printing, when the two are not alike."""
    if service not in SERVICES:
        raise Misconfigured(f"There is no service {service}. There are {', '.join(SERVICES)}.")
    if find_spec(f"simpul_{service}") is None:
        raise Misconfigured(
            f"simpul-{service} is not installed here: run `python -m simpul_{service} rebuild` where it is."
        )
    command = [sys.executable, "-P", "-m", f"simpul_{service}", "rebuild", *flags]
    child = await asyncio.create_subprocess_exec(
        *command, env=dict(environment), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        with Bar() as bar:
            result, log = await asyncio.gather(_follow(child, bar), _tail(child))
            code = await child.wait()
    finally:
        if child.returncode is None:
            child.terminate()
            await child.wait()
    _conclude(service, code, result, log)


async def _follow(child: asyncio.subprocess.Process, bar: Bar) -> dict[str, Any]:
    """Show each line's progress; the last line is the result."""
    assert child.stdout is not None, "it was asked for"  # noqa: S101 (narrows the type)
    said: dict[str, Any] = {}
    async for line in child.stdout:
        said = json.loads(line)
        if "phase" in said:
            bar.show(said["phase"], said["done"], said["total"])
    return said


async def _tail(child: asyncio.subprocess.Process) -> str:
    assert child.stderr is not None, "it was asked for"  # noqa: S101 (narrows the type)
    lines = [line.decode(errors="replace") async for line in child.stderr]
    return "".join(lines[-20:])


def _conclude(service: str, code: int, result: Mapping[str, Any], log: str) -> None:
    if code not in {0, _DIFFERENT}:
        raise ChildFailed(f"The rebuild of {service} failed; the live projection is as it was.\n{log}".rstrip())
    differences = result["differences"]
    for line in differences[:_TOLD_DIFFERENCES]:
        print(line)
    if len(differences) > _TOLD_DIFFERENCES:
        print(f"... and {len(differences) - _TOLD_DIFFERENCES} more")
    if code == _DIFFERENT:
        raise NeedsAttention(
            f"{len(differences)} part(s) differ, and nothing was swapped. If the rebuilt one is right, run it again with "
            "--accept-differences and a --reason."
        )
    print(f"The projection of {service} was swapped." if result["swapped"] else "The two projections are alike.")
