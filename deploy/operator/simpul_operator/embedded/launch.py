"""Becomes the program it is told to start, after tying its life to the parent's; process.py runs this file as a script.

A program of its own, because code between fork and exec is not safe where the parent has threads. Standard library only.
"""

import ctypes
import json
import os
import sys
from typing import TypedDict

_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522


class Orders(TypedDict):
    """`capability` is the one Linux capability to keep when the uid is dropped, or None."""

    parent: int
    death_signal: int
    uid: int | None
    gid: int | None
    capability: int | None


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapData(ctypes.Structure):
    _fields_ = (("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32))


_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def _prctl(option: int, first: int, second: int = 0) -> None:
    _checked(_libc.prctl(option, *(ctypes.c_ulong(n) for n in (first, second, 0, 0))), f"prctl {option}")


def _keep_only(capability: int) -> None:
    header = _CapHeader(_CAPABILITY_VERSION_3, 0)
    words = (_CapData * 2)()
    bits = 1 << (capability % 32)
    words[capability // 32] = _CapData(bits, bits, bits)
    _checked(_libc.capset(ctypes.byref(header), words), "capset")
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def _become(uid: int, gid: int, capability: int | None) -> None:
    if capability is not None:
        # Lets capabilities outlive the change of uid, and count for access(2), by which Postgres looks for its programs.
        _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if capability is not None:
        _keep_only(capability)


def _die_with_parent(parent: int, death_signal: int) -> None:
    """Must come last: a change of uid or capabilities clears the death signal."""
    _prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        sys.exit("the parent has ended already")


def main(orders: Orders, command: list[str]) -> None:
    if orders["uid"] is not None and orders["gid"] is not None:
        _become(orders["uid"], orders["gid"], orders["capability"])
    _die_with_parent(orders["parent"], orders["death_signal"])
    os.execv(command[0], command)  # noqa: S606 - the program that the operator was built to start


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2:])
