"""The region within which the rows of an import lie."""

from datetime import datetime
from uuid import UUID

from simpul_shared.known_on import JAKARTA
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import region_by_code
from simpul_shared.vocabulary import RegionCode


async def region_named(tx: Transaction, code: str, *, sent_at: datetime) -> UUID:
    """Of the region that bore the code when the file came, as known then: it may have another by now. Errors: RegionUnknown."""
    on = sent_at.astimezone(JAKARTA).date()
    return (await region_by_code(tx, RegionCode(code), on=on, known_on=sent_at)).region_id
