"""The process in which a file is read: `python -m simpul_shared.platform.imports.child`, with little memory and little time.

It gets a path and the name of a layout, and writes frames to standard output: four bytes of length, then msgpack.
"""

import gc
import resource
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import BinaryIO

import msgspec

from simpul_shared.errors import Refusal
from simpul_shared.platform.imports.columns import Layout
from simpul_shared.platform.imports.limits import Limits
from simpul_shared.platform.imports.refusals import FileInflates, FileTooComplex
from simpul_shared.platform.imports.table import Head, ReadRow, open_table

_ROWS_IN_A_FRAME = 1000
_FRAME_BYTES = 1024 * 1024
"""A frame ends when it holds so much, unless one row alone is more: the service keeps a few of them in memory."""


class Rows(msgspec.Struct, frozen=True, array_like=True, tag=True):
    rows: list[ReadRow]


class Refused(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The last frame of a file that is refused."""

    slug: str
    detail: str


class End(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """The last frame of a file that was read to its end."""

    rows: int


Frame = Head | Rows | Refused | End


def bound(limits: Limits) -> None:
    """Errors of what follows: MemoryError, or an end by signal. No file may be written and no other process started."""
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def frames(path: Path, layout: Layout, limits: Limits) -> Iterator[Frame]:
    count = 0
    try:
        table = open_table(path, layout, limits)
        yield table.head
        for rows in _portions(table.rows, limits):
            count += len(rows)
            yield Rows(rows)
    except Refusal as refusal:
        yield Refused(refusal.slug, refusal.detail)
    except MemoryError:
        yield Refused(FileTooComplex.slug, TOO_MUCH)
    else:
        yield End(count)


def _portions(rows: Iterator[ReadRow], limits: Limits) -> Iterator[list[ReadRow]]:
    """Errors: FileInflates, for in a workbook one long text may stand in many cells and takes its place but once."""
    portion: list[ReadRow] = []
    size, left = 0, limits.inflated_bytes
    for row in rows:
        portion.append(row)
        size += len(row.cells)
        if len(portion) == _ROWS_IN_A_FRAME or size >= _FRAME_BYTES:
            left -= size
            if left < 0:
                raise FileInflates(f"Its cells hold more than {limits.inflated_bytes} bytes. Split the file by region.")
            yield portion
            portion, size = [], 0
    if portion:
        yield portion


TOO_MUCH = "Reading the file takes more memory or time than is given to one. Split it, or save it anew as CSV UTF-8."


def layout_named(name: str) -> Layout:
    """`package.module:NAME`."""
    module, _, attribute = name.partition(":")
    layout = getattr(import_module(module), attribute)
    if not isinstance(layout, Layout):
        raise TypeError(f"{name} is no layout of a form")
    return layout


def write_frame(out: BinaryIO, frame: Frame) -> None:
    body = msgspec.msgpack.encode(frame)
    out.write(len(body).to_bytes(4, "big") + body)


def main() -> None:
    # A service that was started in the background hands on that it is ignored.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    path, name, told = sys.argv[1:]
    limits = msgspec.json.decode(told, type=Limits)
    layout = layout_named(name)
    bound(limits)
    gc.freeze()
    gc.set_threshold(100_000)
    for frame in frames(Path(path), layout, limits):
        write_frame(sys.stdout.buffer, frame)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
