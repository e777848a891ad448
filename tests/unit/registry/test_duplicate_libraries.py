"""Which libraries are held to be registered twice: 200 invented ones, of which 20 are another one's second entry.

Of the 20 pairs some are plain (abbreviated, upper case), some hard: typing errors, turned words, another type, a
neighbouring village, and one under another name altogether.
"""

import csv
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpul_registry.domain.duplicates import Pair, Registered, candidates, proper_name
from simpul_registry.domain.succession import OneLibraryOnly
from simpul_shared.vocabulary import LibraryType

FIXTURE = Path(__file__).parent / "libraries-registered-twice.csv"


def fixture() -> tuple[list[Registered], set[Pair]]:
    with FIXTURE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = sorted({code for row in rows for code in (row["village_code"], row["village_code"][:8])})
    region = {code: UUID(int=10_000 + place) for place, code in enumerate(codes)}
    libraries = [
        Registered(
            UUID(int=int(row["no"])),
            row["name"],
            LibraryType(row["type"]),
            region[row["village_code"]],
            row["village"],
            region[row["village_code"][:8]],
        )
        for row in rows
    ]
    known = {Pair.of(UUID(int=int(row["no"])), UUID(int=int(row["same_as"]))) for row in rows if row["same_as"]}
    return libraries, known


def test_nine_of_ten_libraries_that_are_registered_twice_are_found() -> None:
    libraries, known = fixture()
    assert (len(libraries), len(known)) == (200, 20)
    found = {Pair.of(one.one.library_id, one.other.library_id) for one in candidates(libraries)}
    hits = found & known
    recall, precision = len(hits) / len(known), len(hits) / len(found)
    print(f"recall {recall:.2f} ({len(hits)} of {len(known)}), precision {precision:.2f} ({len(found)} candidates)")
    assert recall >= 0.9
    assert precision >= 0.5, "people would have to look at more wrong pairs than right ones"


@settings(max_examples=10)
@given(st.permutations(range(200)))
def test_the_order_of_the_libraries_does_not_matter(order: list[int]) -> None:
    libraries, _ = fixture()
    few = [libraries[place] for place in order[:40]]
    pairs = [{Pair.of(c.one.library_id, c.other.library_id) for c in candidates(some)} for some in (few, few[::-1])]
    assert pairs[0] == pairs[1]


@pytest.mark.parametrize(
    ("name", "proper"),
    [
        ("Perpustakaan Desa Mengwi", "mengwi"),
        ("PERPUS DS. MENGWI", "mengwi"),
        ("TBM Widya  Mandala", "mandala widya"),
        ("Taman Bacaan Masyarakat", ""),
        ("Perpustakaan Désa Kutuh/Baru", "baru kutuh"),
    ],
)
def test_a_proper_name_is_without_what_all_libraries_are_called(name: str, proper: str) -> None:
    assert proper_name(name) == proper


def test_a_library_is_no_pair_with_itself() -> None:
    with pytest.raises(OneLibraryOnly):
        Pair.of(UUID(int=1), UUID(int=1))
