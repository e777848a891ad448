"""What a new map changes against the old one: who is who, from codes, names, neighbours and rulings."""

from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simpul_registry.api.fields import parse_code_prefix
from simpul_registry.domain.decree import Change, ChangeKind, compare
from simpul_registry.domain.decree_file import DecreeFileBroken, Stated, read_decree_file
from simpul_registry.domain.matching import Ruling, RulingKind, match_places
from simpul_registry.domain.region_code import parse_bps_code
from simpul_registry.domain.rulings import RulingMisplaced, require_borne, require_no_circle
from simpul_registry.domain.zones import require_zones
from simpul_shared.vocabulary import RegionCodeMalformed, parse_region_code

BADUNG = {
    "51": "BALI",
    "51.03": "KAB. BADUNG",
    "51.03.02": "Mengwi",
    "51.03.02.2008": "Baha",
    "51.03.02.2009": "Mengwi",
    "51.03.02.2010": "Sembung",
    "51.03.05": "Kuta Selatan",
    "51.03.05.2003": "Kutuh",
    "51.03.05.2004": "Pecatu",
    "51.03.05.1001": "Jimbaran",
}


def stated(places: dict[str, str]) -> list[Stated]:
    return [Stated(code, name) for code, name in places.items()]


def without(*codes: str) -> dict[str, str]:
    """Badung without these and what lies below them."""
    return {code: name for code, name in BADUNG.items() if not code.startswith(codes)}


def told(new: dict[str, str], *rulings: Ruling, old: dict[str, str] = BADUNG) -> list[tuple[str, str, str, str, str]]:
    return [
        (one.kind.value, one.before.code if one.before else "", one.after.code if one.after else "", one.basis,
         one.confidence.value)
        for one in compare(stated(old), stated(new), rulings).changes
    ]  # fmt: skip


def test_the_same_map_changes_nothing() -> None:
    assert told(BADUNG) == []


@pytest.mark.parametrize(
    ("name", "basis", "confidence"),
    [("MENGWI", "SPELLING", "HIGH"), ("Mengwii", "NAME_SIMILAR", "HIGH"), ("Sangeh", "NAME_DIFFERS", "LOW")],
)
def test_a_new_name_under_the_same_code_is_renamed_the_less_alike_the_less_sure(
    name: str, basis: str, confidence: str
) -> None:
    assert told(BADUNG | {"51.03.02.2009": name}) == [("RENAMED", "51.03.02.2009", "51.03.02.2009", basis, confidence)]


def test_a_name_that_turns_up_under_a_new_code_beside_it_is_recoded() -> None:
    new = {**without("51.03.02.2010"), "51.03.02.2011": "Sembung"}
    assert told(new) == [("RECODED", "51.03.02.2010", "51.03.02.2011", "NAME_SAME_PARENT", "HIGH")]


def test_a_village_that_becomes_a_kelurahan_changes_its_status() -> None:
    new = {**without("51.03.02.2010"), "51.03.02.1001": "Sembung"}
    assert told(new) == [("STATUS_CHANGED", "51.03.02.2010", "51.03.02.1001", "NAME_SAME_PARENT", "HIGH")]


def test_a_village_that_goes_to_another_district_is_moved() -> None:
    new = {**without("51.03.02.2010"), "51.03.05.2005": "Sembung"}
    assert told(new) == [("MOVED", "51.03.02.2010", "51.03.05.2005", "NAME_SAME_REGENCY", "HIGH")]


def test_a_code_that_names_another_place_is_reused_and_its_old_place_is_found_by_name() -> None:
    new = BADUNG | {"51.03.02.2010": "Tanah Baru", "51.03.02.2011": "Sembung"}
    assert told(new) == [
        ("ADDED", "", "51.03.02.2010", "", "HIGH"),
        ("REUSED", "51.03.02.2010", "51.03.02.2010", "OLD_MOVED", "HIGH"),
        ("RECODED", "51.03.02.2010", "51.03.02.2011", "NAME_SAME_PARENT", "HIGH"),
    ]


def test_a_place_is_found_again_by_most_of_what_lies_below_it_whatever_it_is_called() -> None:
    below = {"51.03.09.2001": "Baha", "51.03.09.2002": "Mengwi", "51.03.09.2003": "Pecatu"}
    new = {**without("51.03.02"), "51.03.08": "Kuta Utara", "51.03.08.2001": "Baha", "51.03.09": "Beringkit", **below}
    assert ("RECODED", "51.03.02", "51.03.09", "CHILDREN", "HIGH") in told(new)


