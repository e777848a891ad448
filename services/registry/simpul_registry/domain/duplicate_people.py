"""Two people who may be one (pure). Nothing is merged by itself: somebody decides."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from simpul_shared.errors import Invalid


class SamePerson(Invalid):
    slug = "same-person"
    title = "Orang yang sama"


class Verdict(StrEnum):
    MERGED = "MERGED"
    DISMISSED = "DISMISSED"


@dataclass(frozen=True)
class Pair:
    """The lower id first."""

    one_id: UUID
    other_id: UUID

    @classmethod
    def of(cls, one_id: UUID, other_id: UUID) -> "Pair":
        """Errors: SamePerson."""
        if one_id == other_id:
            raise SamePerson("Both ids are the same. Name two people.")
        return cls(min(one_id, other_id), max(one_id, other_id))
