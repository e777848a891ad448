"""The parent's side of reading a file: starts the bounded process, takes its frames, and ends it whatever happens."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import structlog

from simpul_shared.platform.imports.child import TOO_MUCH, End, Frame, Refused, Rows
from simpul_shared.platform.imports.limits import LIMITS, Limits
from simpul_shared.platform.imports.refusals import KINDS, FileTooComplex
from simpul_shared.platform.imports.table import Head, ReadRow

log = structlog.get_logger()

_MAX_FRAME = 64 * 1024 * 1024
_DECODER = msgspec.msgpack.Decoder(Frame)


async def read_file(path: Path, layout: str, limits: Limits = LIMITS) -> AsyncGenerator[Head | list[ReadRow], None]:
    """The head, then the rows some hundred at a time. Close it when it is left early.

    Errors: the refusals of a file, also after some rows.
    """
    async with _reader(path, layout, limits) as process:
        while True:
            frame = await _next_frame(process, limits)
            if isinstance(frame, End):
                return
            if isinstance(frame, Refused):
                raise KINDS[frame.slug](frame.detail)
            yield frame.rows if isinstance(frame, Rows) else frame


@asynccontextmanager
async def _reader(path: Path, layout: str, limits: Limits) -> AsyncIterator[asyncio.subprocess.Process]:
    told = msgspec.json.encode(limits).decode()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "simpul_shared.platform.imports.child",
        str(path),
        layout,
        told,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=_environment(),
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        # It also takes what was not read: while that fills the pipe, asyncio does not learn that the process has ended.
        await process.communicate()


def _environment() -> dict[str, str]:
    """Nothing of the service's own: no address, no secret. What reads a stranger's file knows only where the code is."""
    kept = {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
    return {"PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "1", "LC_ALL": "C.UTF-8", **kept}


async def _next_frame(process: asyncio.subprocess.Process, limits: Limits) -> Frame:
    """Errors: FileTooComplex, when the process was ended by one of its limits; ReaderStopped; ReaderBroken."""
    assert process.stdout is not None, "it was asked for"  # noqa: S101 (narrows the type)
    try:
        async with asyncio.timeout(limits.wall_seconds):
            size = int.from_bytes(await process.stdout.readexactly(4), "big")
            if size > _MAX_FRAME:
                raise FileTooComplex(TOO_MUCH)
            frame: Frame = _DECODER.decode(await process.stdout.readexactly(size))
            return frame
    except TimeoutError:
        log.warning("imports.reader_too_slow", seconds=limits.wall_seconds)
        raise FileTooComplex(TOO_MUCH) from None
    except asyncio.IncompleteReadError:
        status = await process.wait()
        log.warning("imports.reader_ended", status=status)
        raise _why_ended(status) from None


_BY_THE_FILE = {signal.SIGXCPU, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE}
"""How a process ends that has used up its time, or whose parser was refused memory or broke: that is so again with the same file."""

_BY_A_STOP = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


def _why_ended(status: int) -> Exception:
    if -status in _BY_THE_FILE:
        return FileTooComplex(TOO_MUCH)
    if -status in _BY_A_STOP:
        return ReaderStopped(f"the process that reads files was told to end by signal {-status}")
    return ReaderBroken(f"the process that reads files ended with status {status}")


class ReaderStopped(Exception):
    """As when the service stops and its processes with it. The file is read anew."""


class ReaderBroken(Exception):
    """A fault of ours or of the machine, such as too little memory, not of the file."""
