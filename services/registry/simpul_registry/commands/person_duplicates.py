"""Use cases of people registered twice: merge and dismiss. The edge holds the locks of both."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from simpul_shared.contracts.registry import PersonMerged
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer

from simpul_registry.commands.people import ChangePerson, announce, load_for_change, require_not_merged
from simpul_registry.domain.duplicate_people import Pair, Verdict
from simpul_registry.store.people import load_person, save_version
from simpul_registry.store.person_duplicates import save_verdict
from simpul_registry.views.people import PersonView
from simpul_registry.views.person_duplicates import VerdictView


async def merge_person(tx: Transaction, change: ChangePerson, survivor_id: UUID) -> Answer:
    """What was recorded for either id stays with it and ends there; the survivor is shown with all of it from now on.

    Errors: those of load_for_change, of either; SamePerson.
    """
    pair = Pair.of(change.person_id, survivor_id)
    person = await load_for_change(tx, change)
    require_not_merged(await load_person(tx, survivor_id, scope=change.scope, now=change.now))
    event = PersonMerged(person_id=person.person_id, survivor_id=survivor_id)
    person = replace(await announce(tx, person, event, now=change.now), merged_into=survivor_id)
    await save_version(tx, person)
    await save_verdict(tx, pair, Verdict.MERGED, at=change.now)
    return Answer(PersonView.of(person), person.version)


async def dismiss_duplicate(tx: Transaction, pair: Pair, *, scope: Scope, now: datetime) -> Answer:
    """Two people they are. Errors: PersonUnknown, PersonIsErased, PersonIsMerged."""
    for person_id in (pair.one_id, pair.other_id):
        require_not_merged(await load_person(tx, person_id, scope=scope, now=now))
    await save_verdict(tx, pair, Verdict.DISMISSED, at=now)
    return Answer(VerdictView(person_ids=(pair.one_id, pair.other_id), verdict=Verdict.DISMISSED))
