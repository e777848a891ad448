"""Names of people, encrypted under a random key per person, which is itself wrapped by the service's key.

Destroying a person's key erases the person everywhere, backups included. AES-256-GCM with a random 96-bit nonce in front.
"""

import base64
import binascii
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


@dataclass(frozen=True)
class SealedName:
    """What the database keeps of a name: the ciphertext, and apart from it the person's key, wrapped."""

    name: bytes
    wrapped_key: bytes


@dataclass(frozen=True, repr=False)
class ServiceKey:
    """The key that wraps the keys of people. It has no repr, so that no log can show it."""

    secret: bytes

    def seal(self, name: str, *, person_id: UUID) -> SealedName:
        data_key = AESGCM.generate_key(256)
        return SealedName(
            name=_encrypt(data_key, name.encode(), _context("person", "name", person_id)),
            wrapped_key=_encrypt(self.secret, data_key, _context("person_key", "wrapped_key", person_id)),
        )

    def open(self, sealed: SealedName, *, person_id: UUID) -> str:
        """Errors: PersonKeyWrong, when this is not the key it was sealed under or a byte of it changed."""
        data_key = _decrypt(self.secret, sealed.wrapped_key, _context("person_key", "wrapped_key", person_id))
        return _decrypt(data_key, sealed.name, _context("person", "name", person_id)).decode()


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
    """Binds a ciphertext to its place: moved to another person or column it can't be opened."""
    return f"registry|{table}|{column}|{person_id}|{_SCHEMA_VERSION}".encode()


def _encrypt(key: bytes, plain: bytes, context: bytes) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context)


def _decrypt(key: bytes, sealed: bytes, context: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
    except InvalidTag:
        raise PersonKeyWrong(
            "The name can't be opened with the registry's present key. Let its operator put back the key it was kept under.",
            retry_after=60,
        ) from None