def test_of_two_that_hold_the_same_places_below_neither_is_picked() -> None:
    below = {".2001": "Baha", ".2002": "Mengwi", ".2003": "Sembung"}
    both = {f"51.03.{district}{end}": name for district in ("09", "08") for end, name in below.items()}
    new = {**without("51.03.02"), "51.03.09": "Beringkit", "51.03.08": "Kapal", **both}
    assert "CHILDREN" not in {row[3] for row in told(new)}
    rows = told({code: name for code, name in new.items() if code != "51.03.09.2003"})
    assert ("RECODED", "51.03.02", "51.03.08", "CHILDREN", "HIGH") in rows, "what fits better is no homonym"


def test_of_two_homonyms_none_is_picked_by_its_order() -> None:
    two = {**without("51.03.02.2009"), "51.03.02.2010": "Baha"}
    one = {**without("51.03.02.2008", "51.03.02.2009", "51.03.02.2010"), "51.03.02.2011": "Baha"}
    ended = [("VANISHED", f"51.03.02.{end}", "", "", "HIGH") for end in ("2008", "2010")]
    assert sorted(told(one, old=two)) == [("ADDED", "", "51.03.02.2011", "", "HIGH"), *ended]
    [new, *_] = told(one, Ruling(RulingKind.SAME, "51.03.02.2010", "51.03.02.2011"), old=two)
    assert new == ("VANISHED", "51.03.02.2008", "", "", "HIGH")
    come = [("ADDED", "", f"51.03.02.{end}", "", "HIGH") for end in ("2008", "2010")]
    assert sorted(told(two, old=one)) == [*come, ("VANISHED", "51.03.02.2011", "", "", "HIGH")]


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_the_maps_decides_nothing(random: Random) -> None:
    names = ["Baha", "Bahaa", "Kutuh", "Kutuhh"]
    old, new = ({f"51.03.{district}": district for district in ("02", "05")} for _ in range(2))
    for places in (old, new):
        places |= {"51": "BALI", "51.03": "KAB. BADUNG"}
        places |= {f"51.03.{random.choice(['02', '05', '06'])}.{2001 + n}": random.choice(names) for n in range(6)}
        places |= {code[:8]: "Kuta" for code in list(places) if len(code) == 13 and code[:8] not in places}
    first = match_places(stated(old), stated(new))
    one, other = (random.sample(stated(places), len(places)) for places in (old, new))
    assert match_places(one, other) == first


def test_a_name_that_is_nearly_that_of_another_code_beside_it_is_recoded_of_low_confidence() -> None:
    new = {**without("51.03.02.2010"), "51.03.02.2011": "Sembungg"}
    assert told(new) == [("RECODED", "51.03.02.2010", "51.03.02.2011", "NAME_SIMILAR", "LOW")]
    assert ("ADDED", "", "51.03.02.2012", "", "HIGH") in told(new | {"51.03.02.2012": "Sembungh"})


def test_two_places_may_swap_their_codes() -> None:
    new = BADUNG | {"51.03.02.2008": "Mengwi", "51.03.02.2009": "Baha"}
    assert [row[:3] for row in told(new)] == [
        ("RECODED", "51.03.02.2009", "51.03.02.2008"),
        ("REUSED", "51.03.02.2008", "51.03.02.2008"),
        ("RECODED", "51.03.02.2008", "51.03.02.2009"),
        ("REUSED", "51.03.02.2009", "51.03.02.2009"),
    ]


def test_what_nothing_speaks_for_is_added_or_vanished_and_never_guessed() -> None:
    new = {**without("51.03.02.2010"), "51.03.05.2009": "Ungasan"}
    assert [row[:3] for row in told(new)] == [
        ("VANISHED", "51.03.02.2010", ""),
        ("ADDED", "", "51.03.05.2009"),
    ]


def test_a_new_district_is_split_from_where_its_villages_lay() -> None:
    new = {**without("51.03.05.2003", "51.03.05.2004"), "51.03.06": "Uluwatu"}
    new |= {"51.03.06.2001": "Kutuh", "51.03.06.2002": "Pecatu"}
    assert told(new) == [
        ("ADDED", "", "51.03.06", "", "HIGH"),
        ("SPLIT", "51.03.05", "51.03.06", "VILLAGES 2/2", "HIGH"),
        ("MOVED", "51.03.05.2003", "51.03.06.2001", "NAME_SAME_REGENCY", "HIGH"),
        ("MOVED", "51.03.05.2004", "51.03.06.2002", "NAME_SAME_REGENCY", "HIGH"),
    ]


