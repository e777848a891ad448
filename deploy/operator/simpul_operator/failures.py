"""Reasons for which a command of `simpul` ends, each with its own exit code (documented in deploy/operator/README.md).

Failure
├── Interrupted       130  stopped by a signal before it was done
├── DataDirInUse       10  another `simpul` holds the data directory
├── PortTaken          11  something listens where the stack must
├── DiskFull           12  too little space, or none left while running
├── DownloadRefused    13  a jar could not be fetched
├── WrongChecksum      14  a jar is not the one that was locked
├── NoUnprivilegedUser 15  root may not run Postgres, and no other user can
├── ChildFailed        16  Postgres, Kafka, a migration or a service did not start
├── NotRunning         17  the command needs a running stack and found none
├── NotInProduction    18  a development tool was asked to run in production
├── Misconfigured      19  a setting is missing or cannot be right
├── NeedsAttention     20  something does not go as it should; what, and what to do, is said
└── Refused            21  a service refused the request; its reason is shown
"""

from pathlib import Path
from typing import ClassVar

_NO_SPACE = "No space left on device"


class Failure(Exception):
    """`str()` of it says what is wrong and what to do; it is printed as it is, without a traceback."""

    exit_code: ClassVar[int] = 1


class Interrupted(Failure):
    exit_code = 130


class DataDirInUse(Failure):
    exit_code = 10


class PortTaken(Failure):
    exit_code = 11


class DiskFull(Failure):
    exit_code = 12


class DownloadRefused(Failure):
    exit_code = 13


class WrongChecksum(Failure):
    exit_code = 14


class NoUnprivilegedUser(Failure):
    exit_code = 15


class ChildFailed(Failure):
    exit_code = 16


class NotRunning(Failure):
    exit_code = 17


class NotInProduction(Failure):
    exit_code = 18


class Misconfigured(Failure):
    exit_code = 19


class NeedsAttention(Failure):
    exit_code = 20


class Refused(Failure):
    exit_code = 21


def child_failed(name: str, what: str, log: Path, tail: str) -> Failure:
    """The failure of a child with the last lines of its log; a full disk is recognised there and named as such."""
    told = f"{name} {what}. Its log is {log}" + (f"; the last lines:\n{tail}" if tail else ", and it is empty.")
    return DiskFull(f"The disk is full: {told}") if _NO_SPACE in tail else ChildFailed(told)


def cannot_write(path: Path, reason: str) -> Failure:
    """The failure to write our own files, for the reason that the system gave."""
    told = f"{path} could not be written: {reason}."
    return DiskFull(f"{told} Free some space and start again.") if _NO_SPACE in reason else ChildFailed(told)
