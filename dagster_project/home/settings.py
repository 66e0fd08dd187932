"""Every setting, in one place: `sendhouse.toml`, overridden by `SENDHOUSE_*`.

`sendhouse.toml` in the repository documents each key. Secrets come from the environment only and
are never part of the file. Nested keys use two underscores: `SENDHOUSE_SMTP__HOST=mail.example`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from dagster_project.home.source_settings import Section, SourceSettings
from senders.base import secrets_of

PROJECT_DIR = Path(__file__).resolve().parents[2]

# Links in files that never leave this machine need no secret; anything that mails refuses this key.
DEVELOPMENT_LINK_KEY = "sendhouse-development-key-not-for-real-mail"

# A file in the home of a demo.
DEMO_MARKER = "demo"


class SettingsError(Exception):
    """A setting is missing or wrong; the message names the key, the place and the remedy."""


class IdentitySettings(Section):
    """Who the mail is from."""

    from_name: str
    from_email: str
    reply_to: str | None = None
    postal_address: str
    list_id: str


class SmtpSettings(Section):
    """The SMTP server; its password is `SENDHOUSE_SMTP_PASSWORD`."""

    host: str = "127.0.0.1"
    port: int = Field(default=25, ge=1, le=65535)
    security: Literal["none", "starttls", "tls"] = "starttls"
    username: str | None = None
    connections: int = Field(default=4, ge=1, le=200)
    timeout_seconds: float = Field(default=60, gt=0)


class LinksSettings(Section):
    """Where the collector is reached from outside; the key is `SENDHOUSE_LINK_KEY`."""

    base_url: str = "http://127.0.0.1:8025"


class DeliverySettings(Section):
    """How sends leave."""

    sender: str = "file"
    batch_size: int = Field(default=1000, ge=1)
    max_attempts: int = Field(default=5, ge=1)
    retry_minutes: float = Field(default=15, gt=0)


class ScheduleSettings(Section):
    """When the tick runs by itself, once its schedule is on; from when days can be backfilled."""

    tick_cron: str = "*/5 * * * *"
    backfill_from: date = date(2024, 1, 1)


class Settings(BaseSettings):
    """All settings of one installation. Build it with `load_settings`."""

    model_config = SettingsConfigDict(
        env_prefix="SENDHOUSE_",
        env_nested_delimiter="__",
        extra="forbid",
        toml_file=None,
    )

    home: Path = Path("var")
    project_dir: Path = PROJECT_DIR
    identity: IdentitySettings
    smtp: SmtpSettings = SmtpSettings()
    links: LinksSettings = LinksSettings()
    delivery: DeliverySettings = DeliverySettings()
    schedule: ScheduleSettings = ScheduleSettings()
    parameters: dict[str, float] = Field(default_factory=dict)
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    senders: dict[str, dict[str, Any]] = Field(default_factory=dict)
    journal_url: str | None = None

    link_key: SecretStr | None = None

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # Dagster, dbt and the CLI run from different folders: a relative path would mean three.
        return value if value.is_absolute() else PROJECT_DIR / value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over file; no dotenv, no secret files."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_path())

    # ── where things live under SENDHOUSE_HOME ────────────────────────────────────────────────
    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file."""
        return self.home / "warehouse.duckdb"

    @property
    def lock_path(self) -> Path:
        """Held by whoever works on the warehouse."""
        return self.home / "warehouse.lock"

    @property
    def journal_address(self) -> str:
        """SQLAlchemy URL of the journal."""
        return self.journal_url or f"sqlite:///{self.home / 'journal.sqlite'}"

    @property
    def landing_dir(self) -> Path:
        """Where files wait to be loaded."""
        return self.home / "landing"

    @property
    def seen_dir(self) -> Path:
        """Hashes of the events that have landed; made again from the warehouse when it is gone."""
        return self.home / "seen"

    @property
    def outbox_dir(self) -> Path:
        """Where the file sender writes `.eml` files."""
        return self.home / "outbox"

    @property
    def serving_dir(self) -> Path:
        """What BI reads."""
        return self.home / "serving"

    @property
    def templates_dir(self) -> Path:
        """The e-mails."""
        return self.project_dir / "templates"

    @property
    def is_demo(self) -> bool:
        """Whether `sendhouse demo` made this home: its people and its time are make-believe."""
        return (self.home / DEMO_MARKER).exists()

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage."""
        return self.home / "dagster"

    @property
    def dbt_target_dir(self) -> Path:
        """The SQL that dbt compiled for this home, and dbt's log."""
        return self.home / "dbt"

    @property
    def parsed_dir(self) -> Path:
        """The manifest of the project: it depends on the project's files alone, not on the home."""
        return self.project_dir / "target" / "sendhouse"

    def sender_table(self, name: str) -> dict[str, Any]:
        """The settings of one sender: `[senders.<name>]`, or `[smtp]`; secrets are apart."""
        return {**self.senders, "smtp": self.smtp.model_dump()}.get(name, {})

    def require_link_key(self) -> str:
        """The secret that signs links; the development key only where mail stays in files.

        Raises:
            SettingsError: real mail would leave with unsigned links.
        """
        if self.link_key is not None and self.link_key.get_secret_value():
            return self.link_key.get_secret_value()
        if self.delivery.sender == "file":
            return DEVELOPMENT_LINK_KEY
        raise SettingsError(
            "missing setting: SENDHOUSE_LINK_KEY (environment) signs unsubscribe and click links; "
            f"sender '{self.delivery.sender}' does not run without it. "
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )


