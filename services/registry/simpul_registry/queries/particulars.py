"""Questions about a library's numbers elsewhere, address and founding."""

from datetime import datetime
from uuid import UUID

from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction

from simpul_registry.store.descriptions import description_of
from simpul_registry.store.external_ids import external_ids
from simpul_registry.store.libraries import load_library
from simpul_registry.views.particulars import DescriptionView, ExternalIdsView


async def get_external_ids(tx: Transaction, library_id: UUID, *, scope: Scope, now: datetime) -> ExternalIdsView:
    """Errors: LibraryUnknown."""
    placed = await load_library(tx, library_id, scope=scope, now=now)
    ids = await external_ids(tx, library_id)
    return ExternalIdsView.of(ids, warnings=[], version=placed.library.version)


async def get_description(tx: Transaction, library_id: UUID, *, scope: Scope, now: datetime) -> DescriptionView:
    """Errors: LibraryUnknown."""
    placed = await load_library(tx, library_id, scope=scope, now=now)
    return DescriptionView.of(await description_of(tx, library_id), version=placed.library.version)
