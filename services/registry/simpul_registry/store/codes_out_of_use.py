"""Why no region bears a code on a day: it never existed, not yet or no more; and what its place is called then."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import nsmallest
from typing import Protocol

from simpul_shared.access import NATION_CODE
from simpul_shared.platform.database import Transaction
from simpul_shared.regions.store import Region, RegionUnknown, region_of

from simpul_registry.domain.fate import Bearer, Fate, RegionFate
from simpul_registry.store.region_fates import bearers_on, fates_of

CodeOnDay = tuple[str, date]
_NEAREST = 3


@dataclass(frozen=True)
class OutOfUse:
    """Why no region bears a code on a day. `in_use` is empty where none ever did, and `fate` only there where none does any more."""

    told: str
    near: Sequence[str] = ()
    in_use: Sequence[Region] = ()
    place_has_code: str | None = None
    fate: Fate | None = None

    def refusal(self, *, field: str | None) -> RegionUnknown:
        facts: dict[str, object] = {"nearest_codes": self.near}
        if self.in_use:
            facts = {"code_in_use": intervals(self.in_use), "place_has_code": self.place_has_code}
        return RegionUnknown(self.told, field=field, facts=facts | (successors(self.fate) if self.fate else {}))


async def explain(
    tx: Transaction, wanted: Collection[CodeOnDay], *, known_on: datetime | None = None, far: int | None = None
) -> dict[CodeOnDay, OutOfUse]:
    """Of each code, which no region bore on its day, the reason.

    It says when the code was in use and what its place was called on the day or, where it never was, which codes are near.
    These are looked for beyond its own parent for the first `far` codes only: each takes thousands of others in.
    """
    if not wanted:
        return {}
    former = await bearers_of(tx, {code for code, _ in wanted}, known_on=known_on)
    never = [one for one in wanted if one[0] not in former]
    earlier = {one: _last_before(former[one[0]], one[1]) for one in wanted if one[0] in former}
    gone = {one: last for one, last in earlier.items() if last is not None}
    coming = [one for one, last in earlier.items() if last is None]
    return {
        **await _never(tx, never, known_on=known_on, far=far),
        **await _not_yet(tx, coming, former, known_on=known_on),
        **await _no_more(tx, gone, former, known_on=known_on),
    }


async def bearers_of(
    tx: Transaction, codes: Collection[str], *, known_on: datetime | None = None
) -> Mapping[str, Sequence[Region]]:
    """Who bore each code at any time, by first day, as known at `known_on` (now when None)."""
    rows = await tx.fetch(
        """
        select region_id, scheme, code, name, level, kind, parent_id, path, timezone, valid_from, valid_to, decree
        -- Not "= 'infinity'": a generic plan would then look each code up in the index against overlaps, at ten times the cost.
        from region_version
        where code = any($1::text[]) and (not isfinite(superseded_at) or superseded_at > $2)
            and recorded_at <= coalesce($2::timestamptz, 'infinity')
        order by valid_from
        """,
        list(codes),
        known_on,
    )
    found = defaultdict(list)
    for row in rows:
        found[row["code"]].append(region_of(row))
    return found


def _last_before(former: Sequence[Region], on: date) -> Region | None:
    return max((one for one in former if one.valid_from <= on), key=lambda one: one.valid_from, default=None)


async def _never(
    tx: Transaction, wanted: Sequence[CodeOnDay], *, known_on: datetime | None, far: int | None
) -> dict[CodeOnDay, OutOfUse]:
    surroundings = _Surroundings(tx, known_on, far)
    found = {}
    for code, on in wanted:
        near = await surroundings.nearest(code, on)
        hint = f" Near it are {', '.join(near)}." if near else ""
        found[code, on] = OutOfUse(f"No region ever had the code {code} in the records.{hint}", near=near)
    return found


async def _not_yet(
    tx: Transaction,
    wanted: Sequence[CodeOnDay],
    former: Mapping[str, Sequence[Region]],
    *,
    known_on: datetime | None,
) -> dict[CodeOnDay, OutOfUse]:
    found = {}
    for on in {day for _, day in wanted}:
        codes = [code for code, day in wanted if day == on]
        before = await bearers_on(tx, {former[code][0].region_id for code in codes}, on=on, known_on=known_on)
        for code in codes:
            bearer = before.get(former[code][0].region_id)
            hint = f" Its place bore the code {bearer.code} on that day." if bearer else ""
            found[code, on] = OutOfUse(
                f"No region had the code {code} on {on}; it was in use {in_words(former[code])}.{hint}",
                in_use=former[code],
                place_has_code=bearer.code if bearer else None,
            )
    return found


async def _no_more(
    tx: Transaction,
    gone: Mapping[CodeOnDay, Region],
    former: Mapping[str, Sequence[Region]],
    *,
    known_on: datetime | None,
) -> dict[CodeOnDay, OutOfUse]:
    """`gone` has the last bearer of each code."""
    together: dict[tuple[date, date], list[str]] = defaultdict(list)
    for (code, on), last in gone.items():
        together[last.valid_to, on].append(code)
    found = {}
    for (end, on), codes in together.items():
        bearers = [Bearer(last.region_id, last.code, last.name) for last in (gone[code, on] for code in codes)]
        fates = await fates_of(tx, bearers, since=end - timedelta(days=1), until=on, known_on=known_on)
        for code, told in zip(codes, fates, strict=True):
            found[code, on] = _retired(code, on, former[code], told)
    return found


def _retired(code: str, on: date, former: Sequence[Region], told: Fate) -> OutOfUse:
    went = ", ".join(f"{one.code} {one.name}" for one in told.now)
    what = f"Its place is {went} on that day." if went else "What its place became is not known (successor unknown)."
    return OutOfUse(
        f"No region had the code {code} on {on}; it was in use {in_words(former)}. {what}",
        in_use=former,
        place_has_code=told.now[0].code if told.fate is RegionFate.RECODED else None,
        fate=told,
    )


class _Surroundings:
    """Codes of one length around a code, by the smallest surrounding region that has any; each is read once."""

    def __init__(self, tx: Transaction, known_on: datetime | None, far: int | None) -> None:
        self._tx = tx
        self._known_on = known_on
        self._far = far
        self._read: dict[tuple[str, int, date], list[str]] = {}

    async def nearest(self, code: str, on: date) -> list[str]:
        """Up to three, those alike first."""
        if code == NATION_CODE:
            return []
        above = code.rpartition(".")[0]
        around = await self._below(above, len(code), on)
        if not around and self._may_go_far():
            while above and not around:
                above = above.rpartition(".")[0]
                around = await self._below(above, len(code), on)
        return nsmallest(_NEAREST, around, key=lambda other: _distance(code, other))

    def _may_go_far(self) -> bool:
        if self._far is None:
            return True
        self._far -= 1
        return self._far >= 0

    async def _below(self, above: str, length: int, on: date) -> list[str]:
        asked = (above, length, on)
        if asked not in self._read:
            rows = await self._tx.fetch(
                """
                select code from region_version
                where starts_with(code, $1) and length(code) = $2 and level <> 'NASIONAL' and valid_from <= $3
                    and $3 < valid_to and recorded_at <= coalesce($4::timestamptz, 'infinity')
                    and (superseded_at = 'infinity' or superseded_at > $4)
                """,
                f"{above}." if above else "",
                length,
                on,
                self._known_on,
            )
            self._read[asked] = [row["code"] for row in rows]
        return self._read[asked]


def _distance(code: str, other: str) -> tuple[int, int]:
    differing = sum(a != b for a, b in zip(code, other, strict=True))
    return differing, abs(int(code.replace(".", "")) - int(other.replace(".", "")))


def successors(told: Fate) -> dict[str, object]:
    """A fate as members of a problem document."""
    return {
        "fate": told.fate,
        "successors": [{"region_id": one.region_id, "code": one.code, "name": one.name} for one in told.now],
        "lineage": [
            {
                "kind": one.kind,
                "to_code": one.to_code,
                "effective_on": one.effective_on,
                "basis": one.basis,
                "confidence": one.confidence,
            }
            for one in told.steps
        ],
    }


class _Dated(Protocol):
    @property
    def valid_from(self) -> date: ...
    @property
    def valid_to(self) -> date: ...


def day(value: date) -> date | None:
    """A bound of an interval as the outside sees it: None where it is open."""
    return None if value in {date.min, date.max} else value


def in_words(versions: Sequence[_Dated]) -> str:
    """The intervals of the versions, those that touch made one."""
    spans: list[tuple[date, date]] = []
    for one in sorted(versions, key=lambda one: one.valid_from):
        if spans and spans[-1][1] == one.valid_from:
            spans[-1] = (spans[-1][0], one.valid_to)
        else:
            spans.append((one.valid_from, one.valid_to))
    return " and ".join(
        f"{'since records began' if start == date.min else f'from {start}'}{'' if end == date.max else f' until before {end}'}"
        for start, end in spans
    )


def intervals(versions: Iterable[Region]) -> list[dict[str, object]]:
    return [{"name": one.name, "valid_from": day(one.valid_from), "valid_to": day(one.valid_to)} for one in versions]
