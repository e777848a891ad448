"""Sides of the import that have a process to themselves: `python -m tests.benchmark.imports_sides {read FILE|post FILE URL TOKEN}`.

What they took is printed in seconds, with the rows they went through; starting Python is in neither.
"""

import sys
import time
from pathlib import Path
from typing import Any

import httpx
import openpyxl
from python_calamine import CalamineWorkbook

_FIELDS = ("type", "name", "region_code", "programme_year", "scheme", "nominated_on")


def read(path: Path) -> int:
    """What any reader of the file must at least do."""
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    return sum(1 for _ in sheet.iter_rows()) - 1


def post(path: Path, url: str, token: str) -> int:
    """What an office's script does: openpyxl, and one request after the other."""
    sheet = openpyxl.load_workbook(path, read_only=True).worksheets[0]
    rows = sheet.iter_rows(values_only=True)
    next(rows)
    count = 0
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=60, trust_env=False) as http:
        for row in rows:
            body: dict[str, Any] = dict(zip(_FIELDS, row, strict=False))
            body["programme_year"] = int(body["programme_year"])
            key = f"{path.name}/{count}"
            response = http.post(f"{url}/v1/libraries", json=body, headers={"Idempotency-Key": key})
            if response.status_code != 201:
                raise RuntimeError(response.text)
            count += 1
    return count


if __name__ == "__main__":
    what, file, *rest = sys.argv[1:]
    began = time.perf_counter()
    done = read(Path(file)) if what == "read" else post(Path(file), *rest)
    print(time.perf_counter() - began, done)
