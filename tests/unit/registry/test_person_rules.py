"""The forms by which people are looked up and compared."""

from uuid import UUID

import pytest
from simpul_registry.domain.person import PhoneMalformed, normal_name, normal_phone, terms
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
    assert here.keys() == {PersonalField.NAME, PersonalField.PHONE}
    assert here[PersonalField.NAME] != there[PersonalField.NAME]
    assert here[PersonalField.PHONE] == there[PersonalField.PHONE]


def test_a_field_to_be_forgotten_is_no_term_any_more_and_one_not_given_stays() -> None:
    assert terms({PersonalField.PHONE: None}, region_id=VILLAGE) == {PersonalField.PHONE: None}
