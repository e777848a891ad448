"""Runs the demo: against a live stack of the data directory, one it starts itself, or one that runs elsewhere."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from simpul_operator.addresses import Addresses, Ports, addresses_of
from simpul_operator.demo.client import Platform
from simpul_operator.demo.load import load
from simpul_operator.demo.report import figures, table
from simpul_operator.embedded.data_dir import DataDir
from simpul_operator.progress import Progress

_JSON_FIELDS = ("programme_year", "target", "realised", "provinces_target", "regions")


@dataclass(frozen=True)
class Options:
    """`start` brings the stack up when none is live; `leave` stops after the report; `as_json` prints only that."""

    data_dir: Path
    port_base: int
    brokers: int
    start: bool
    leave: bool
    as_json: bool


async def run(options: Options) -> None:
    progress = Progress()
    async with _stack(options, progress) as (addresses, ours):
        async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
            platform = Platform(http, addresses)
            await load(platform, progress.say)
            progress.say("Waiting until reporting has caught up ...")
            report = await figures(platform)
        if options.as_json:
            print(json.dumps({name: report[name] for name in _JSON_FIELDS}, ensure_ascii=False), flush=True)
        else:
            print(table(report), flush=True)
        if not options.as_json:
            print(f"\nDashboard: {addresses.reporting}/", flush=True)
        if ours and not options.leave:
            await _stay(addresses, progress)


async def _stay(addresses: Addresses, progress: Progress) -> None:
    from simpul_operator.cli import told_addresses

    progress.say(told_addresses(addresses))
    progress.say("Ctrl-C stops everything; the data stays.")
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        progress.say("Stopping everything ...")


@asynccontextmanager
async def _stack(options: Options, progress: Progress) -> AsyncIterator[tuple[Addresses, bool]]:
    """The addresses to use, and whether the stack behind them is ours to stop."""
    live = DataDir(options.data_dir).running()
    if live is not None and live.addresses is not None:
        yield live.addresses, False
    elif options.start:
        from simpul_operator.embedded.stack import running_stack

        async with running_stack(
            options.data_dir, port_base=options.port_base, brokers=options.brokers, progress=progress
        ) as addresses:
            yield addresses, True
    else:
        yield addresses_of(Ports(options.port_base)), False
