"""What a file may be and what reading it may cost. The first three are checked before anything is inflated or parsed."""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """`memory_bytes` and `cpu_seconds` bound the process that reads the file, `wall_seconds` each wait for it."""

    upload_bytes: int = 20 * MIB
    zip_entries: int = 200
    inflated_bytes: int = 100 * MIB
    inflation_ratio: int = 100
    rows: int = 100_000
    columns: int = 100
    cell_characters: int = 4_000
    memory_bytes: int = 512 * MIB
    cpu_seconds: int = 60
    wall_seconds: float = 120.0


LIMITS = Limits()
