"""Settings of activities: SIMPUL_ACTIVITIES_*, besides the SIMPUL_* of all services."""

from pydantic_settings import SettingsConfigDict
from simpul_shared.platform.settings import ServiceSettings


class ActivitiesSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="SIMPUL_ACTIVITIES_", extra="ignore")
