"""Rules of people (pure): what may be known of one, and the normal forms by which people are looked up and compared."""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from simpul_shared.errors import Invalid
from simpul_shared.vocabulary import PersonalField


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


def normal_name(name: str) -> str:
    """Words in one case and order, without accents and punctuation: what two spellings of a name have in common."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return " ".join(sorted(re.findall(r"\w+", plain.casefold())))


def terms(fields: Fields, *, region_id: UUID) -> dict[PersonalField, str | None]:
    """What a person is found by, of the fields given. A name counts within its village only: too many people share one."""
    found = {kind: fields[kind] for kind in (PersonalField.PHONE, PersonalField.NIK) if kind in fields}
    name = fields.get(PersonalField.NAME)
    return found if name is None else {**found, PersonalField.NAME: f"{region_id}|{normal_name(name)}"}
