"""Numbers that other registers give a library: never a key of ours, dated, and checked as far as their form is known (pure)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from simpul_shared.errors import Conflict, Invalid
from simpul_shared.vocabulary import ExternalIdScheme

from simpul_registry.domain.library import refuse_future

_NPP_POSSIBLE = re.compile(r"[0-9A-Za-z]{15}")
_NPP_USUAL = re.compile(r"\d{7}[A-Z]\d{7}", re.ASCII)


class NppMalformed(Invalid):
    slug = "npp-malformed"
    title = "NPP tidak sah"


class IntervalReversed(Invalid):
    slug = "interval-reversed"
    title = "Tanggal berakhir tidak setelah tanggal mulai"


class ExternalIdTaken(Conflict):
    slug = "external-id-taken"
    title = "Nomor sudah dipakai perpustakaan lain"


class ExternalIdsOverlap(Conflict):
    slug = "external-ids-overlap"
    title = "Dua nomor berlaku pada hari yang sama"


@dataclass(frozen=True)
class ExternalId:
    """`valid_to` is the first day on which it no longer is the library's number; None while it is."""

    scheme: ExternalIdScheme
    value: str
    valid_from: date
    valid_to: date | None
    source: str

    @property
    def compared(self) -> str:
        return compared(self.scheme, self.value)


def compared(scheme: ExternalIdScheme, value: str) -> str:
    """What two numbers are held to be one by, as the column of that name has it: how an NPP's letter is typed tells nothing."""
    return value.upper() if scheme is ExternalIdScheme.NPP else value


def warnings_of(one: ExternalId) -> list[str]:
    """What is odd about the number, but may be right: nobody has published what the parts of an NPP mean.

    Errors: NppMalformed, for what cannot be an NPP at all.
    """
    if one.scheme is not ExternalIdScheme.NPP or _NPP_USUAL.fullmatch(one.value):
        return []
    if not _NPP_POSSIBLE.fullmatch(one.value):
        raise NppMalformed(
            f"{one.value!r} is no NPP: one has 15 digits and letters, such as 6372052C0000001. A spreadsheet may have"
            " turned it into a number; copy it from the certificate.",
            field="/value",
        )
    return ["npp-form: an NPP usually has 7 digits, a capital letter and 7 digits; check it against the certificate"]


def assign(known: Sequence[ExternalId], new: ExternalId, *, today: date) -> list[ExternalId]:
    """What to record, in order: the number of the same register that this one replaces, ended on its first day; then it.

    `new` may end one that is known, which has its value and first day, and may have ended before another began.

    Errors: NppMalformed, DateInFuture, IntervalReversed, ExternalIdsOverlap.
    """
    warnings_of(new)
    refuse_future(new.valid_from, today=today, field="/valid_from")
    _require_forwards(new)
    if new.scheme is ExternalIdScheme.OTHER:
        return [new]
    beside = [
        one
        for one in known
        if one.scheme is new.scheme and (one.value, one.valid_from) != (new.value, new.valid_from) and _meet(one, new)
    ]
    for one in beside:
        if one.valid_to is not None or one.compared == new.compared or new.valid_from <= one.valid_from:
            raise ExternalIdsOverlap(
                f"The library has {one.scheme} {one.value} from {one.valid_from}"
                f"{'' if one.valid_to is None else f' until before {one.valid_to}'}. Name days beside these; to end that"
                " number, send it with its first day and its valid_to.",
                field="/valid_from",
            )
    return [*(replace(one, valid_to=new.valid_from) for one in beside), new]


def _meet(one: ExternalId, other: ExternalId) -> bool:
    return one.valid_from < (other.valid_to or date.max) and other.valid_from < (one.valid_to or date.max)


def _require_forwards(one: ExternalId) -> None:
    if one.valid_to is not None and one.valid_to <= one.valid_from:
        raise IntervalReversed(
            f"{one.scheme} {one.value} holds from {one.valid_from}; it cannot end on {one.valid_to}. Give a later day.",
            field="/valid_to",
        )
