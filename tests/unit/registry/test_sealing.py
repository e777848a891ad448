"""What is known of people, sealed under a key per person, and found by keyed hashes."""

import base64
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpul_registry.sealing import IndexKey, PersonKeyWrong, ServiceKey, read_key
from simpul_registry.settings import PersonKeySettings

KEY = ServiceKey(bytes(range(32)))
ONE, OTHER = UUID(int=1), UUID(int=2)


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable()))
def test_any_text_comes_back_as_it_was_by_way_of_the_wrapped_key(text: str) -> None:
    own = KEY.make_key(ONE)
    assert KEY.unwrap(ONE, KEY.wrap(own)).open("name", own.seal("name", text)) == text


def test_the_same_text_is_sealed_differently_each_time_and_shows_nowhere() -> None:
    own = KEY.make_key(ONE)
    first, second = own.seal("name", "Ni Luh Contoh"), own.seal("name", "Ni Luh Contoh")
    assert first != second
    assert KEY.wrap(own) != KEY.wrap(own)
    assert b"Contoh" not in first + KEY.wrap(own)


def test_a_field_cannot_be_opened_as_another_persons_or_as_another_field() -> None:
    own = KEY.make_key(ONE)
    sealed = own.seal("phone", "+6281200000001")
    with pytest.raises(PersonKeyWrong):
        own.open("email", sealed)
    with pytest.raises(PersonKeyWrong):
        replace(own, person_id=OTHER).open("phone", sealed)


def test_a_field_cannot_be_opened_with_another_persons_key() -> None:
    with pytest.raises(PersonKeyWrong):
        KEY.make_key(ONE).open("name", KEY.make_key(ONE).seal("name", "Ni Luh Contoh"))


def test_a_key_cannot_be_unwrapped_for_another_person_or_under_another_service_key() -> None:
    wrapped = KEY.wrap(KEY.make_key(ONE))
    with pytest.raises(PersonKeyWrong):
        KEY.unwrap(OTHER, wrapped)
    with pytest.raises(PersonKeyWrong):
        ServiceKey(bytes(32)).unwrap(ONE, wrapped)


def test_a_changed_byte_is_noticed() -> None:
    own = KEY.make_key(ONE)
    sealed, wrapped = own.seal("name", "Ni Luh Contoh"), KEY.wrap(own)
    with pytest.raises(PersonKeyWrong):
        own.open("name", sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(PersonKeyWrong):
        KEY.unwrap(ONE, bytes([wrapped[0] ^ 1]) + wrapped[1:])


def test_equal_terms_have_equal_digests_only_under_one_key_and_for_one_kind() -> None:
    index, other = IndexKey(bytes(32)), IndexKey(bytes(range(32)))
    digest = index.digest("phone", "+6281200000001")
    assert digest == index.digest("phone", "+6281200000001")
    assert len({digest, index.digest("nik", "+6281200000001"), other.digest("phone", "+6281200000001")}) == 3


def test_no_key_shows_in_a_log() -> None:
    for key in (KEY, IndexKey(KEY.secret), replace(KEY.make_key(ONE), secret=KEY.secret)):
        assert "\\x1f" not in repr(key)
        assert str(KEY.secret) not in f"{key!r} {key}"


def test_a_key_file_holds_32_bytes_in_base64(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_bytes(base64.b64encode(KEY.secret) + b"\n")
    assert read_key(path) == KEY.secret


@pytest.mark.parametrize("content", [b"", b"c2hvcnQ=", b"not base64!", base64.b64encode(bytes(33)), b"\xff\xfe"])
def test_a_key_file_with_anything_else_is_refused_at_start_without_showing_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="32 random bytes") as refusal:
        PersonKeySettings(person_key_file=path)
    assert content.decode("latin-1").strip() == "" or content.decode("latin-1") not in str(refusal.value)


def test_a_key_file_that_is_not_there_is_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        PersonKeySettings(person_key_file=tmp_path / "none")