def test_a_district_whose_villages_all_went_to_another_is_merged_into_it() -> None:
    new = {**without("51.03.05"), "51.03.02.2011": "Kutuh", "51.03.02.2012": "Pecatu", "51.03.02.1001": "Jimbaran"}
    rows = told(new)
    assert ("MERGED", "51.03.05", "51.03.02", "VILLAGES 3/3", "HIGH") in rows
    assert ("VANISHED", "51.03.05", "", "", "HIGH") in rows


def test_a_new_province_takes_its_regencies_along() -> None:
    old = BADUNG | {"51.05": "KAB. KLUNGKUNG", "51.05.02": "Banjarangkan", "51.05.02.2003": "Banjarangkan"}
    new = BADUNG | {"54": "BALI TIMUR", "54.01": "KAB. KLUNGKUNG", "54.01.01": "Banjarangkan"}
    rows = told(new | {"54.01.01.2001": "Banjarangkan"}, old=old)
    assert [row[:4] for row in rows] == [
        ("ADDED", "", "54", ""),
        ("SPLIT", "51", "54", "VILLAGES 1/1"),
        ("MOVED", "51.05", "54.01", "NAME_NATIONAL"),
        ("RECODED", "51.05.02", "54.01.01", "NAME_SAME_PARENT"),
        ("RECODED", "51.05.02.2003", "54.01.01.2001", "NAME_SAME_PARENT"),
    ]


def test_a_ruling_keeps_apart_what_the_rules_would_join() -> None:
    rows = told(BADUNG | {"51.03.02.2009": "Sangeh"}, Ruling(RulingKind.APART, "51.03.02.2009", "51.03.02.2009"))
    assert {row[:3] for row in rows} == {
        ("VANISHED", "51.03.02.2009", ""),
        ("ADDED", "", "51.03.02.2009"),
        ("REUSED", "51.03.02.2009", "51.03.02.2009"),
    }


def test_a_ruling_joins_what_the_rules_could_not() -> None:
    new = {**without("51.03.02.2010"), "51.03.05.2009": "Ungasan"}
    rows = told(new, Ruling(RulingKind.SAME, "51.03.02.2010", "51.03.05.2009"))
    assert rows == [("MOVED", "51.03.02.2010", "51.03.05.2009", "PERSON", "HIGH")]


def test_merged_and_split_villages_are_told_by_people_only() -> None:
    new = without("51.03.02.2010")
    rows = told(new, Ruling(RulingKind.MERGED, "51.03.02.2010", "51.03.02.2009"))
    assert [row[:4] for row in rows] == [
        ("MERGED", "51.03.02.2010", "51.03.02.2009", "PERSON"),
        ("VANISHED", "51.03.02.2010", "", ""),
    ]


KEKERAN = {**without("51.03.02.2008"), "51.03.02.2011": "Kekeran"}


@pytest.mark.parametrize(
    ("rulings", "said"),
    [
        ([("MERGED", "2008", "2009"), ("SAME", "2008", "2011")], "cannot be merged into 51.03.02.2009 and go on as"),
        ([("SAME", "2008", "2011"), ("MERGED", "2008", "2009")], "cannot be merged into 51.03.02.2009 and go on as"),
        ([("SAME", "2008", "2011"), ("SAME", "2009", "2011")], "ruled to be another place, too"),
        ([("SAME", "2009", "2011"), ("SAME", "2009", "2010")], "ruled to be another place, too"),
        (
            [("SPLIT", "2010", "2011"), ("SAME", "2008", "2011")],
            "cut out of 51.03.02.2010 and be what 51.03.02.2008 was",
        ),
        ([("SPLIT", "2010", "2009")], "cut out of 51.03.02.2010 and be what 51.03.02.2009 was"),
        ([("SPLIT", "2010", "2010")], "cut out of 51.03.02.2010 and be what 51.03.02.2010 was"),
    ],
)
def test_rulings_that_contradict_each_other_or_the_maps_are_not_borne(
    rulings: list[tuple[str, str, str]], said: str
) -> None:
    ruled = [Ruling(RulingKind(kind), f"51.03.02.{old}", f"51.03.02.{new}") for kind, old, new in rulings]
    matches = compare(stated(BADUNG), stated(KEKERAN), ruled).matches
    with pytest.raises(RulingMisplaced) as refused:
        require_borne(ruled, matches)
    assert said in refused.value.detail


