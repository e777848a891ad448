"""What is known of people, encrypted under a random key per person, which is itself wrapped by the service's key.

Destroying a person's key erases the person. AES-256-GCM with a random 96-bit nonce in front. What people are looked up
by is hashed under a third key, that of the blind index.
"""

import base64
import binascii
import hashlib
import hmac
import os
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from simpul_shared.errors import Unavailable

_NONCE_BYTES = 12
_KEY_BYTES = 32
_SCHEMA_VERSION = 1


class PersonKeyWrong(Unavailable):
    slug = "person-key-wrong"
    title = "Kunci data pribadi tidak cocok"


@dataclass(frozen=True, repr=False)
class PersonKey:
    """A person's own key. No key has a repr, so that no log can show it."""

    person_id: UUID
    secret: bytes

    def seal(self, field: str, text: str) -> bytes:
        return _encrypt(self.secret, text.encode(), _context("person", field, self.person_id))

    def open(self, field: str, sealed: bytes) -> str:
        """Errors: PersonKeyWrong, when it is not this person's field or a byte of it changed."""
        return _decrypt(self.secret, sealed, _context("person", field, self.person_id)).decode()


@dataclass(frozen=True, repr=False)
class ServiceKey:
    """The key that wraps the keys of people."""

    secret: bytes

    def make_key(self, person_id: UUID) -> PersonKey:
        return PersonKey(person_id, AESGCM.generate_key(256))

    def wrap(self, key: PersonKey) -> bytes:
        return _encrypt(self.secret, key.secret, _context("person_key", "wrapped_key", key.person_id))

    def unwrap(self, person_id: UUID, wrapped_key: bytes) -> PersonKey:
        """Errors: PersonKeyWrong, when this is not the key it was wrapped under or a byte of it changed."""
        return PersonKey(
            person_id, _decrypt(self.secret, wrapped_key, _context("person_key", "wrapped_key", person_id))
        )


@dataclass(frozen=True, repr=False)
class IndexKey:
    """The key of the blind index: equal terms have equal digests, and nobody without it can try out terms."""

    secret: bytes

    def digest(self, kind: str, term: str) -> bytes:
        return hmac.digest(self.secret, f"registry|person_term|{kind}|{term}".encode(), hashlib.sha256)


@dataclass(frozen=True)
class Keys:
    service: ServiceKey
    index: IndexKey


def read_key(path: Path) -> bytes:
    """Errors: ValueError, saying what is wrong with the file and nothing of what is in it."""
    try:
        secret = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error):
        raise ValueError(f"{path} cannot be read as base64; put 32 random bytes in base64 there.") from None
    if len(secret) != _KEY_BYTES:
        raise ValueError(f"{path} holds {len(secret)} bytes; it must be 32 random bytes in base64.")
    return secret


def _context(table: str, column: str, person_id: UUID) -> bytes:
    """Binds a ciphertext to its place: moved to another person or field it can't be opened."""
    return f"registry|{table}|{column}|{person_id}|{_SCHEMA_VERSION}".encode()


def _encrypt(key: bytes, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def _decrypt(key: bytes, sealed: bytes, context: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
    except InvalidTag:
        raise PersonKeyWrong(
            "What is known of the person can't be opened with the registry's present key."
            " Let its operator put back the key it was kept under.",
            retry_after=60,
        ) from None
