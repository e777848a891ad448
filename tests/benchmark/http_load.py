"""A closed loop of requests over kept connections, cheap enough not to be what is measured."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class Answers:
    """What came back: how many of each status, how long each took, and how long all of it."""

    statuses: dict[int, int] = field(default_factory=dict)
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def count(self) -> int:
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        return self.count / self.seconds


def post(url: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A request as it goes over the wire."""
    parts = urlsplit(url)
    told = {"Host": parts.netloc, "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"POST {parts.path} HTTP/1.1\r\n{head}\r\n".encode() + body


async def keep_asking(url: str, request: Callable[[int], bytes], *, connections: int, seconds: float) -> Answers:
    """Each connection asks again as soon as it is answered; `request` gives the bytes of the n-th."""
    parts = urlsplit(url)
    answers, began = Answers(), time.perf_counter()
    numbers = iter(range(10**9))

    async def ask() -> None:
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        try:
            while (sent := time.perf_counter()) - began < seconds:
                writer.write(request(next(numbers)))
                status = await _status(reader)
                answers.latencies.append(time.perf_counter() - sent)
                answers.statuses[status] = answers.statuses.get(status, 0) + 1
        finally:
            writer.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(ask())
    answers.seconds = time.perf_counter() - began
    return answers


async def _status(reader: asyncio.StreamReader) -> int:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])
