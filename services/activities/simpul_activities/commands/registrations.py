"""Participants of a Bimtek: register, withdraw."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from simpul_shared.contracts.activities import ParticipantRegistered, ParticipantWithdrawn
from simpul_shared.platform.auth import Scope
from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.command import Answer, require_version
from simpul_shared.platform.outbox import append
from simpul_shared.vocabulary import Basis

from simpul_activities.commands.known import allowed_regions, require_library, require_person
from simpul_activities.domain import registration as rules
from simpul_activities.domain.registration import Registration
from simpul_activities.store import bimteks, registrations
from simpul_activities.views.participation import RegistrationView


@dataclass(frozen=True)
class RegisterParticipant:
    """`library_id` is the library that the person represents in the Bimtek."""

    bimtek_id: UUID
    person_id: UUID
    library_id: UUID
    basis: Basis


@dataclass(frozen=True)
class WithdrawParticipant:
    bimtek_id: UUID
    registration_id: UUID
    expected_version: int
    reason: str


async def register_participant(
    tx: Transaction, registration_id: UUID, command: RegisterParticipant, *, scope: Scope, now: datetime
) -> Answer:
    """Errors: BimtekNotFound, OutsideScope, LibraryUnknown, PersonUnknown, PersonIsMerged, PersonErased, PersonAlreadyRegistered,
    those of rules.register.
    """
    allowed = await allowed_regions(tx, scope, now)
    bimtek = await bimteks.load_hosted(tx, command.bimtek_id, allowed=allowed)
    library = await require_library(tx, command.library_id, allowed=allowed)
    await require_person(tx, command.person_id, allowed=allowed)
    rules.refuse_seat_by_another_id(await registrations.seat_by_another_id(tx, command.bimtek_id, command.person_id))
    registration = rules.register(
        bimtek,
        registration_id=registration_id,
        person_id=command.person_id,
        library=library,
        taken=await registrations.count_taken(tx, command.bimtek_id),
        basis=command.basis,
        now=now,
    )
    recorded = await append(tx, _registered(registration), occurred_at=now, source_tz=bimtek.timezone)
    registration = replace(registration, version=recorded.version)
    await registrations.insert(tx, registration)
    return _answer(registration, location=f"/v1/registrations/{registration_id}")


async def withdraw_participant(tx: Transaction, command: WithdrawParticipant, *, scope: Scope, now: datetime) -> Answer:
    """Errors: BimtekNotFound, OutsideScope, RegistrationNotFound, PreconditionFailed, those of rules.withdraw."""
    allowed = await allowed_regions(tx, scope, now)
    bimtek = await bimteks.load_hosted(tx, command.bimtek_id, allowed=allowed)
    registration = await registrations.load_of(tx, command.bimtek_id, command.registration_id)
    require_version(registration.version, command.expected_version)
    registration = rules.withdraw(registration, bimtek, reason=command.reason, now=now)
    recorded = await append(tx, _withdrawn(registration, command.reason), occurred_at=now, source_tz=bimtek.timezone)
    registration = replace(registration, version=recorded.version)
    await registrations.update_withdrawal(tx, registration)
    return _answer(registration)


def _withdrawn(registration: Registration, reason: str) -> ParticipantWithdrawn:
    return ParticipantWithdrawn(
        registration_id=registration.registration_id, bimtek_id=registration.bimtek_id, reason=reason
    )


def _registered(registration: Registration) -> ParticipantRegistered:
    return ParticipantRegistered(
        registration_id=registration.registration_id,
        bimtek_id=registration.bimtek_id,
        person_id=registration.person_id,
        library_id=registration.library_id,
        region_id=registration.region_id,
        basis=registration.basis,
    )


def _answer(registration: Registration, location: str | None = None) -> Answer:
    return Answer(RegistrationView.of(registration), version=registration.version, location=location)
