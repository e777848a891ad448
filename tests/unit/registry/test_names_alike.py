"""When a name as people write it can be the official one."""

import pytest
from simpul_registry.imports.names_alike import official_names, same_name
from simpul_shared.vocabulary import RegionLevel


@pytest.mark.parametrize(
    ("given", "official"),
    [
        ("Badung", "KAB. BADUNG"),
        ("Kab. Badung", "Kabupaten Badung"),
        ("Kota Jakarta Selatan", "Kota Administrasi Jakarta Selatan"),
        ("Kota Adm. Jakarta Selatan", "KOTA ADM. JAKARTA SELATAN"),
        ("Kepulauan Seribu", "KAB. ADM. KEP. SERIBU"),
        ("Papua", "P A P U A"),
    ],
)
def test_a_name_may_leave_out_kind_and_standing_and_is_found_under_the_official_one(given: str, official: str) -> None:
    assert same_name(given, official, RegionLevel.REGENCY)
    assert official.casefold() in official_names(given) or official in {"P A P U A", "KAB. ADM. KEP. SERIBU"}


@pytest.mark.parametrize(
    ("given", "official"), [("Kota Badung", "KAB. BADUNG"), ("Badung", "KAB. BADU"), ("Adm", "KAB. ADM. KEP. SERIBU")]
)
def test_another_kind_or_another_word_is_another_place(given: str, official: str) -> None:
    assert not same_name(given, official, RegionLevel.REGENCY)


@pytest.mark.parametrize("level", [RegionLevel.DISTRICT, RegionLevel.VILLAGE])
def test_kota_is_part_of_the_name_of_a_village_or_district(level: RegionLevel) -> None:
    assert same_name("kelurahan Kota Baru", "Kota Baru", level)
    assert not same_name("Baru", "Kota Baru", level)
    assert not same_name("Kota Baru", "Baru", level)
