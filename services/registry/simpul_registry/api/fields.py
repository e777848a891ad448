"""Fields that several bodies and queries share, with their limits."""

import re
from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, ConfigDict, Field, JsonValue
from simpul_shared.errors import Invalid
from simpul_shared.texts import as_seen, require_line, require_seen
from simpul_shared.vocabulary import ExternalIdScheme, RegionCode, RegionCodeMalformed, parse_region_code

from simpul_registry.domain.external_id import compared


def strict(**example: JsonValue) -> ConfigDict:
    """Settings of a body: blanks around texts dropped, unknown fields refused, an example for the documents."""
    return ConfigDict(extra="forbid", str_strip_whitespace=True, json_schema_extra={"examples": [example]})


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(as_seen), AfterValidator(require_line)]
PaperNo = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(require_line)]
"""The number of a decree, a record or a certificate."""

Source = Annotated[
    str, Field(min_length=1, max_length=200, description="Where it is written"), AfterValidator(require_line)
]
Reason = Annotated[
    str,
    Field(min_length=1, max_length=2000, description="Why, for those who read the history"),
    AfterValidator(require_seen),
]
ProgrammeYear = Annotated[int, Field(ge=2000, le=2100, description="Tahun program")]


Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page")]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before")]


Evidence = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/@#?&=%+-]{1,300}$")], ...],
    Field(max_length=20, description="Where photos and papers are: references or addresses, never names"),
]


def _code_in_body(text: str) -> RegionCode:
    return parse_region_code(text, field="/region_code")


RegionCodeInBody = Annotated[
    str,
    Field(max_length=20, description="Kemendagri code with dots, such as 51.03.02.2009", examples=["51.03.02.2009"]),
    AfterValidator(_code_in_body),
]

KnownOn = Annotated[
    str | None,
    Query(
        max_length=40,
        description="The instant whose knowledge is used (RFC 3339), or a date for its end in Jakarta; now when left out",
        examples=["2026-11-22T10:05:00+07:00"],
    ),
]


_PREFIX = re.compile(r"\d{1,2}(?:\.(?:\d{0,2}|\d{2}\.\d{0,2}|\d{2}\.\d{2}\.\d{0,4}))?", re.ASCII)


def parse_code_prefix(text: str | None) -> str | None:
    """The beginning of a dotted code, such as "51.0" or "51.03.". Errors: RegionCodeMalformed."""
    if text is None or _PREFIX.fullmatch(text):
        return text
    raise RegionCodeMalformed(
        f"{text!r} begins no region code. Write it with dots, such as 51.03.", field="/query/prefix"
    )


class ExternalIdMalformed(Invalid):
    slug = "external-id-malformed"
    title = "Nomor tidak sah"


def parse_external_id(text: str | None) -> tuple[ExternalIdScheme, str] | None:
    """A register and a number in it as they are compared, written NPP:5103022D1000123. Errors: ExternalIdMalformed."""
    if text is None:
        return None
    scheme, _, value = text.partition(":")
    if scheme not in set(ExternalIdScheme) or not value:
        raise ExternalIdMalformed(
            f"{text!r} names no register and number. Write it such as NPP:5103022D1000123; registers are"
            f" {', '.join(ExternalIdScheme)}.",
            field="/query/external_id",
        )
    return ExternalIdScheme(scheme), compared(ExternalIdScheme(scheme), value)