def test_rulings_that_agree_are_borne() -> None:
    ruled = [
        Ruling(RulingKind.APART, "51.03.02.2009", "51.03.02.2009"),
        Ruling(RulingKind.SAME, "51.03.02.2009", "51.03.02.2011"),
        Ruling(RulingKind.MERGED, "51.03.02.2008", "51.03.02.2009"),
        Ruling(RulingKind.SPLIT, "51.03.02.2010", "51.03.02.2009"),
    ]
    require_borne(ruled, compare(stated(BADUNG), stated(KEKERAN), ruled).matches)
    from_itself = [
        Ruling(RulingKind.SAME, "51.03.02.2009", "51.03.02.2011"),
        Ruling(RulingKind.SPLIT, "51.03.02.2009", "51.03.02.2009"),
    ]
    require_borne(from_itself, compare(stated(BADUNG), stated(KEKERAN), from_itself).matches)


def test_nothing_is_merged_into_what_came_of_it() -> None:
    ruled = [Ruling(RulingKind.MERGED, "51.03.02.2008", "51.03.02.2009")]
    found = compare(stated(BADUNG), stated(without("51.03.02.2008")), ruled)
    ids = {code: UUID(int=number) for number, code in enumerate(BADUNG)}
    baha, mengwi, sembung = (ids[f"51.03.02.{end}"] for end in ("2008", "2009", "2010"))
    require_no_circle(ruled, found, ids, [(mengwi, sembung)])
    require_no_circle(ruled, found, ids, [(baha, sembung)])
    with pytest.raises(RulingMisplaced, match="lineage runs in no circle"):
        require_no_circle(ruled, found, ids, [(mengwi, sembung), (sembung, baha)])


def test_a_part_of_the_country_can_be_compared_alone() -> None:
    old = {code: name for code, name in BADUNG.items() if code.startswith("51.03.02")}
    assert told(old | {"51.03.02.2008": "Baha Baru"}, old=old)[0][:3] == ("RENAMED", "51.03.02.2008", "51.03.02.2008")


def zoned(places: dict[str, str], **zones: str) -> list[Stated]:
    """`zones` are by the codes of provinces, written p51."""
    return [Stated(code, name, zones.get(f"p{code[:2]}")) for code, name in places.items()]


JAVA = {"35": "JAWA TIMUR", "35.01": "KAB. PACITAN", "35.01.01": "Donorojo", "35.01.01.2001": "Widoro"}


def test_another_time_zone_of_a_province_is_a_change_like_any_other_told_once() -> None:
    old = zoned(BADUNG, p51="Asia/Makassar")
    [row] = compare(old, [Stated("51", "BALI", "Asia/Jakarta"), *stated(BADUNG)[1:]]).changes
    assert (row.kind.value, row.before and row.before.code, row.basis) == (
        "ZONE_CHANGED", "51", "Asia/Makassar -> Asia/Jakarta",
    )  # fmt: skip
    assert compare(old, stated(BADUNG)).changes == []


def test_a_place_that_goes_to_a_province_of_another_time_zone_is_told_to_change_that_too() -> None:
    old = zoned(BADUNG | JAVA, p51="Asia/Makassar", p35="Asia/Jakarta")
    moved = {code.replace("51.03", "35.02"): name for code, name in BADUNG.items() if code != "51"}
    found = compare(old, stated({"51": "BALI", **JAVA, **moved}))
    told_of = [(one.before and one.before.code, one.after and one.after.code, one.basis) for one in found.changes
               if one.kind is ChangeKind.ZONE_CHANGED]  # fmt: skip
    assert told_of == [("51.03", "35.02", "Asia/Makassar -> Asia/Jakarta")]


def test_a_place_is_not_said_to_have_another_time_zone_than_its_province() -> None:
    old = zoned(BADUNG, p51="Asia/Makassar")
    parts = [(old, "51"), (old[1:], "51.03")]
    for part, first in parts:
        places = {code: name for code, name in BADUNG.items() if code.startswith(first)}
        new = [Stated(code, name, "Asia/Jayapura" if code == "51.03.02" else None) for code, name in places.items()]
        with pytest.raises(DecreeFileBroken, match=r"51\.03\.02 is said to lie in Asia/Jayapura, .* in Asia/Makassar"):
            require_zones(new, compare(part, new).zones)
        require_zones(zoned(places, p51="Asia/Makassar"), compare(part, stated(places)).zones)


