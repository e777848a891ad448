"""What the registry has of its own, from SIMPUL_REGISTRY_*; and the key that one of them names."""

from functools import cache
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from simpul_shared.errors import Unavailable
from simpul_shared.platform.settings import ServiceSettings

from simpul_registry.sealing import ServiceKey, read_key


class PersonKeyMissing(Unavailable):
    slug = "person-key-missing"
    title = "Kunci data pribadi belum dipasang"


class PersonKeySettings(BaseSettings):
    """Apart from the rest, because the key is read when the first name is, not when a job or a migration runs."""

    model_config = SettingsConfigDict(env_prefix="SIMPUL_REGISTRY_", extra="ignore")

    person_key_file: Path | None = Field(
        None,
        description="File with 32 random bytes in base64 that names are encrypted under; without it no name is kept",
    )

    @field_validator("person_key_file")
    @classmethod
    def _usable(cls, path: Path | None) -> Path | None:
        if path is not None:
            read_key(path)
        return path


class RegistrySettings(PersonKeySettings, ServiceSettings):
    # Said again: of two bases the last one's would hold, without the prefix.
    model_config = SettingsConfigDict(env_prefix="SIMPUL_REGISTRY_", extra="ignore")

    port: int = Field(8101, description="Port of the API")
    admin_port: int = Field(8111, description="Port of /metrics and the worker's health")


async def service_key() -> ServiceKey:
    """The key that wraps the keys of people, read once. Errors: PersonKeyMissing, when none is set."""
    return configured_key()


@cache
def configured_key() -> ServiceKey:
    path = PersonKeySettings().person_key_file
    if path is None:
        raise PersonKeyMissing(
            "The registry has no key to encrypt names with. Let its operator set SIMPUL_REGISTRY_PERSON_KEY_FILE.",
            retry_after=60,
        )
    return ServiceKey(read_key(path))
