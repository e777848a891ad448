"""The link between services and servers: what gets through it in each of its troubles."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from simpul_operator.embedded.ports import free_port

from tests.fault.lane.link import HOST, Link, Trouble, linked


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
    except ConnectionError:
        pass  # the link was reset, as the tests have it do
    finally:
        writer.close()


@asynccontextmanager
async def echoing() -> AsyncIterator[tuple[Link, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A link to an echoing server, and a connection through it that has been used."""
    port = free_port()
    server = await asyncio.start_server(_echo, HOST, port)
    async with linked("echo", port, free_port()) as link:
        reader, writer = await asyncio.open_connection(HOST, link.port)
        assert await said(reader, writer) == b"hello\n"
        yield link, reader, writer
        writer.transport.abort()
    server.close()


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """What comes back in time; empty where the connection is gone. Errors: TimeoutError."""
    try:
        writer.write(b"hello\n")
        async with asyncio.timeout(1):
            return await reader.readline()
    except ConnectionError:
        return b""


async def test_what_was_said_into_a_cut_arrives_when_it_is_mended() -> None:
    async with echoing() as (link, reader, writer):
        link.trouble(Trouble.CUT)
        with pytest.raises(TimeoutError):
            await said(reader, writer)
        link.mend()
        assert await reader.readline() == b"hello\n"


async def test_a_new_connection_waits_at_a_cut() -> None:
    async with echoing() as (link, _, _):
        link.trouble(Trouble.CUT)
        reader, writer = await asyncio.open_connection(HOST, link.port)
        with pytest.raises(TimeoutError):
            await said(reader, writer)
        link.mend()
        assert await reader.readline() == b"hello\n"
        writer.transport.abort()


async def test_a_half_open_connection_is_silent_until_it_is_mended_and_then_broken() -> None:
    async with echoing() as (link, reader, writer):
        link.trouble(Trouble.HALF_OPEN)
        with pytest.raises(TimeoutError):
            await said(reader, writer)
        link.mend()
        assert await said(reader, writer) == b""


async def test_a_reset_breaks_connections_and_new_ones_pass() -> None:
    async with echoing() as (link, reader, writer):
        link.reset()
        assert await said(reader, writer) == b""
        another, to_another = await asyncio.open_connection(HOST, link.port)
        assert await said(another, to_another) == b"hello\n"
        to_another.transport.abort()


async def test_a_slow_link_passes_everything_in_order() -> None:
    async with echoing() as (link, reader, writer):
        link.trouble(Trouble.SLOW, seconds=0.01)
        writer.write(b"".join(b"%d\n" % number for number in range(50)))
        assert [await reader.readline() for _ in range(50)] == [b"%d\n" % number for number in range(50)]
