"""Prints what status.py reads, once or again and again."""

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from simpul_operator.failures import Failure, Interrupted, NeedsAttention
from simpul_operator.operator_client import OperatorClient, find_platform
from simpul_operator.status import Standing, lag_table, read_standing, status_table

_WATCH_SECONDS = 2.0
_WIDTH = 130
"""Columns of what is not written to a terminal."""


def show_status(data_dir: Path, port_base: int, *, prefix: str, as_json: bool, watch: bool) -> None:
    """Errors: NeedsAttention, after printing, when something does not go as it should; NotRunning; Misconfigured."""

    def read() -> Standing:
        return read_standing(OperatorClient(find_platform(data_dir, port_base)), prefix=prefix)

    if watch:
        _watch(lambda: _told(read()))
    standing = read()
    if as_json:
        print(json.dumps(standing.document(), ensure_ascii=False))
    else:
        _console().print(_told(standing))
    if standing.attention:
        raise NeedsAttention(f"{len(standing.attention)} thing(s) need attention.")


def show_lag(data_dir: Path, port_base: int, *, prefix: str, partitions: bool, as_json: bool, watch: bool) -> None:
    """Errors: NotRunning, Misconfigured."""

    def read() -> Standing:
        return read_standing(OperatorClient(find_platform(data_dir, port_base)), prefix=prefix)

    if watch:
        _watch(lambda: lag_table(read().lags, by_partition=partitions))
    standing = read()
    if as_json:
        print(json.dumps([asdict(lag) | {"events": lag.events} for lag in standing.lags], ensure_ascii=False))
    else:
        _console().print(lag_table(standing.lags, by_partition=partitions))


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH)


def _told(standing: Standing) -> RenderableType:
    lines = [Text(line, overflow="fold") for line in standing.attention]
    return Group(status_table(standing), Text(), *(lines or [Text("All is well.")]))


def _watch(show: Callable[[], RenderableType]) -> None:
    """Until Ctrl-C. A platform that is away for a while is shown as such, and asked again."""
    try:
        with Live(show(), auto_refresh=False) as live:
            while True:
                time.sleep(_WATCH_SECONDS)
                live.update(_or_why(show), refresh=True)
    except KeyboardInterrupt:
        raise Interrupted("Stopped.") from None


def _or_why(show: Callable[[], RenderableType]) -> RenderableType:
    try:
        return show()
    except Failure as failure:
        return Text(str(failure))
