"""Names sealed under a key per person."""

import base64
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simpul_registry.sealing import PersonKeyWrong, SealedName, ServiceKey, read_key
from simpul_registry.settings import PersonKeySettings

KEY = ServiceKey(bytes(range(32)))
ONE, OTHER = UUID(int=1), UUID(int=2)


@given(st.text(min_size=1, max_size=200).filter(lambda text: text.isprintable()))
def test_any_name_comes_back_as_it_was(name: str) -> None:
    assert KEY.open(KEY.seal(name, person_id=ONE), person_id=ONE) == name


def test_the_same_name_is_sealed_differently_each_time_and_shows_nowhere() -> None:
    first, second = KEY.seal("Ni Luh Contoh", person_id=ONE), KEY.seal("Ni Luh Contoh", person_id=ONE)
    assert first.name != second.name
    assert first.wrapped_key != second.wrapped_key
    assert b"Contoh" not in first.name + first.wrapped_key


def test_a_name_cannot_be_opened_as_another_persons() -> None:
    with pytest.raises(PersonKeyWrong):
        KEY.open(KEY.seal("Ni Luh Contoh", person_id=ONE), person_id=OTHER)


def test_a_name_cannot_be_opened_with_another_persons_key() -> None:
    one, other = KEY.seal("Ni Luh Contoh", person_id=ONE), KEY.seal("I Made Contoh", person_id=ONE)
    with pytest.raises(PersonKeyWrong):
        KEY.open(SealedName(one.name, other.wrapped_key), person_id=ONE)


def test_a_name_cannot_be_opened_with_another_service_key() -> None:
    with pytest.raises(PersonKeyWrong):
        ServiceKey(bytes(32)).open(KEY.seal("Ni Luh Contoh", person_id=ONE), person_id=ONE)


@pytest.mark.parametrize("part", ["name", "wrapped_key"])
def test_a_changed_byte_is_noticed(part: str) -> None:
    sealed = KEY.seal("Ni Luh Contoh", person_id=ONE)
    value = bytearray(getattr(sealed, part))
    value[-1] ^= 1
    parts = {"name": sealed.name, "wrapped_key": sealed.wrapped_key, part: bytes(value)}
    with pytest.raises(PersonKeyWrong):
        KEY.open(SealedName(**parts), person_id=ONE)


def test_the_service_key_shows_in_no_log() -> None:
    assert "\\x1f" not in repr(KEY)
    assert str(KEY.secret) not in f"{KEY!r} {KEY}"


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
