"""The forms by which people are looked up and compared."""

from uuid import UUID

import pytest
from simpul_registry.domain.person import PhoneMalformed, TermKind, normal_phone, terms
from simpul_registry.domain.person_names import initials_of, normal_name, sound_of
from simpul_shared.vocabulary import PersonalField

VILLAGE, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    "text", ["081234567890", "0812-3456-7890", "+62 812 3456 7890", "(0812) 3456.7890", "+6281234567890"]
)
def test_a_number_has_one_form_however_it_is_written(text: str) -> None:
    assert normal_phone(text) == "+6281234567890"


@pytest.mark.parametrize(
    "text", ["", "81234567890", "0812-E456", "+0812345678", "+6299", "+62812345678901234", "٠٨١٢٣٤٥٦٧٨"]
)
def test_what_is_no_number_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(PhoneMalformed) as refusal:
        normal_phone(text)
    assert text == "" or text not in refusal.value.detail


@pytest.mark.parametrize("spelling", ["ni luh CONTOH", "Contoh, Ni Luh", "Ní  Luh Contoh.", "Ｎｉ Luh Contoh"])
def test_spellings_of_a_name_are_compared_without_case_order_accents_and_points(spelling: str) -> None:
    assert normal_name(spelling) == normal_name("Ni Luh Contoh")
    assert normal_name(spelling) != normal_name("Ni Luh Conto")


def test_a_name_counts_within_its_village_a_phone_and_a_nik_everywhere() -> None:
    fields = {PersonalField.NAME: "Ni Luh Contoh", PersonalField.PHONE: "+6281", PersonalField.EMAIL: "a@b.c"}
    here, there = terms(fields, region_id=VILLAGE), terms(fields, region_id=OTHER)
    assert [kind for kind in here if here[kind] != there[kind]] == [TermKind.NAME, TermKind.SOUND]
    assert (here[TermKind.PHONE], here[TermKind.EMAIL]) == ("+6281", "a@b.c")


def test_what_is_not_known_is_no_term_and_a_nik_that_is_not_given_keeps_its_own() -> None:
    found = terms({PersonalField.NAME: "Ni Luh Contoh", PersonalField.PHONE: None}, region_id=VILLAGE)
    assert [kind for kind, term in found.items() if term is None] == [
        TermKind.INITIALS,
        TermKind.PHONE,
        TermKind.EMAIL,
    ]
    assert TermKind.NIK not in found
    assert terms({PersonalField.NIK: None}, region_id=VILLAGE)[TermKind.NIK] is None


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Hj. Siti Fatimah Contoh, S.Pd.", "siti patimah contoh"),
        ("Muhammad Yusuf Contoh", "M. Yusup Contoh"),
        ("Soekarti Tjontoh", "Sukarti Contoh"),
        ("I Ketut Contoh", "KETUT CONTOH"),
        ("Dewi Aisyah", "Dewi Aisah"),
        ("Annisa Contoh", "Contoh, Anisa"),
    ],
)
def test_one_name_written_in_two_ways_sounds_the_same(name: str, other: str) -> None:
    assert normal_name(name) != normal_name(other)
    assert sound_of(name) == sound_of(other)
    assert initials_of(name) == initials_of(other)


@pytest.mark.parametrize("other", ["Wayan Rimbun", "Made Rambutan", "Made"])
def test_names_that_sound_otherwise_are_told_apart(other: str) -> None:
    assert sound_of("Made Rimbun") != sound_of(other)


@pytest.mark.parametrize("name", ["", "--", "M.", "Muhammad", "I", "ᬯᬬᬦ᭄"])
def test_a_name_of_which_little_is_left_is_compared_whole(name: str) -> None:
    assert terms({PersonalField.NAME: name}, region_id=VILLAGE)[TermKind.INITIALS] is None
    assert (sound_of(name) == "") == (normal_name(name) == "")
