"""Questions about codes of other schemes: whose one is on a day, or where its bearer is by then; and which a region has."""

from datetime import date, datetime, timedelta
from uuid import UUID

from simpul_shared.platform.database import Transaction
from simpul_shared.platform.http.query import Page
from simpul_shared.regions.store import RegionUnknown

from simpul_registry.domain.fate import Bearer, Fate, RegionFate
from simpul_registry.domain.region_code import CodeScheme
from simpul_registry.queries.regions import AsOf, get_region, region_history
from simpul_registry.store.codes_out_of_use import day, in_words, successors
from simpul_registry.store.region_codes import Assigned, assigned_to, codes_of, codes_on, region_with_code
from simpul_registry.store.region_fates import fates_of
from simpul_registry.store.regions import versions_of
from simpul_registry.views.regions import CodesView, CodeView, RegionView


async def region_of_scheme(tx: Transaction, scheme: CodeScheme, code: str, as_of: AsOf) -> Page[RegionView]:
    """The region that was assigned the code. Errors: RegionUnknown; what was not assigned is never derived."""
    region_id = await region_with_code(tx, scheme.value, code, on=as_of.valid_on, known_on=as_of.known_on)
    if region_id is None:
        raise await _out_of_use(tx, scheme, code, as_of)
    return Page(items=[await get_region(tx, region_id, as_of)])


async def region_codes(
    tx: Transaction, region_id: UUID, *, valid_on: date | None, known_on: datetime | None
) -> CodesView:
    """All that it ever had, or those of a day. Errors: RegionUnknown."""
    await region_history(tx, region_id, known_on=known_on)
    rows = await codes_of(tx, region_id, known_on=known_on)
    of_day = (row for row in rows if valid_on is None or row["valid_from"] <= valid_on < row["valid_to"])
    return CodesView(region_id=region_id, items=[CodeView.of(row) for row in of_day])


async def _out_of_use(tx: Transaction, scheme: CodeScheme, code: str, as_of: AsOf) -> RegionUnknown:
    assigned = await assigned_to(tx, scheme.value, code, known_on=as_of.known_on)
    if not assigned:
        return RegionUnknown(
            f"No region was ever assigned the {scheme.value} code {code}. It is not derived from other codes; assign it, or"
            " look the region up by its Kemendagri code.",
            field="/query/code",
        )
    begun = [one for one in assigned if one.valid_from <= as_of.valid_on]
    bearer = begun[-1] if begun else assigned[0]
    told = await _fate(tx, bearer, as_of)
    codes = await codes_on(tx, scheme.value, [one.region_id for one in told.now], as_of.valid_on, as_of.known_on)
    went = ", ".join(_shown(one, scheme, codes.get(one.region_id)) for one in told.now)
    what = f"Its place is {went} on that day." if went else "Where its place is on that day is not known."
    facts: dict[str, object] = {
        "code_in_use": [
            {"region_id": one.region_id, "valid_from": day(one.valid_from), "valid_to": day(one.valid_to)}
            for one in assigned
        ],
        "place_has_code": codes.get(bearer.region_id),
    }
    return RegionUnknown(
        f"No region had the {scheme.value} code {code} on {as_of.valid_on}; it was in use {in_words(assigned)}. {what}",
        field="/query/code",
        facts=facts | (successors(told) if begun else {}),
    )


async def _fate(tx: Transaction, assigned: Assigned, as_of: AsOf) -> Fate:
    """What became of the bearer since the last day on which it was there and had the code."""
    versions = await versions_of(tx, assigned.region_id, known_on=as_of.known_on)
    if not versions:
        return Fate(RegionFate.SUCCESSOR_UNKNOWN, (), ())
    *_, last = [one for one in versions if one.valid_from < assigned.valid_to] or versions[:1]
    before = Bearer(last.region_id, last.code, last.name)
    since = min(assigned.valid_to, last.valid_to) - timedelta(days=1)
    [told] = await fates_of(tx, [before], since=since, until=as_of.valid_on, known_on=as_of.known_on)
    return told


def _shown(one: Bearer, scheme: CodeScheme, code: str | None) -> str:
    return f"{one.code} {one.name}" + (f" with the {scheme.value} code {code}" if code else "")
