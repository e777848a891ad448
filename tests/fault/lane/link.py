"""A TCP relay between a client and a server of the platform that can be cut, slowed, reset or left half open."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum

HOST = "127.0.0.1"
_CHUNK = 64 * 1024


class Trouble(StrEnum):
    CUT = "cut"
    """Nothing gets through, and nobody is told; what was under way arrives later, as TCP would send it again."""
    HALF_OPEN = "half-open"
    """The server's ends are gone, the client's stay open and silent; new connections are accepted and not answered."""
    SLOW = "slow"
    """Everything takes longer, in its order."""


class Link:
    """Listens on a port of its own and passes everything to `target_port`."""

    def __init__(self, name: str, target_port: int) -> None:
        self.name = name
        self.port = 0
        self._target_port = target_port
        self._delay = 0.0
        self._open = asyncio.Event()
        self._open.set()
        self._answers = asyncio.Event()
        self._answers.set()
        self._pairs: set[_Pair] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, port: int) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, port)
        self.port = port

    async def close(self) -> None:
        assert self._server is not None, "listen() comes first"
        self._server.close()
        self.mend()
        self.reset()

    def trouble(self, kind: Trouble, *, seconds: float = 0.2) -> None:
        """`seconds` is the delay of SLOW, each way."""
        match kind:
            case Trouble.CUT:
                self._open.clear()
            case Trouble.HALF_OPEN:
                self._answers.clear()
                for pair in self._pairs:
                    pair.lose_server()
            case Trouble.SLOW:
                self._delay = seconds

    def mend(self) -> None:
        """Undo every trouble; what was half open is reset, as a server does that no longer knows the connection."""
        if not self._answers.is_set():
            self.reset()
        self._open.set()
        self._answers.set()
        self._delay = 0.0

    def reset(self) -> None:
        """Break every connection at once."""
        for pair in list(self._pairs):
            pair.break_off()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pair = _Pair(writer)
        self._pairs.add(pair)
        try:
            await self._serve(reader, pair)
        except OSError:
            pair.break_off()
        finally:
            self._pairs.discard(pair)
            pair.break_off()

    async def _serve(self, reader: asyncio.StreamReader, pair: "_Pair") -> None:
        await self._passing()
        if pair.broken.is_set():
            return
        answers, server = await asyncio.open_connection(HOST, self._target_port)
        pair.server = server
        there = asyncio.create_task(self._pump(reader, server))
        back = asyncio.create_task(self._pump(answers, pair.client))
        broken = asyncio.create_task(pair.broken.wait())
        try:
            await asyncio.wait({there, back, broken}, return_when=asyncio.FIRST_COMPLETED)
            if not self._answers.is_set():
                await pair.broken.wait()
        finally:
            for task in (there, back, broken):
                task.cancel()
            await asyncio.gather(there, back, broken, return_exceptions=True)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            await self._passing()
            if self._delay:
                await asyncio.sleep(self._delay)
            writer.write(data)
            await writer.drain()

    async def _passing(self) -> None:
        await self._open.wait()
        await self._answers.wait()


class _Pair:
    """The two ends of one connection."""

    def __init__(self, client: asyncio.StreamWriter) -> None:
        self.client = client
        self.server: asyncio.StreamWriter | None = None
        self.broken = asyncio.Event()

    def lose_server(self) -> None:
        if self.server is not None:
            self.server.transport.abort()

    def break_off(self) -> None:
        self.broken.set()
        self.lose_server()
        self.client.transport.abort()


@asynccontextmanager
async def linked(name: str, target_port: int, port: int) -> AsyncIterator[Link]:
    link = Link(name, target_port)
    await link.listen(port)
    try:
        yield link
    finally:
        await link.close()
