"""Settings that every service shares; a service adds its own with the prefix SIMPUL_<NAME>_. Read once, in app.py."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, PostgresDsn
from pydantic_settings import BaseSettings, SettingsConfigDict


class Environment(StrEnum):
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class PlatformSettings(BaseSettings):
    """Environment variables SIMPUL_*, the same for all services."""

    model_config = SettingsConfigDict(env_prefix="SIMPUL_", extra="ignore")

    env: Environment = Field(Environment.DEVELOPMENT, description="development or production")
    kafka_bootstrap: str = Field("127.0.0.1:9092", description="Kafka brokers, host:port, comma separated")
    topic_prefix: str = Field("", description="Put before every topic and consumer group name")
    issuer: str = Field("http://127.0.0.1:8100", description="The exact `iss` of accepted access tokens")
    jwks_url: str = Field("http://127.0.0.1:8100/jwks.json", description="Where the issuer publishes its keys")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    otlp_endpoint: str | None = Field(None, description="OTLP/HTTP endpoint for traces; none are exported without it")
    mark_seconds: float = Field(1.0, gt=0, description="Time between low-water marks, in seconds")
    ack_seconds: float = Field(
        30.0, gt=0, description="A relay whose page Kafka has not acknowledged by then begins anew"
    )
    silence_seconds: float = Field(
        60.0, gt=0, description="A consumer, relay or open transaction that makes no progress for so long is acted upon"
    )
    batch_records: int = Field(2000, gt=0, description="Records a consumer applies in one transaction, at most")
    dead_letter_run: int = Field(100, gt=0, description="A consumer stops after this many dead letters in a row")
    idempotency_hours: int = Field(72, ge=1, description="Hours for which a POST's answer is kept for its repeats")
    archive_dir: Path | None = Field(
        None, description="Folder for old days of the ledgers; without it no day ever leaves its database"
    )
    ledger_keep_days: int = Field(
        400, ge=7, description="Days that a ledger keeps in its database; older ones go into the archive"
    )


class ServiceSettings(BaseSettings):
    """What each service has of its own; subclasses set the env prefix."""

    database_url: PostgresDsn = Field(description="Postgres as the app role (DML only)")
    owner_database_url: PostgresDsn | None = Field(
        None, description="Postgres as the owner role; only `migrate` needs it"
    )
    host: str = Field("127.0.0.1", description="Address the API listens on")
    port: int = Field(8000, description="Port of the API")
    admin_host: str = Field("127.0.0.1", description="Address of the admin port")
    admin_port: int = Field(9000, description="Port of /metrics and the worker's health")
    pool_size: int = Field(20, gt=0, description="Postgres connections of the API at most")