def test_a_new_province_needs_a_time_zone_unless_what_lies_in_it_had_one() -> None:
    old = zoned(BADUNG, p51="Asia/Makassar")
    moved = {code.replace("51", "54", 1): name for code, name in BADUNG.items() if code != "51"}
    assert compare(old, stated({"51": "BALI", "54": "BALI BARAT", **moved})).zones["54"] == "Asia/Makassar"
    new = stated(BADUNG | {"54": "BALI BARAT"})
    with pytest.raises(DecreeFileBroken, match="the time zone of the new province 54"):
        require_zones(new, compare(old, new).zones)


def test_every_place_of_both_maps_has_exactly_one_fate() -> None:
    new = {**without("51.03.05", "51.03.02.2009"), "51.03.07": "Petang", "51.03.07.2001": "Kutuh"}
    found = compare(stated(BADUNG), stated(new))
    gone = [one.before.code for one in found.changes if one.kind is ChangeKind.VANISHED and one.before]
    come = [one.after.code for one in found.changes if one.kind is ChangeKind.ADDED and one.after]
    assert sorted([*found.matches, *gone]) == sorted(BADUNG)
    assert sorted([*(one.to_code for one in found.matches.values()), *come]) == sorted(new)
    assert all(isinstance(one, Change) for one in found.changes)


FILE = "code,name\n" + "\n".join(f"{code},{name}" for code, name in BADUNG.items())


def test_a_file_is_read_whole_with_what_its_codes_say() -> None:
    places = read_decree_file("\ufeff" + FILE, within="51")
    assert [one.code for one in places][:3] == ["51", "51.03", "51.03.02"]
    assert {one.kind.value for one in places if one.depth == 3} == {"DESA", "KELURAHAN"}


def test_cells_without_text_and_blanks_around_a_time_zone_do_not_matter() -> None:
    [bali] = read_decree_file("code,name,timezone,,\n51,BALI, Asia/Makassar ,,,\n")
    assert (bali.name, bali.timezone) == ("BALI", "Asia/Makassar")


def test_codes_are_written_with_western_digits() -> None:
    eastern = "51.03".translate({ord("0") + n: 0x0660 + n for n in range(10)})
    for parse in (
        parse_region_code,
        parse_code_prefix,
        lambda text: parse_bps_code(text.replace(".", ""), field="/code"),
    ):
        assert parse("51.03")
        with pytest.raises(RegionCodeMalformed):
            parse(eastern)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kode,nama\n51,BALI", "lacks the column code and name"),
        ("code,name\n", "no rows"),
        ("code,name\n5103,Badung", "write it with dots"),
        ("code,name\n51,", "needs a name"),
        ("code,name\n51,BALI\n51,Bali", "more than once: 51"),
        ("code,name\n51,BALI\n51.03.02,Mengwi", "no row for 51.03"),
        ("code,name\n51,BALI\n51.03,B\n51.03.02,M\n51.03.02.9001,X", "begins with 1 (kelurahan)"),
        ("code,name,kind\n51,BALI,KABUPATEN", "kind 'KABUPATEN' does not agree"),
        ('code,name\n51,"BALI', "no CSV"),
        ('"code"x,name\n51,BALI', "no CSV"),
        ("code,name\r51,BALI\r", "no CSV"),
        ("code,name,name\n51,BALI,BALI", "the column name more than once"),
        ("code,name\n51,BALI, DWIPA", "more cells than the first line"),
        ("code,name\n51,BALI\n51.0\u0663,KAB. BADUNG", "write it with dots"),
        ("code,name\n51,BA\u202eLI", "a sign that nobody sees"),
        ("code,name\n51,BA\x07LI", "a sign that nobody sees"),
        ("code,name\n51,=HYPERLINK(1)", "take it for a formula"),
        ("code,name\n51,@BALI", "take it for a formula"),
        ("code,name,timezone\n51,BALI,Mars/Phobos", "'Mars/Phobos' is no time zone of Indonesia"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(DecreeFileBroken) as refused:
        read_decree_file(text, within="ID")
    assert said in refused.value.detail


def test_a_file_of_a_part_may_not_leave_it() -> None:
    with pytest.raises(DecreeFileBroken, match=r"lies outside 51\.03"):
        read_decree_file("code,name\n51.03,B\n51.05,K", within="51.03")
