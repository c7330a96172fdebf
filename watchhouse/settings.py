"""The one settings object: read by the entry point, passed down, never looked up elsewhere."""

from pathlib import Path

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
    keep_releases: int = Field(
        default=5, ge=1, description="Releases kept besides those that a reader still has open."
    )
    lock_timeout: float = Field(
        default=300.0, ge=0, description="Seconds to wait for another builder to finish."
    )

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
