"""Pairs of people who may be one, as callers are shown them: by id."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from simpul_registry.domain.duplicate_people import Verdict
from simpul_registry.domain.person import TermKind

_PAIR: JsonDict = {
    "person_ids": ["01979a50-1f2e-7a3c-9b4d-5e6f70819203", "01979a50-1f2e-7a3c-9b4d-5e6f70819207"],
}


class CandidateView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_PAIR | {"alike": ["name", "phone", "sound"]}]})

    person_ids: tuple[UUID, UUID]
    alike: list[TermKind] = Field(
        description="Within the village name, sound of the name, or its initials with the birth year; else phone, email, nik."
        " What they say is told elsewhere"
    )


class VerdictView(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [_PAIR | {"verdict": "DISMISSED"}]})

    person_ids: tuple[UUID, UUID]
    verdict: Verdict
