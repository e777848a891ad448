"""Use case of a pair of libraries that look like one: decide that they are two. Merging is in commands/succession.py."""

from datetime import datetime

from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer

from simpul_registry.domain.duplicates import Pair
from simpul_registry.store.duplicates import dismiss
from simpul_registry.store.libraries import load_library
from simpul_registry.views.duplicates import DismissedView


async def dismiss_duplicate(tx: Transaction, pair: Pair, *, reason: str, scope: Scope, now: datetime) -> Answer:
    """Errors: LibraryUnknown."""
    for library_id in (pair.one_id, pair.other_id):
        await load_library(tx, library_id, scope=scope, now=now, field="/library_ids")
    await dismiss(tx, pair, reason=reason, at=now)
    return Answer(DismissedView(library_ids=(pair.one_id, pair.other_id), reason=reason))
