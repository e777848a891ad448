"""What imports are worked on with, and in whose name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from simpul_shared.platform.database import Database, Origin
from simpul_shared.platform.imports.form import Form
from simpul_shared.platform.imports.limits import LIMITS, Limits
from simpul_shared.platform.imports.store import Import


@dataclass(frozen=True)
class Desk:
    """What the work is done with."""

    service: str
    database: Database
    forms: Mapping[str, Form]
    now: Callable[[], datetime]
    limits: Limits = LIMITS

    def origin(self, one: Import) -> Origin:
        """Rows come in by a file, in the name of who sent it."""
        return Origin(self.service, actor=one.actor, channel="XLSX", correlation_id=str(one.import_id))
