"""The bodies of writes on people: limits and examples. Nothing personal has a repr, so that no log can show it."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, model_validator
from simpul_shared.vocabulary import (
    Basis,
    ErasureReason,
    PersonalField,
    RegionCode,
    RegionCodeMalformed,
    parse_region_code,
)

from simpul_registry.api.fields import Name, strict
from simpul_registry.domain.person import Fields, Gender, ReadPurpose, TermKind, normal_phone

_Phone = Annotated[str, Field(max_length=40), AfterValidator(normal_phone)]
_Email = Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
_BirthYear = Annotated[int, Field(ge=1900, le=2100)]
_Nik = Annotated[str, Field(pattern=r"^[0-9]{16}$", description="Only a keyed hash of it is kept")]


def _code_unrepeated(text: str) -> RegionCode:
    """A name or NIK that was put into the wrong field is not told again."""
    try:
        return parse_region_code(text, field="/region_code")
    except RegionCodeMalformed:
        raise RegionCodeMalformed(
            "This is no region code. Write the Kemendagri code with dots, such as 51.03.02.2009.", field="/region_code"
        ) from None


_RegionCode = Annotated[
    str,
    Field(max_length=20, description="Kemendagri code with dots, such as 51.03.02.2009", examples=["51.03.02.2009"]),
    AfterValidator(_code_unrepeated),
]


class Unshown(BaseModel):
    @model_validator(mode="before")
    @classmethod
    def _known_fields(cls, body: Any) -> Any:
        """What is called as no field is, may be a name: it is not told again."""
        if isinstance(body, dict) and not body.keys() <= cls.model_fields.keys():
            raise ValueError(f"a field is not known; there are {', '.join(cls.model_fields)}")
        return body

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return ()


class _PersonalBody(Unshown):
    phone: _Phone | None = None
    email: _Email | None = None
    gender: Gender | None = None
    birth_year: _BirthYear | None = None
    nik: _Nik | None = None

    def fields(self) -> Fields:
        """The personal fields that were given, a null among them."""
        given = {field: getattr(self, field) for field in PersonalField if field in self.model_fields_set}
        return {field: None if value is None else str(value) for field, value in given.items()}


class RegisterBody(_PersonalBody):
    """What is personal is kept encrypted and is in no answer but those made for it. Only the name must be known."""

    model_config = strict(
        name="Ni Luh Contoh",
        phone="0812-3456-7890",
        gender="P",
        birth_year=1984,
        region_code="51.03.02.2009",
        basis="sample",
    )

    name: Name
    region_code: _RegionCode
    basis: Basis = Basis.STATED


class CorrectBody(_PersonalBody):
    """What is left out stays; null forgets, but for the name. What stood there before is not kept."""

    model_config = strict(phone="+6281234567890", email=None)

    name: Name | None = None

    @model_validator(mode="after")
    def _named(self) -> "CorrectBody":
        if "name" in self.model_fields_set and self.name is None:
            raise ValueError("a person keeps a name; leave the field out to keep the present one")
        return self


class RelocateBody(Unshown):
    model_config = strict(region_code="51.03.02.2009")

    region_code: _RegionCode


class LookUpBody(Unshown):
    """A telephone number or a NIK; never in an address, because those are logged on the way."""

    model_config = strict(phone="0812-3456-7890", purpose="KONTAK")

    phone: _Phone | None = None
    nik: _Nik | None = None
    purpose: ReadPurpose | None = None

    @model_validator(mode="after")
    def _by_one_term(self) -> "LookUpBody":
        if (self.phone is None) == (self.nik is None):
            raise ValueError("give phone or nik, one of them")
        return self

    def term(self) -> tuple[TermKind, str]:
        return (TermKind.PHONE, self.phone) if self.phone is not None else (TermKind.NIK, str(self.nik))


class EraseBody(BaseModel):
    model_config = strict(reason="PERMINTAAN_SUBJEK")

    reason: ErasureReason
