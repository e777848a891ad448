"""HTTP in: aid and its condition, the national standard (SNP), accreditation."""

from typing import Annotated
from uuid import UUID

import uuid6
from fastapi import APIRouter, Depends
from fastapi import Query as Parameter
from fastapi.responses import Response
from pydantic import BaseModel, Field
from simpul_shared.access import Permission
from simpul_shared.days import Day
from simpul_shared.known_on import parse_known_on
from simpul_shared.platform.http.command import Command, command
from simpul_shared.platform.http.query import Page, Query, answer, query
from simpul_shared.vocabulary import AccreditationGrade, AidItem, FundSource, Schooling

from simpul_registry.api.fields import Evidence, KnownOn, PaperNo, Reason, strict
from simpul_registry.commands import holdings as commands
from simpul_registry.commands.holdings import Within
from simpul_registry.domain.aid import AidReceipt, ConditionCheck
from simpul_registry.domain.snp import SnpObservation, Standards
from simpul_registry.queries import holdings as queries
from simpul_registry.settings import standards
from simpul_registry.store.snp import Accreditation
from simpul_registry.views.holdings import (
    ACCREDITATION,
    AID,
    CHECK,
    PROFILE,
    AccreditationView,
    AidReceiptView,
    SnpView,
)

router = APIRouter(tags=["readiness"])

_Pieces = Annotated[int, Field(ge=0, le=1_000_000)]


class AidBody(BaseModel):
    """One line of a handover record (BAST)."""

    model_config = strict(**AID)

    item: AidItem
    quantity: Annotated[int, Field(ge=1, le=1_000_000)]
    source: FundSource
    bast_no: PaperNo
    bast_date: Day


class CheckBody(BaseModel):
    """Every piece is counted once: good and in use, broken, or diverted to another use."""

    model_config = strict(**CHECK)

    checked_on: Day
    good: _Pieces
    broken: _Pieces
    diverted: _Pieces
    evidence: Evidence = ()


class WithdrawBody(BaseModel):
    model_config = strict(reason="Salah perpustakaan")

    reason: Reason


class ProfileBody(BaseModel):
    """What was not observed is left out; that is not 0. Put a profile right by another of its day."""

    model_config = strict(**PROFILE)

    observed_on: Day
    titles: _Pieces | None = None
    building_m2: Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)] | None = None
    hours_per_day: Annotated[float, Field(ge=0, le=24, allow_inf_nan=False)] | None = None
    staff: _Pieces | None = None
    head_schooling: Schooling | None = None
    head_trained: Annotated[bool, Field(description="The head had the training (diklat)")] | None = None


class AccreditationBody(BaseModel):
    model_config = strict(**ACCREDITATION)

    grade: AccreditationGrade
    instrument: PaperNo
    granted_on: Day
    valid_to: Annotated[Day, Field(description="The first day after it")]


@router.post(
    "/v1/libraries/{library_id}/aid-receipts",
    status_code=201,
    response_model=AidReceiptView,
    summary="Record aid that a library received",
)
async def receive_aid(
    library_id: UUID, body: AidBody, edge: Command = command(Permission.AID_RECORD, touches="library_id")
) -> Response:
    receipt = AidReceipt(uuid6.uuid7(), library_id, **body.model_dump())
    within = Within(edge.scope, edge.now)
    return await edge.execute(
        lambda tx: commands.receive_aid(tx, receipt, within), locks=[library_id, receipt.receipt_id], status=201
    )


@router.get(
    "/v1/libraries/{library_id}/aid-receipts",
    response_model=Page[AidReceiptView],
    summary="What a library received, and what became of it",
)
async def list_aid(library_id: UUID, edge: Query = query(Permission.LIBRARY_READ, touches="library_id")) -> Response:
    async with edge.snapshot() as tx:
        return answer(await queries.aid_of(tx, library_id, scope=edge.scope, now=edge.now))


@router.get(
    "/v1/aid-receipts/{receipt_id}",
    response_model=AidReceiptView,
    summary="One line of a handover record, and what became of it",
)
async def get_receipt(
    receipt_id: UUID, edge: Query = query(Permission.LIBRARY_READ, touches="receipt.library_id")
) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.get_receipt(tx, receipt_id, scope=edge.scope, now=edge.now)
    return answer(view, version=view.version)


