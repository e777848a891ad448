"""Fields that several bodies and lists share: limits of texts, times with a zone, counts that are numbers."""

from typing import Annotated

from fastapi import Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from simpul_shared.days import Day
from simpul_shared.vocabulary import RegionCode, parse_region_code


class Body(BaseModel):
    """A request body: unknown fields are refused, blanks around texts dropped."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def _written_out(value: object) -> object:
    """A bare number would pass as seconds since 1970. Errors: ValueError."""
    if isinstance(value, int | float):
        raise ValueError("write a time as 2026-11-22T09:00:00+08:00")  # noqa: TRY004 (pydantic reports ValueError only)
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_written_out), Field(description="RFC 3339, with its zone")]
ShortText = Annotated[str, Field(min_length=1, max_length=200)]
Notes = Annotated[str, Field(min_length=1, max_length=4000)]
Code = Annotated[str, Field(min_length=1, max_length=50)]
Reason = Annotated[
    str, Field(min_length=1, max_length=2000, description="Why. Name no private person: it travels in an event")
]


Evidence = Annotated[
    tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/@#?&=%+-]{1,300}$")], ...],
    Field(max_length=20, description="Where photos and papers are: references or addresses, never names"),
]


class ReasonBody(Body):
    reason: Annotated[Reason, Field(examples=["Tercatat dua kali"])]


def _code_in_body(text: str) -> RegionCode:
    return parse_region_code(text, field="/region_code")


RegionCodeInBody = Annotated[
    str,
    Field(max_length=20, description="Kemendagri code with dots, such as 51.03.02.2009", examples=["51.03.02.1001"]),
    AfterValidator(_code_in_body),
]
Region = Annotated[
    str | None, Query(max_length=20, description="Kemendagri code such as 51.03, or ID; all below it is listed")
]
From = Annotated[Day | None, Query(alias="from", description="First local date, inclusive")]
To = Annotated[Day | None, Query(alias="to", description="Last local date, inclusive")]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next_cursor` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page")]
