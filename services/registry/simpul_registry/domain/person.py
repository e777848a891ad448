"""Rules of people (pure): what may be known of one, and the normal forms by which people are looked up and compared."""

import re
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from simpul_shared.errors import Invalid
from simpul_shared.vocabulary import PersonalField

from simpul_registry.domain.person_names import initials_of, normal_name, sound_of


class Gender(StrEnum):
    """Never leaves the registry; what is counted elsewhere has counts of its own."""

    MALE = "L"
    FEMALE = "P"


class ReadPurpose(StrEnum):
    """What somebody reads personal fields for."""

    CONTACT = "KONTAK"
    TRAINING = "BIMTEK"
    VERIFICATION = "VERIFIKASI"
    SUBJECT_REQUEST = "PERMINTAAN_SUBJEK"
    OVERSIGHT = "PENGAWASAN"


class AccessKind(StrEnum):
    READ = "READ"
    LOOK_UP = "LOOK_UP"
    EXPORT = "EXPORT"


class TermKind(StrEnum):
    """What people are looked up and compared by. Only keyed hashes of it are kept."""

    NAME = "name"
    SOUND = "sound"
    INITIALS = "initials"
    PHONE = "phone"
    EMAIL = "email"
    NIK = "nik"


TERMS_VERSION = 1
"""Goes up when terms() changes; `index-people` then makes everyone's anew."""


class PhoneMalformed(Invalid):
    slug = "phone-malformed"
    title = "Nomor telepon tidak sah"


class NothingToCorrect(Invalid):
    slug = "nothing-to-correct"
    title = "Tidak ada yang dibetulkan"


Fields = Mapping[PersonalField, str | None]
"""Personal fields as texts; None where one is to be forgotten."""


def normal_phone(text: str) -> str:
    """The number with its country in front, such as +6281234567890; one without is Indonesian. Errors: PhoneMalformed.

    The refusal does not repeat the number: problem documents end up in logs of callers.
    """
    digits = re.sub(r"[\s().-]", "", text)
    if digits.startswith("0"):
        digits = f"+62{digits[1:]}"
    if not re.fullmatch(r"\+[1-9]\d{6,14}", digits, re.ASCII):
        raise PhoneMalformed(
            "This is no telephone number. Write it as 0812... or with the country, as +62812...", field="/phone"
        )
    return digits


def terms(known: Fields, *, region_id: UUID) -> dict[TermKind, str | None]:
    """What a person is found by, of all that is known; None where nothing is. A NIK that is not given is left out: nobody can
    tell it any more. A name counts within its village only: too many people share one."""
    name, year = known.get(PersonalField.NAME) or "", known.get(PersonalField.BIRTH_YEAR)
    initials, email = initials_of(name), known.get(PersonalField.EMAIL)
    found = {
        TermKind.NAME: _here(region_id, normal_name(name)),
        TermKind.SOUND: _here(region_id, sound_of(name)),
        TermKind.INITIALS: _here(region_id, f"{year}|{initials}") if year and len(initials) > 1 else None,
        TermKind.PHONE: known.get(PersonalField.PHONE),
        TermKind.EMAIL: email and email.casefold(),
    }
    return found | {TermKind.NIK: known[PersonalField.NIK]} if PersonalField.NIK in known else found


def _here(region_id: UUID, text: str) -> str | None:
    return f"{region_id}|{text}" if text else None
