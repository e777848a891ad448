"""Waits until reporting has applied all that was written, then tells the figures as reporting's API gives them."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

from simpul_operator.demo import sample
from simpul_operator.demo.client import Platform
from simpul_operator.failures import ChildFailed

_PATIENCE_SECONDS = 120.0


async def caught_up(platform: Platform, since: datetime) -> None:
    """Wait until reporting's watermark has passed `since` for every service. Errors: ChildFailed after 2 minutes."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        nation = await realisation(platform, "ID")
        through = nation["watermark"]["applied_through"].values()
        if all(one is not None and datetime.fromisoformat(one) >= since for one in through):
            return
        await asyncio.sleep(0.2)
    raise ChildFailed(f"reporting has not caught up within {_PATIENCE_SECONDS:.0f} s; see its log")


async def realisation(platform: Platform, region: str) -> Any:
    return await platform.get(
        "reporting", "/v1/reports/realisation", programme_year=sample.PROGRAMME_YEAR, region=region
    )


async def figures(platform: Platform) -> dict[str, Any]:
    """The report: national figures, then Bali and its regencies with a target, all from reporting's API."""
    await caught_up(platform, datetime.now(UTC))
    nation = await realisation(platform, "ID")
    bali = await realisation(platform, "51")
    regions = [{**bali["region"], **bali}, *bali["children"]]
    return {
        "programme_year": nation["programme_year"],
        "target": nation["target"],
        "realised": nation["realised"],
        "provinces_target": nation["provinces"]["target"],
        "provinces_realised": nation["provinces"]["realised"],
        "regions": [
            {"code": one["code"], "name": one["name"], "target": one["target"], "realised": one["realised"]}
            for one in regions
        ],
    }


def table(report: dict[str, Any]) -> str:
    """The report for a reader."""
    rows = [("Nasional", report["realised"], report["target"])]
    rows.append(("  provinsi", report["provinces_realised"], report["provinces_target"]))
    rows += [
        ("  " * (one["code"].count(".") + 1) + one["name"], one["realised"], one["target"]) for one in report["regions"]
    ]
    lines = [f"TPBIS tahun program {report['programme_year']}: perpustakaan ditetapkan / target"]
    lines += [
        f"  {name:<28}{realised:>5} dari {target if target is not None else '-'}" for name, realised, target in rows
    ]
    return "\n".join(lines)
