"""Loopback ports: which are free, and who holds one that is not."""

import os
import secrets
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

from simpul_operator.addresses import HOST, PORTS_OF_A_STACK
from simpul_operator.embedded.process import all_pids, mark_of
from simpul_operator.failures import PortTaken

_LISTENING = "0A"


def free_port() -> int:
    """A port that nothing listens on now, from below those that the kernel gives to clients' ends."""
    return next(port for port in _candidates() if _can_bind(port))


def free_port_base() -> int:
    """A port base for a whole stack."""
    return next(base for base in _candidates() if all(_can_bind(base + offset) for offset in range(PORTS_OF_A_STACK)))


def _candidates() -> Iterator[int]:
    while True:
        yield 20_000 + secrets.randbelow(12_000)


def answers(port: int, *, timeout: float = 0.5) -> bool:
    with socket.socket() as probe:
        probe.settimeout(timeout)
        return probe.connect_ex((HOST, port)) == 0


def require_free(ports: Iterable[tuple[str, int]]) -> None:
    """`ports` are pairs of a name and a port. Errors: PortTaken, naming every one that is taken and by whom."""
    taken = [f"{port} ({name}), held by {_holder(port)}" for name, port in ports if not _can_bind(port)]
    if taken:
        raise PortTaken(
            f"Already in use on {HOST}: port {'; port '.join(taken)}. End that program or give another --port-base."
        )


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        # As the servers do: connections in TIME_WAIT from an earlier run must not look like a listener.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _holder(port: int) -> str:
    inodes = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    for pid in all_pids():
        if not inodes.isdisjoint(_open_sockets(pid)) and (mark := mark_of(pid)) is not None:
            return f"process {pid}: {mark.command[:120]}"
    return "a process that this user may not see"


def _listening_inodes(port: int) -> set[str]:
    rows = [row.split() for table in ("tcp", "tcp6") for row in _table(table)]
    return {row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port}


def _table(name: str) -> list[str]:
    path = Path("/proc/net") / name
    return path.read_text().splitlines()[1:] if path.exists() else []


def _open_sockets(pid: int) -> set[str]:
    found = set()
    try:
        for entry in Path(f"/proc/{pid}/fd").iterdir():
            found.add(_link(entry))
    except (PermissionError, FileNotFoundError, ProcessLookupError):
        return found
    return found


def _link(entry: Path) -> str:
    try:
        return os.readlink(entry)  # noqa: PTH115 - sockets are no paths
    except (FileNotFoundError, PermissionError):
        return ""
