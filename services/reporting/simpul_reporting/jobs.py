"""Further subcommands: python -m simpul_reporting recount-months."""

import structlog
from simpul_shared.platform.database import Database, Origin
from simpul_shared.platform.settings import PlatformSettings

from simpul_reporting.store.facts import CONSUMER
from simpul_reporting.store.months import drifted, recount

log = structlog.get_logger()


async def recount_months(database: Database, _: PlatformSettings) -> None:
    """Count the roll-ups anew from the facts, and say how many rows had been wrong."""
    origin = Origin(CONSUMER, actor="recount-months", channel="SYSTEM", correlation_id="recount-months")
    async with database.transaction(origin) as tx:
        wrong = await drifted(tx)
        await recount(tx)
    log.info("months.recounted", rows_wrong=wrong)