def config_path() -> Path:
    """The settings file: `SENDHOUSE_CONFIG`, or `sendhouse.toml` in the project."""
    return Path(os.environ.get("SENDHOUSE_CONFIG") or PROJECT_DIR / "sendhouse.toml")


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - whatever a key may hold
    """Read the settings file and the environment.

    Raises:
        SettingsError: the file is missing or not TOML, or a key is missing, unknown or wrong.
    """
    path = config_path()
    if not path.is_file():
        raise SettingsError(f"settings file not found: {path} (set SENDHOUSE_CONFIG)")
    try:
        _refuse_secrets(path)
        return Settings(**overrides)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}") from error
    except ValidationError as error:
        lines = [_explain(problem, path) for problem in error.errors()]
        raise SettingsError("\n".join(lines)) from error


def _refuse_secrets(path: Path) -> None:
    """Refuse a secret in the file, because a file may end up in a repository or a backup."""
    for key, variable in _secrets_in(tomllib.loads(path.read_text(encoding="utf-8"))):
        raise SettingsError(
            f"secret in {path}: remove {key} from the file and set {variable} in the environment"
        )


def _secrets_in(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each key of the settings file that is a secret, and its environment variable."""
    if "link_key" in content:
        yield "link_key", "SENDHOUSE_LINK_KEY"
    tables = dict(_table(content, "senders"))
    smtp = _table(content, "smtp")
    # A sender is imported only when the file has keys that can be its secrets: imports take time.
    strange = content.keys() - Settings.model_fields.keys()
    if strange or smtp.keys() - SmtpSettings.model_fields.keys():
        tables["smtp"] = smtp
    for name in tables:
        for secret, variable in secrets_of(name).items():
            if f"{name}_{secret}" in content:
                yield f"{name}_{secret}", variable
            if secret in _table(tables, name):
                yield f"{name}.{secret}", variable


def _table(content: dict[str, Any], key: str) -> dict[str, Any]:
    value = content.get(key, {})
    return value if isinstance(value, dict) else {}


def _explain(problem: Any, path: Path) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    key = ".".join(str(part) for part in problem["loc"])
    variable = "SENDHOUSE_" + key.upper().replace(".", "__")
    if problem["type"] == "missing":
        return f"missing setting: {key}: set it in {path} or as {variable}"
    if problem["type"] == "extra_forbidden":
        return f"unknown setting: {key} in {path} or as {variable}: see sendhouse.toml for all keys"
    return f"wrong setting: {key} in {path} or as {variable}: {problem['msg']}"
