"""Ids by the hundred: UUIDs of version 7, in ascending order, of one moment."""

import os
import time
from uuid import UUID

from asyncpg.pgproto import pgproto

_VERSION, _VARIANT = 7 << 76, 2 << 62
_RANDOM = (1 << 62) - 1


def new_ids(count: int) -> list[UUID]:
    """The moment in milliseconds, below it a counter of 12 bits that may run on into the next one, then chance (RFC 9562, 6.2)."""
    first = time.time_ns() // 1_000_000 << 12
    chance = os.urandom(8 * count)
    return [_id(first + at, int.from_bytes(chance[8 * at : 8 * at + 8])) for at in range(count)]


def _id(tick: int, chance: int) -> UUID:
    """A UUID as the driver makes them of what it reads: written to bytes and text without Python's help."""
    return pgproto.UUID((tick >> 12 << 80 | _VERSION | (tick & 0xFFF) << 64 | _VARIANT | chance & _RANDOM).to_bytes(16))
