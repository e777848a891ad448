"""The time zones of a decree's map (pure): each province has one, which all that lies in it shares."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping

from simpul_registry.domain.decree_file import DecreeFileBroken, Stated
from simpul_registry.domain.matching import Match

_TOLD_AT_MOST = 20


def zones_of(before: Mapping[str, Stated], after: Mapping[str, Stated], matches: Mapping[str, Match]) -> dict[str, str]:
    """By province: as its row says, else as it was, else as most of what lies in it was. Empty where nothing tells."""
    provinces = [one for one in after.values() if one.depth == 0]
    if not provinces:
        return {code[:2]: place.timezone or "" for code, place in before.items()}
    was: dict[str, Counter[str]] = defaultdict(Counter)
    for match in matches.values():
        weight = len(matches) if match.to_code.count(".") == 0 else 1
        was[match.to_code[:2]][before[match.from_code].timezone or ""] += weight
    return {one.code: one.timezone or _most(was[one.code]) for one in provinces}


def _most(zones: Counter[str]) -> str:
    return next((zone for zone, _ in zones.most_common(1)), "")


def require_zones(after: Iterable[Stated], zones: Mapping[str, str]) -> None:
    """Errors: DecreeFileBroken, when a province has none, or what lies in it is said to have another."""
    if missing := [code for code, zone in zones.items() if not zone]:
        raise DecreeFileBroken(
            f"Nothing tells the time zone of the new province {', '.join(missing)}. Name it in the column timezone,"
            " such as Asia/Jayapura.",
            field="/file",
        )
    if wrong := list(_elsewhere(after, zones)):
        raise DecreeFileBroken(
            f"{' '.join(wrong[:_TOLD_AT_MOST])} A place has the time zone of its province: name another one in the row"
            " of the province, in a file that states the whole of it, or leave timezone empty.",
            field="/file",
            facts={"wrong": len(wrong)},
        )


def _elsewhere(after: Iterable[Stated], zones: Mapping[str, str]) -> Iterator[str]:
    for place in after:
        zone = zones[place.code[:2]]
        if place.timezone not in {None, zone}:
            yield f"{place.code} is said to lie in {place.timezone}, its province {place.code[:2]} lies in {zone}."


def zoned_anew(before: Mapping[str, Stated], matches: Mapping[str, Match], zones: Mapping[str, str]) -> Iterator[Match]:
    """Places that go on in another time zone; of those, the ones that do not merely go with what they lay in."""
    changed = {
        match.from_code: match
        for match in matches.values()
        if zones[match.to_code[:2]] and before[match.from_code].timezone not in {None, zones[match.to_code[:2]]}
    }
    for match in changed.values():
        above = changed.get(match.from_code.rpartition(".")[0])
        if above is None or above.to_code != match.to_code.rpartition(".")[0]:
            yield match
