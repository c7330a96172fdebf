"""The one settings object: read by the entry point, passed down, never looked up elsewhere."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from watchhouse.errors import SettingsError
from watchhouse.layout import Home


class Settings(BaseSettings):
    """`WATCHHOUSE_*` variables, or the same names in a file `.env`; variables win."""

    model_config = SettingsConfigDict(
        env_prefix="WATCHHOUSE_", env_file=".env", frozen=True, extra="ignore"
    )

    home: Path = Field(default=Path("data"), description="Folder of everything that is written.")
    pseudonym_key: SecretStr | None = Field(
        default=None, description="The pseudonym key itself, as 64 hex digits."
    )
    reject_retention_days: int = Field(
        default=30, ge=0, description="Days for which the text of rejected records is kept."
    )
    compaction_grace: float = Field(
        default=900.0,
        ge=120,
        description="Seconds for which files that were compacted stay for those who read them.",
    )
    compact_every: float = Field(
        default=3600.0,
        ge=0,
        description="Seconds after which `run` looks for closed days to compact; 0: never.",
    )
    keep_releases: int = Field(
        default=5, ge=1, description="Releases kept besides those that a reader still has open."
    )
    intake_identifiers: str = Field(
        default="",
        description="Members of HTTP events that are pseudonymised besides the users, with commas.",
    )
    intake_drop: str = Field(
        default="", description="Members of HTTP events that are not kept, with commas."
    )
    intake_topic: str | None = Field(
        default=None,
        pattern="^[A-Za-z0-9._-]{1,249}$",
        description="Topic that HTTP events are sent to, instead of being spooled.",
    )
    api_requests_per_minute: int = Field(
        default=1200, ge=1, description="Requests that each API key may make in a minute."
    )
    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis that instances of the API share limits and answers on, redis://HOST:PORT.",
    )
    api_query_seconds: float = Field(
        default=10.0, gt=0, description="Seconds after which a query of the API is given up."
    )
    smallest_group: int = Field(
        default=5, ge=1, description="Users that a figure must describe to be shown to everybody."
    )
    dashboard_users: bool = Field(
        default=False,
        description="Whether the dashboard shows single users, and groups however small.",
    )
    dashboard_beyond: bool = Field(
        default=False,
        description="Whether the dashboard, which asks for no key, may be served beyond this host.",
    )
    lock_timeout: float = Field(
        default=300.0, ge=0, description="Seconds to wait for another builder to finish."
    )

    full_every: float = Field(
        default=900.0,
        ge=0,
        description="Seconds between builds of all marts while `run` publishes the core ones.",
    )

    kafka_bootstrap_servers: str = Field(
        default="localhost:9092", min_length=1, description="Brokers to ask first, HOST:PORT, …"
    )
    kafka_topics: str = Field(
        default="watch-events", description="Topics to read, as --topic takes them, with commas."
    )
    kafka_group: str = Field(
        default="watchhouse", min_length=1, description="Group of loaders that share partitions."
    )
    kafka_group_instance_id: str | None = Field(
        default=None, description="Name of this loader in the group, so that restarts move nothing."
    )
    kafka_session_timeout: float = Field(
        default=10.0, ge=1, description="Seconds after which a silent loader loses its partitions."
    )
    kafka_generation: str | None = Field(
        default=None, description="Another word reads topics that were restored from their start."
    )
    kafka_batch_rows: int = Field(
        default=100_000, ge=1, le=5_000_000, description="Messages after which a batch is landed."
    )
    kafka_batch_seconds: float = Field(
        default=0.4, gt=0, le=60, description="Seconds after which it is landed with fewer."
    )
    kafka_batch_bytes: int = Field(
        default=64 * 1024 * 1024, ge=1, description="Bytes after which it is landed with fewer."
    )
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How to talk to the brokers."
    )
    kafka_ssl_ca_file: Path | None = Field(default=None, description="Who signs the brokers.")
    kafka_ssl_certificate_file: Path | None = Field(default=None, description="Who we are.")
    kafka_ssl_key_file: Path | None = Field(default=None, description="Its private key.")
    kafka_ssl_key_password: SecretStr | None = Field(default=None, description="Of the key.")
    kafka_ssl_check_hostname: bool = Field(
        default=True, description="Whether certificates must name the host."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        default=None, description="How to prove who we are."
    )
    kafka_sasl_username: str | None = Field(default=None, description="User at the brokers.")
    kafka_sasl_password: SecretStr | None = Field(default=None, description="Their password.")

    @field_validator("home", mode="before")
    @classmethod
    def _is_a_folder(cls, value: object) -> object:
        # Path("") would be the working folder: a lake in the middle of whatever lies there.
        if value == "":
            message = "is empty; name a folder, or leave the variable out"
            raise ValueError(message)
        try:
            _ = isinstance(value, str) and Path(value).expanduser()
        except RuntimeError as error:
            message = f"{value!r}: there is no such user"
            raise ValueError(message) from error
        return value

    def layout(self) -> Home:
        """Where things live below `home`, as an absolute path."""
        return Home(self.home.expanduser().absolute())


def load_settings() -> Settings:
    """Read the settings from the environment and `.env`.

    Raises:
        SettingsError: naming each variable that cannot be used, and why.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"WATCHHOUSE_{str(problem['loc'][0]).upper()}: {problem['msg']}"
            for problem in error.errors()
        )
        message = f"settings cannot be used: {problems}. See `.env.example`."
        raise SettingsError(message) from error
