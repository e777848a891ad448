"""Whom Postgres runs as: it refuses root, so root lends it a user that exists already; nobody is ever created."""

import os
import pwd
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from simpul_operator.failures import NoUnprivilegedUser

_CANDIDATES = ("postgres", "nobody")
_CAP_DAC_OVERRIDE = 1
_CAP_DAC_READ_SEARCH = 2
_CAP_SETPCAP = 8


@dataclass(frozen=True)
class RunAs:
    """`capability` lets an unprivileged user pass through directories of root's that are closed to others."""

    uid: int | None = None
    gid: int | None = None
    capability: int | None = None


MYSELF = RunAs()


def run_as_for(paths: Iterable[Path]) -> RunAs:
    """The user for a program that must reach `paths`: oneself, or for root an unprivileged user.

    A path closed to that user is opened by one capability of the process (search through directories), never by a
    change of modes. Errors: NoUnprivilegedUser.
    """
    if os.geteuid() != 0:
        return MYSELF
    user = _unprivileged_user()
    barriers = [barrier for path in paths if (barrier := _barrier(path, user)) is not None]
    return RunAs(user.pw_uid, user.pw_gid, _passing_capability(barriers, user) if barriers else None)


def hand_over(paths: Iterable[Path], run_as: RunAs) -> None:
    """Gives files that we made to the user who is to write them."""
    if run_as.uid is None or run_as.gid is None:
        return
    for path in paths:
        os.chown(path, run_as.uid, run_as.gid, follow_symlinks=False)


def _unprivileged_user() -> pwd.struct_passwd:
    for name in _CANDIDATES:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if user.pw_uid != 0:
            return user
    raise NoUnprivilegedUser(
        f"Postgres refuses to run as root, and none of the users {', '.join(_CANDIDATES)} exists. "
        "Run simpul as an ordinary user."
    )


def _barrier(path: Path, user: pwd.struct_passwd) -> Path | None:
    """The first directory on the way to `path`, or `path` itself, that `user` may not pass or run."""
    resolved = path.resolve()
    for step in reversed([resolved, *resolved.parents]):
        stat = step.stat()
        shift = 6 if stat.st_uid == user.pw_uid else 3 if stat.st_gid == user.pw_gid else 0
        if not stat.st_mode >> shift & 0o1:
            return step
    return None


def _passing_capability(barriers: list[Path], user: pwd.struct_passwd) -> int:
    # Searching directories is the smaller right; running a file that is closed needs the larger one.
    search_is_enough = all(barrier.is_dir() for barrier in barriers)
    enough = (_CAP_DAC_READ_SEARCH, _CAP_DAC_OVERRIDE) if search_is_enough else (_CAP_DAC_OVERRIDE,)
    held = _permitted_capabilities()
    for capability in enough:
        if held & 1 << capability and held & 1 << _CAP_SETPCAP:
            return capability
    raise NoUnprivilegedUser(
        f"Postgres must run as the user {user.pw_name}, who may not pass {barriers[0]}, and this root does not hold "
        "the capabilities to let it (CAP_SETPCAP, and CAP_DAC_READ_SEARCH or CAP_DAC_OVERRIDE). Run simpul as an ordinary user, or put "
        "the clone and --data-dir where all may pass."
    )


def _permitted_capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapPrm:"):
            return int(line.split()[1], 16)
    return 0
