"""Registrations: a person's seat in a Bimtek, taken for the library represented."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from simpul_shared.errors import Conflict, NotFound
from simpul_shared.vocabulary import Basis, BimtekStatus

from simpul_activities.domain.bimtek import Bimtek, require_status
from simpul_activities.domain.library import Library, require_open

OPEN_TO_PARTICIPANTS = frozenset({BimtekStatus.ANNOUNCED, BimtekStatus.RUNNING})


class RegistrationNotFound(NotFound):
    slug = "registration-not-found"
    title = "Pendaftaran tidak ditemukan"


class RegistrationWithdrawn(Conflict):
    slug = "registration-withdrawn"
    title = "Peserta sudah mundur"


class BimtekFull(Conflict):
    slug = "bimtek-full"
    title = "Bimtek sudah penuh"


class PersonAlreadyRegistered(Conflict):
    slug = "person-already-registered"
    title = "Peserta sudah terdaftar"


@dataclass(frozen=True)
class Withdrawal:
    at: datetime
    reason: str


@dataclass(frozen=True)
class Registration:
    """`region_id` is that of the library represented, when registered. `version` is 0 until recorded."""

    registration_id: UUID
    version: int
    bimtek_id: UUID
    person_id: UUID
    library_id: UUID
    region_id: UUID
    basis: Basis
    registered_at: datetime
    withdrawal: Withdrawal | None = None


def register(
    bimtek: Bimtek,
    *,
    registration_id: UUID,
    person_id: UUID,
    library: Library,
    taken: int,
    basis: Basis,
    now: datetime,
) -> Registration:
    """`taken` counts the registrations not withdrawn. Errors: BimtekInOtherState, LibraryClosed, BimtekFull."""
    require_status(bimtek, OPEN_TO_PARTICIPANTS, to="take registrations")
    require_open(library)
    capacity = bimtek.programme.capacity
    if capacity is not None and taken >= capacity:
        raise BimtekFull(
            f"All {capacity} places are taken. Withdraw a registration first.", facts={"capacity": capacity}
        )
    return Registration(
        registration_id=registration_id,
        version=0,
        bimtek_id=bimtek.bimtek_id,
        person_id=person_id,
        library_id=library.library_id,
        region_id=library.region_id,
        basis=basis,
        registered_at=now,
    )


def refuse_seat_by_another_id(seat: UUID | None) -> None:
    """`seat` is the registration of somebody who turned out to be the same person. Errors: PersonAlreadyRegistered."""
    if seat is not None:
        raise PersonAlreadyRegistered(
            f"The person has registration {seat} in this Bimtek by an id that was merged into this one. Use that one, or"
            " withdraw it first.",
            field="/person_id",
            facts={"registration_id": seat},
        )


def withdraw(registration: Registration, bimtek: Bimtek, *, reason: str, now: datetime) -> Registration:
    """Errors: BimtekInOtherState, RegistrationWithdrawn."""
    require_status(bimtek, OPEN_TO_PARTICIPANTS, to="let participants withdraw")
    require_standing(registration)
    return replace(registration, withdrawal=Withdrawal(now, reason))


def require_standing(registration: Registration) -> None:
    """Errors: RegistrationWithdrawn."""
    if registration.withdrawal is not None:
        raise RegistrationWithdrawn(
            f"Registration {registration.registration_id} was withdrawn. Register the person anew if they do take part.",
            facts={"registration_id": str(registration.registration_id)},
        )
