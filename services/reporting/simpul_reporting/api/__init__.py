"""HTTP in: routes to commands and queries; no rule, no SQL."""

from fastapi import APIRouter

from simpul_reporting.api import reports, targets

router = APIRouter()
router.include_router(reports.router)
router.include_router(targets.router)