@router.post(
    "/v1/aid-receipts/{receipt_id}/checks",
    response_model=AidReceiptView,
    summary="Record in which condition aid was found",
)
async def check_aid(
    receipt_id: UUID,
    body: CheckBody,
    edge: Command = command(Permission.READINESS_RECORD, touches="receipt.library_id", existing=True),
) -> Response:
    found, within, version = ConditionCheck(**body.model_dump()), Within(edge.scope, edge.now), edge.expected_version
    return await edge.execute(
        lambda tx: commands.check_aid(tx, receipt_id, found, within, expected_version=version), locks=[receipt_id]
    )


@router.post(
    "/v1/aid-receipts/{receipt_id}/withdraw",
    response_model=AidReceiptView,
    summary="Withdraw a line that was recorded by mistake",
)
async def withdraw_aid(
    receipt_id: UUID,
    body: WithdrawBody,
    edge: Command = command(Permission.AID_RECORD, touches="receipt.library_id", existing=True),
) -> Response:
    within, version = Within(edge.scope, edge.now), edge.expected_version
    return await edge.execute(
        lambda tx: commands.withdraw_aid(tx, receipt_id, within, expected_version=version, reason=body.reason),
        locks=[receipt_id],
    )


@router.post(
    "/v1/libraries/{library_id}/snp-profiles",
    status_code=201,
    response_model=SnpView,
    summary="Record what was found of a library that the national standard asks for",
)
async def record_snp_profile(
    library_id: UUID,
    body: ProfileBody,
    edge: Command = command(Permission.READINESS_RECORD, touches="library_id"),
    known: Standards = Depends(standards),
) -> Response:
    profile_id, observed = uuid6.uuid7(), SnpObservation(**body.model_dump())
    within = Within(edge.scope, edge.now)
    return await edge.execute(
        lambda tx: commands.record_profile(tx, profile_id, library_id, observed, within, standards=known),
        locks=[library_id, profile_id],
        status=201,
    )


@router.get(
    "/v1/libraries/{library_id}/snp",
    response_model=SnpView,
    summary="How far a library was from the national standard on a day",
)
async def read_snp(
    library_id: UUID,
    on: Annotated[Day | None, Parameter(description="Local day; today when left out")] = None,
    known_on: KnownOn = None,
    rules: Annotated[
        str | None, Parameter(max_length=40, description="Version; the one in force on the day when left out")
    ] = None,
    edge: Query = query(Permission.LIBRARY_READ, touches="library_id"),
    known: Standards = Depends(standards),
) -> Response:
    async with edge.snapshot() as tx:
        view = await queries.standing(
            tx,
            library_id,
            on=on,
            known_on=parse_known_on(known_on),
            rules=rules,
            standards=known,
            scope=edge.scope,
            now=edge.now,
        )
    return answer(view)


@router.post(
    "/v1/libraries/{library_id}/accreditations",
    status_code=201,
    response_model=AccreditationView,
    summary="Record the accreditation of a library",
)
async def accredit_library(
    library_id: UUID,
    body: AccreditationBody,
    edge: Command = command(Permission.LIBRARY_ACCREDIT, touches="library_id"),
) -> Response:
    accreditation = Accreditation(uuid6.uuid7(), library_id, **body.model_dump())
    within = Within(edge.scope, edge.now)
    return await edge.execute(
        lambda tx: commands.accredit(tx, accreditation, within),
        locks=[library_id, accreditation.accreditation_id],
        status=201,
    )


@router.get(
    "/v1/libraries/{library_id}/accreditations",
    response_model=Page[AccreditationView],
    summary="The accreditations of a library, the latest first",
)
async def list_accreditations(
    library_id: UUID, edge: Query = query(Permission.LIBRARY_READ, touches="library_id")
) -> Response:
    async with edge.snapshot() as tx:
        return answer(await queries.accreditations_of(tx, library_id, scope=edge.scope, now=edge.now))


@router.post(
    "/v1/accreditations/{accreditation_id}/withdraw",
    response_model=AccreditationView,
    summary="Withdraw an accreditation that was recorded by mistake",
)
async def withdraw_accreditation(
    accreditation_id: UUID,
    body: WithdrawBody,
    edge: Command = command(Permission.LIBRARY_ACCREDIT, touches="accreditation.library_id", existing=True),
) -> Response:
    within, version = Within(edge.scope, edge.now), edge.expected_version
    return await edge.execute(
        lambda tx: commands.withdraw_accreditation(
            tx, accreditation_id, within, expected_version=version, reason=body.reason
        ),
        locks=[accreditation_id],
    )
