"""What the registry has of its own, from SIMPUL_REGISTRY_*."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from simpul_shared.platform.settings import ServiceSettings

from simpul_registry.sealing import PersonKeySettings


class RegistrySettings(PersonKeySettings, ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SIMPUL_REGISTRY_", extra="ignore")

    port: int = Field(8101, description="Port of the API")
    admin_port: int = Field(8111, description="Port of /metrics and the worker's health")
