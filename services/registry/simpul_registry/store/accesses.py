"""Who read personal fields: written in the transaction of the read itself, never changed afterwards."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from simpul_shared.platform.database import Transaction

from simpul_registry.domain.person import AccessKind, ReadPurpose


@dataclass(frozen=True)
class Reader:
    """On whose behalf something is read; the rest is the transaction's origin. `purpose` None was not stated."""

    client_id: str
    purpose: ReadPurpose | None


async def note_access(
    tx: Transaction, person_id: UUID, kind: AccessKind, fields: Iterable[str], *, reader: Reader
) -> None:
    await tx.execute(
        """
        insert into personal_data_access (person_id, kind, fields, purpose, actor, client_id, correlation_id)
        values ($1, $2, $3, $4, $5, $6, $7)
        """,
        person_id,
        kind.value,
        [str(field) for field in fields],
        reader.purpose,
        tx.origin.actor,
        reader.client_id,
        tx.origin.correlation_id,
    )
