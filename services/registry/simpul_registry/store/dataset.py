"""The region data that ships with the registry (data/regions), read as domain values."""

import csv
import gzip
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from simpul_shared.vocabulary import Confidence, LineageKind, RegionKind

from simpul_registry.domain.identity import CodeInterval, CodeLineage

SHIPPED = Path(__file__).parents[1] / "data" / "regions"
_FILES = ("regions.csv.gz", "lineage.csv", "timezones.csv")


@dataclass(frozen=True)
class RegionData:
    """`timezones` are IANA zones by province code."""

    intervals: Sequence[CodeInterval]
    lineage: Sequence[CodeLineage]
    timezones: Mapping[str, str]


def fingerprint(folder: Path = SHIPPED) -> str:
    """SHA-256 of the files, in hexadecimal: what tells one edition of the data from another."""
    digest = hashlib.sha256()
    for name in _FILES:
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()


def read_region_data(folder: Path = SHIPPED) -> RegionData:
    regions, lineage, timezones = ((folder / name).read_bytes() for name in _FILES)
    return RegionData(
        intervals=[_interval(row) for row in _rows(gzip.decompress(regions))],
        lineage=[_lineage(row) for row in _rows(lineage)],
        timezones={row["province_code"]: row["timezone"] for row in _rows(timezones)},
    )


def _rows(content: bytes) -> "csv.DictReader[str]":
    return csv.DictReader(io.StringIO(content.decode("utf-8")))


def _interval(row: Mapping[str, str]) -> CodeInterval:
    return CodeInterval(
        code=row["code"],
        name=row["name"],
        kind=RegionKind(row["kind"]),
        valid_from=_day(row["valid_from"], date.min),
        valid_to=_day(row["valid_to"], date.max),
        decree=row["decree_from"],
    )


def _lineage(row: Mapping[str, str]) -> CodeLineage:
    return CodeLineage(
        kind=LineageKind(row["kind"]),
        from_code=row["from_code"],
        to_code=row["to_code"],
        effective_on=date.fromisoformat(row["effective_on"]),
        basis=row["basis"],
        confidence=Confidence(row["confidence"]),
    )


def _day(text: str, otherwise: date) -> date:
    return date.fromisoformat(text) if text else otherwise
