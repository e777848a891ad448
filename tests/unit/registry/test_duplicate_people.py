"""Which people are held to be registered twice: 200 invented ones, of whom 20 are another one's second entry.

Of the 20 pairs some are plain (one telephone number), some hard: typing errors, old spelling, titles and degrees, another village,
and a name changed altogether. Among the others are families with one number and namesakes.
"""

import csv
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from uuid import UUID

from simpul_registry.domain.duplicate_people import Pair
from simpul_registry.domain.person import TermKind, terms
from simpul_shared.vocabulary import PersonalField

FIXTURE = Path(__file__).parent / "people-registered-twice.csv"
FIELDS = (PersonalField.NAME, PersonalField.PHONE, PersonalField.EMAIL, PersonalField.NIK, PersonalField.BIRTH_YEAR)


def fixture() -> tuple[dict[UUID, dict[TermKind, str | None]], set[Pair]]:
    """The terms of each person, and the pairs that are known."""
    with FIXTURE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    villages = sorted({row["village_code"] for row in rows})
    people = {
        UUID(int=int(row["no"])): terms(
            {field: row[field] for field in FIELDS if row[field]},
            region_id=UUID(int=10_000 + villages.index(row["village_code"])),
        )
        for row in rows
    }
    known = {Pair.of(UUID(int=int(row["no"])), UUID(int=int(row["same_as"]))) for row in rows if row["same_as"]}
    return people, known


def with_a_term_in_common(people: dict[UUID, dict[TermKind, str | None]]) -> set[Pair]:
    """As store/person_duplicates.py finds them, by digests of the terms."""
    bearers = defaultdict(set)
    for person_id, found in people.items():
        for kind, term in found.items():
            if term is not None:
                bearers[kind, term].add(person_id)
    return {Pair.of(*pair) for some in bearers.values() for pair in combinations(some, 2)}


def test_nine_of_ten_people_who_are_registered_twice_are_found() -> None:
    people, known = fixture()
    assert (len(people), len(known)) == (200, 20)
    found = with_a_term_in_common(people)
    hits = found & known
    recall, precision = len(hits) / len(known), len(hits) / len(found)
    print(f"recall {recall:.2f} ({len(hits)} of {len(known)}), precision {precision:.2f} ({len(found)} candidates)")
    assert recall >= 0.9
    assert precision >= 0.5, "people would have to look at more wrong pairs than right ones"
