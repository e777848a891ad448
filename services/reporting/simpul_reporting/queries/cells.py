"""Counts by child region and month, from which the monthly reports add up their rows: one source for every sum."""

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import asyncpg

K = TypeVar("K", bound=Hashable)
Cell = asyncpg.Record
"""A row with child_id (None: at the region itself), month and the counts."""


def grouped(cells: Iterable[Cell], key: Callable[[Cell], K]) -> dict[K, list[Cell]]:
    groups: dict[K, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(key(cell), []).append(cell)
    return groups


def sums(cells: Sequence[Cell], names: Iterable[str]) -> dict[str, int]:
    """The sum of each named count; empty where there is no cell, because nothing counted is not 0."""
    return {name: sum(cell[name] for cell in cells) for name in names} if cells else {}
