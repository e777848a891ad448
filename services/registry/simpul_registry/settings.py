"""What the registry has of its own, from SIMPUL_REGISTRY_*; and the keys that two of them name."""

from functools import cache
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from simpul_shared.errors import Unavailable
from simpul_shared.platform.settings import ServiceSettings

from simpul_registry.domain.rubric import Rubrics
from simpul_registry.domain.snp import Standards
from simpul_registry.sealing import IndexKey, Keys, ServiceKey, read_key
from simpul_registry.store.rules import READINESS, SNP, read_rubrics, read_standards


class PersonKeyMissing(Unavailable):
    slug = "person-key-missing"
    title = "Kunci data pribadi belum dipasang"


class PersonKeySettings(BaseSettings):
    """Apart from the rest, because the keys are read when the first name is, not when a job or a migration runs."""

    model_config = SettingsConfigDict(env_prefix="SIMPUL_REGISTRY_", extra="ignore")

    person_key_file: Path | None = Field(
        None,
        description="File with 32 random bytes in base64 that people's keys are wrapped under; without it nobody is registered",
    )
    person_index_key_file: Path | None = Field(
        None,
        description="File with 32 other random bytes in base64, under which phones, NIKs and names are hashed for look-up",
    )

    @field_validator("person_key_file", "person_index_key_file")
    @classmethod
    def _usable(cls, path: Path | None) -> Path | None:
        if path is not None:
            read_key(path)
        return path


class RulesSettings(BaseSettings):
    """Dated rules that an installation may replace by its own."""

    model_config = SettingsConfigDict(env_prefix="SIMPUL_REGISTRY_", extra="ignore")

    readiness_rules_file: Path | None = Field(
        None, description="TOML file with the versions of the rubric for ICT readiness; the shipped one when left out"
    )

    snp_rules_file: Path | None = Field(
        None, description="TOML file with the versions of the national standard (SNP); the shipped one when left out"
    )

    @field_validator("snp_rules_file")
    @classmethod
    def _standards_readable(cls, path: Path | None) -> Path | None:
        read_standards(path or SNP)
        return path

    @field_validator("readiness_rules_file")
    @classmethod
    def _readable(cls, path: Path | None) -> Path | None:
        read_rubrics(path or READINESS)
        return path


class RegistrySettings(PersonKeySettings, RulesSettings, ServiceSettings):
    # Said again: of two bases the last one's would hold, without the prefix.
    model_config = SettingsConfigDict(env_prefix="SIMPUL_REGISTRY_", extra="ignore")

    port: int = Field(8101, description="Port of the API")
    admin_port: int = Field(8111, description="Port of /metrics and the worker's health")


async def rubrics() -> Rubrics:
    """The versions of the rubric for ICT readiness, read once."""
    return configured_rubrics()


@cache
def configured_rubrics() -> Rubrics:
    return read_rubrics(RulesSettings().readiness_rules_file or READINESS)


async def standards() -> Standards:
    """The versions of the national standard, read once."""
    return configured_standards()


@cache
def configured_standards() -> Standards:
    return read_standards(RulesSettings().snp_rules_file or SNP)


async def person_keys() -> Keys:
    """The keys of people's data, read once. Errors: PersonKeyMissing, when one is not set."""
    return configured_keys()


@cache
def configured_keys() -> Keys:
    settings = PersonKeySettings()
    if settings.person_key_file is None or settings.person_index_key_file is None:
        raise PersonKeyMissing(
            "The registry lacks a key for what is known of people. Let its operator set SIMPUL_REGISTRY_PERSON_KEY_FILE"
            " and SIMPUL_REGISTRY_PERSON_INDEX_KEY_FILE.",
            retry_after=60,
        )
    return Keys(ServiceKey(read_key(settings.person_key_file)), IndexKey(read_key(settings.person_index_key_file)))
