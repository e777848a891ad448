"""What reviewers may rule of the codes of a decree (pure): what its maps bear, and what nothing that stands contradicts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from simpul_shared.errors import Invalid

from simpul_registry.domain.decree import ChangeKind, Difference
from simpul_registry.domain.matching import Match, Ruling, RulingKind
from simpul_registry.domain.restating import Edge, closing


class RulingMisplaced(Invalid):
    slug = "ruling-misplaced"
    title = "Keputusan peninjau tidak dapat diterapkan"


def require_placed(ruling: Ruling, before: Collection[str], after: Collection[str]) -> None:
    """Errors: RulingMisplaced, when the codes are not in the maps."""
    if ruling.from_code not in before:
        raise RulingMisplaced(f"The map has no {ruling.from_code} on that day.", field="/from_code")
    if ruling.to_code not in after:
        raise RulingMisplaced(f"The file has no {ruling.to_code}.", field="/to_code")
    if ruling.from_code.count(".") != ruling.to_code.count("."):
        raise RulingMisplaced("Both codes must be of one level.", field="/to_code")


def require_borne(rulings: Iterable[Ruling], matches: Mapping[str, Match]) -> None:
    """Errors: RulingMisplaced, when one of them says other than what came of all together."""
    origins = {match.to_code: match.from_code for match in matches.values()}
    for one in rulings:
        match = matches.get(one.from_code)
        if one.kind is RulingKind.SAME and (match is None or match.to_code != one.to_code):
            raise RulingMisplaced(
                f"{one.from_code} and {one.to_code} cannot be one place: {one.from_code} or {one.to_code} is ruled to be"
                " another place, too. Rule one of the two pairs APART first."
            )
        if one.kind is RulingKind.MERGED and match is not None:
            raise RulingMisplaced(
                f"{one.from_code} cannot be merged into {one.to_code} and go on as {match.to_code}. Rule one of the two"
                " APART first.",
                field="/from_code",
            )
        if one.kind is RulingKind.SPLIT and one.to_code in origins:
            raise RulingMisplaced(
                f"{one.to_code} cannot be cut out of {one.from_code} and be what {origins[one.to_code]} was. If it is new,"
                f" rule it APART from {origins[one.to_code]} first; else rule it APART from {one.from_code}.",
                field="/to_code",
            )


def require_no_circle(
    rulings: Iterable[Ruling], difference: Difference, ids: Mapping[str, UUID], descent: Sequence[Edge]
) -> None:
    """`ids` are of the map before. Only what is merged into a place that goes on can close a circle: nothing comes yet of a
    new one. Errors: RulingMisplaced."""
    origins = {match.to_code: match.from_code for match in difference.matches.values()}
    edges = {
        (one.before.code, one.after.code): (ids[one.before.code], ids[origins[one.after.code]])
        for one in difference.changes
        if one.kind is ChangeKind.MERGED and one.before and one.after and one.after.code in origins
    }
    circles = closing(descent, edges.values())
    for one in rulings:
        if one.kind is RulingKind.MERGED and edges.get((one.from_code, one.to_code)) in circles:
            raise RulingMisplaced(
                f"{one.from_code} came of what {one.to_code} is, by what is recorded: it cannot be merged into that, as"
                " lineage runs in no circle. Leave the row VANISHED.",
                field="/to_code",
            )
