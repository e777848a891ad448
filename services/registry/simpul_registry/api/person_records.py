"""HTTP in: what people are and do, and which of them are one and the same."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter, Depends
from fastapi.responses import Response
from pydantic import AwareDatetime, BaseModel, Field, model_validator
from simpul_shared.access import Permission
from simpul_shared.days import Day
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import AffiliationRole, CertificationKind, ConsentPurpose, LegalBasis

from simpul_registry.api.fields import Cursor, Limit, PaperNo, strict
from simpul_registry.api.people import change_of
from simpul_registry.api.person_bodies import Unshown
from simpul_registry.commands import person_duplicates, person_records
from simpul_registry.commands.person_records import Number
from simpul_registry.domain.duplicate_people import Pair
from simpul_registry.domain.person_records import Affiliation, Certification, Consent, Interval
from simpul_registry.queries import person_duplicates as questions
from simpul_registry.sealing import Keys
from simpul_registry.settings import person_keys
from simpul_registry.views.people import PersonView
from simpul_registry.views.person_duplicates import CandidateView, VerdictView

router = APIRouter(tags=["people"])

_Until = Annotated[Day | None, Field(description="The first day after it")]


class AffiliationBody(BaseModel):
    model_config = strict(library_id="01979a4e-7c11-7d2b-8f5e-0c2f4a1b9d33", role="PENGELOLA", valid_from="2023-01-02")

    library_id: UUID | None = None
    office_id: UUID | None = None
    role: AffiliationRole
    valid_from: Day
    valid_to: _Until = None

    @model_validator(mode="after")
    def _at_one_place(self) -> "AffiliationBody":
        if (self.library_id is None) == (self.office_id is None):
            raise ValueError("give library_id or office_id, one of them")
        return self


class EndBody(BaseModel):
    model_config = strict(valid_to="2025-01-01")

    valid_to: Annotated[Day, Field(description="The first day on which it does not hold any more")]


class CertificationBody(Unshown):
    """The number is sealed like the name, and told with the personal fields."""

    model_config = strict(kind="FASDA", number="FASDA-2023-017", valid_from="2023-05-12", valid_to="2026-05-12")

    kind: CertificationKind
    number: PaperNo | None = None
    valid_from: Day
    valid_to: _Until = None


class ConsentBody(BaseModel):
    """`text_version` names the text that the person was shown. `given_at` is now when left out."""

    model_config = strict(purpose="CERITA_PERUBAHAN", legal_basis="PERSETUJUAN", text_version="persetujuan-2026-01")

    purpose: ConsentPurpose
    legal_basis: LegalBasis = LegalBasis.CONSENT
    text_version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,60}$")]
    given_at: AwareDatetime | None = None


class WithdrawConsentBody(BaseModel):
    model_config = strict(withdrawn_at="2026-11-22T09:00:00+08:00")

    withdrawn_at: AwareDatetime | None = None


class MergeBody(BaseModel):
    model_config = strict(survivor_id="01979a50-1f2e-7a3c-9b4d-5e6f70819203")

    survivor_id: UUID


class DismissBody(BaseModel):
    model_config = strict(person_ids=["01979a50-1f2e-7a3c-9b4d-5e6f70819203", "01979a50-1f2e-7a3c-9b4d-5e6f70819207"])

    person_ids: tuple[UUID, UUID]


@router.post(
    "/v1/people/{person_id}/affiliations",
    response_model=PersonView,
    summary="Say what a person is at a library or an office",
)
async def affiliate(
    person_id: UUID,
    body: AffiliationBody,
    edge: Command = command(Permission.PERSON_CHANGE, touches="person_id", existing=True),
) -> Response:
    change, during = change_of(person_id, edge), Interval(body.valid_from, body.valid_to)
    affiliation = Affiliation(uuid6.uuid7(), body.library_id, body.office_id, body.role, during)
    at = [] if body.library_id is None else [body.library_id]
    return await edge.execute(lambda tx: person_records.affiliate(tx, change, affiliation), locks=[person_id, *at])


@router.post(
    "/v1/people/{person_id}/affiliations/{affiliation_id}/end",
    response_model=PersonView,
    summary="Say that an affiliation ends",
)
async def end_affiliation(
    person_id: UUID,
    affiliation_id: UUID,
    body: EndBody,
    edge: Command = command(Permission.PERSON_CHANGE, touches="person_id", existing=True),
) -> Response:
    change = change_of(person_id, edge)
    return await edge.execute(
        lambda tx: person_records.end_affiliation(tx, change, affiliation_id, valid_to=body.valid_to),
        locks=[person_id],
    )


@router.post(
    "/v1/people/{person_id}/certifications",
    response_model=PersonView,
    summary="Certify a facilitator or master trainer",
)
async def certify(
    person_id: UUID,
    body: CertificationBody,
    edge: Command = command(Permission.PERSON_CERTIFY, touches="person_id", existing=True),
    keys: Keys = Depends(person_keys),
) -> Response:
    change, during = change_of(person_id, edge), Interval(body.valid_from, body.valid_to)
    certification = Certification(uuid6.uuid7(), body.kind, during)
    number = None if body.number is None else Number(body.number, keys.service)
    return await edge.execute(
        lambda tx: person_records.certify(tx, change, certification, number=number), locks=[person_id]
    )


@router.post(
    "/v1/people/{person_id}/certifications/{certification_id}/end",
    response_model=PersonView,
    summary="Say that a certification ends",
)
async def end_certification(
    person_id: UUID,
    certification_id: UUID,
    body: EndBody,
    edge: Command = command(Permission.PERSON_CERTIFY, touches="person_id", existing=True),
) -> Response:
    change = change_of(person_id, edge)
    return await edge.execute(
        lambda tx: person_records.end_certification(tx, change, certification_id, valid_to=body.valid_to),
        locks=[person_id],
    )


@router.post("/v1/people/{person_id}/consents", response_model=PersonView, summary="Record what a person agreed to")
async def give_consent(
    person_id: UUID,
    body: ConsentBody,
    edge: Command = command(Permission.PERSON_CHANGE, touches="person_id", existing=True),
) -> Response:
    change = change_of(person_id, edge)
    given_at: datetime = body.given_at or edge.now
    consent = Consent(uuid6.uuid7(), body.purpose, body.legal_basis, body.text_version, given_at)
    return await edge.execute(lambda tx: person_records.give_consent(tx, change, consent), locks=[person_id])


@router.post(
    "/v1/people/{person_id}/consents/{consent_id}/withdraw",
    response_model=PersonView,
    summary="Record that a person withdrew a consent",
)
async def withdraw_consent(
    person_id: UUID,
    consent_id: UUID,
    body: WithdrawConsentBody | None = None,
    edge: Command = command(Permission.PERSON_CHANGE, touches="person_id", existing=True),
) -> Response:
    change, at = change_of(person_id, edge), body.withdrawn_at if body else None
    return await edge.execute(
        lambda tx: person_records.withdraw_consent(tx, change, consent_id, withdrawn_at=at), locks=[person_id]
    )


@router.post("/v1/people/{person_id}/merge", response_model=PersonView, summary="Decide that a person is another one")
async def merge_person(
    person_id: UUID,
    body: MergeBody,
    edge: Command = command(Permission.PERSON_MERGE, touches="person_id", existing=True),
) -> Response:
    change = change_of(person_id, edge)
    return await edge.execute(
        lambda tx: person_duplicates.merge_person(tx, change, body.survivor_id), locks=[person_id, body.survivor_id]
    )


@router.post(
    "/v1/person-duplicates/dismiss", response_model=VerdictView, summary="Decide that two people are two people"
)
async def dismiss_duplicate(
    body: DismissBody, edge: Command = command(Permission.PERSON_MERGE, touches="body.person_ids")
) -> Response:
    pair = Pair.of(*body.person_ids)
    return await edge.execute(
        lambda tx: person_duplicates.dismiss_duplicate(tx, pair, scope=edge.scope, now=edge.now),
        locks=body.person_ids,
    )


@router.get("/v1/person-duplicates", response_model=Page[CandidateView], summary="People who may be registered twice")
async def list_duplicate_candidates(
    limit: Limit = 50,
    cursor: Cursor = None,
    edge: Query = query(Permission.PERSON_MERGE, touches="found.region_id"),
) -> Response:
    async with edge.snapshot() as tx:
        page = await questions.list_candidates(tx, scope=edge.scope, now=edge.now, limit=limit, cursor=cursor)
    return answer(page)
