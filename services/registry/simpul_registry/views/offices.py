"""Offices as callers are shown them."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from simpul_shared.vocabulary import OfficeKind

from simpul_registry.domain.office import Office


class OfficeView(BaseModel):
    """`jurisdiction` are region ids, each with all below it; `changed_on` is the day since which name and jurisdiction hold."""

    model_config = ConfigDict(from_attributes=True)

    office_id: UUID
    kind: OfficeKind
    name: str
    jurisdiction: list[UUID]
    opened_on: date
    changed_on: date
    closed_on: date | None
    version: int

    @classmethod
    def of(cls, office: Office) -> "OfficeView":
        return cls.model_validate(office)
