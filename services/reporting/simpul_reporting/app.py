"""Where reporting is wired together; the only module that does."""

from pathlib import Path

import simpul_shared.regions
from simpul_shared.platform.service import Service

import simpul_reporting
from simpul_reporting.api import router
from simpul_reporting.commands import CONSTRAINTS
from simpul_reporting.consumers import HANDLERS
from simpul_reporting.dashboard import views
from simpul_reporting.jobs import recount_months
from simpul_reporting.settings import ReportingSettings
from simpul_reporting.store.facts import CONSUMER, TOPICS

_OWN = Path(simpul_reporting.__file__).parent

SERVICE = Service(
    name=CONSUMER,
    title="pelaporan target dan realisasi",
    settings=ReportingSettings,
    routers=(router, views.router),
    migrations=[("reporting", _OWN / "migrations")],
    projection=[
        ("regions", Path(simpul_shared.regions.__file__).parent / "migrations"),
        ("reporting", _OWN / "projection"),
    ],
    handlers=HANDLERS,
    topics=TOPICS,
    constraints=CONSTRAINTS,
    jobs={"recount-months": recount_months},
)
