"""Settings of reporting: environment variables SIMPUL_REPORTING_*."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict
from simpul_shared.platform.settings import ServiceSettings


class ReportingSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SIMPUL_REPORTING_", extra="ignore")

    port: int = Field(8103, description="Port of the API")
    admin_port: int = Field(8113, description="Port of /metrics and the worker's health")
