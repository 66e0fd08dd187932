"""All settings: `sendhouse.toml`, overridden by `SENDHOUSE_*`.

`sendhouse.toml` in the repository documents each key and each environment variable. Secrets come
from the environment only. Nested keys use two underscores: `SENDHOUSE_SMTP__HOST=mail.example`.
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

from dagster_project.home import cron
from dagster_project.home.source_settings import Section, SourceSettings
from senders.base import secrets_of

PROJECT_DIR = Path(__file__).resolve().parents[2]

# The file sender's links need no secret; every other sender refuses this key.
DEVELOPMENT_LINK_KEY = "sendhouse-development-key-not-for-real-mail"

# The name of a file that marks the home of a demo.
DEMO_MARKER = "demo"
# The file in a home that names the example it runs; the demo runs DEMO_EXAMPLE.
EXAMPLE_MARKER = "example"
DEMO_EXAMPLE = "b2b"


class SettingsError(Exception):
    """A setting is missing or invalid; the message names the key, the place and the remedy."""


class IdentitySettings(Section):
    """The sender of the e-mails."""

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
    """The public address of the collector, and the hosts that its redirects may lead to.

    `SENDHOUSE_LINK_KEY` signs the links.
    """

    base_url: str = "http://127.0.0.1:8025"
    hosts: frozenset[str] = frozenset()

    @field_validator("hosts")
    @classmethod
    def _are_hosts(cls, hosts: frozenset[str]) -> frozenset[str]:
        if not hosts:
            return hosts
        from senders.targets import as_listed  # slow to load, and rarely needed

        listed = {host: as_listed(host) for host in hosts}
        for host, read in listed.items():
            if read is None:
                raise ValueError(f"{host!r} is not a host: write calendar.example or *.example.com")
        return frozenset(filter(None, listed.values()))


class DeliverySettings(Section):
    """How messages are sent."""

    sender: str = "file"
    batch_size: int = Field(default=1000, ge=1)
    max_attempts: int = Field(default=5, ge=1)
    retry_minutes: float = Field(default=15, gt=0)
    unanswered_in_a_row: int = Field(default=3, ge=1)
    refusals_in_a_row: int = Field(default=10, ge=1)


class ScheduleSettings(Section):
    """The times of ticks, the first day of backfills, and how long Dagster keeps runs."""

    tick_cron: str = "*/5 * * * *"
    keep_runs_days: int = Field(default=30, ge=1)
    keep_failed_runs_days: int = Field(default=90, ge=1)
    backfill_from: date = date(2024, 1, 1)

    @field_validator("tick_cron")
    @classmethod
    def _is_cron_line(cls, line: str) -> str:
        cron.parse(line)
        return line


class Settings(BaseSettings):
    """All settings of one installation; `load_settings` reads them."""

    model_config = SettingsConfigDict(
        env_prefix="SENDHOUSE_",
        env_nested_delimiter="__",
        extra="forbid",
        toml_file=None,
    )

    home: Path = Path("var")
    project_dir: Path = PROJECT_DIR
    example: Literal["", "b2b"] = ""
    identity: IdentitySettings
    smtp: SmtpSettings = SmtpSettings()
    links: LinksSettings = LinksSettings()
    delivery: DeliverySettings = DeliverySettings()
    schedule: ScheduleSettings = ScheduleSettings()
    parameters: dict[str, float] = Field(default_factory=dict)
    sources: dict[str, SourceSettings] = Field(default_factory=dict)
    senders: dict[str, dict[str, Any]] = Field(default_factory=dict)
    journal_url: str | None = None
    serving_group: str | None = None

    link_key: SecretStr | None = None

    @field_validator("home")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # Dagster, dbt and the CLI run in different folders, so a relative path would be ambiguous.
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
        """The environment overrides the file; dotenv and secret files are not read."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, config_path())

    # ── paths under SENDHOUSE_HOME ────────────────────────────────────────────────────────────
    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file."""
        return self.home / "warehouse.duckdb"

    @property
    def lock_path(self) -> Path:
        """The lock file of the warehouse."""
        return self.home / "warehouse.lock"

    @property
    def journal_address(self) -> str:
        """SQLAlchemy URL of the journal."""
        own = f"sqlite:///{self.home / 'journal.sqlite'}"
        return own if self.has_own_journal else str(self.journal_url)

    @property
    def has_own_journal(self) -> bool:
        """Whether the journal lies in the home; the journal of a demo always does."""
        return self.journal_url is None or self.is_demo

    @property
    def landing_dir(self) -> Path:
        """The folder of the files to land."""
        return self.home / "landing"

    @property
    def seen_dir(self) -> Path:
        """Hashes of all landed events; rebuilt from the warehouse if deleted."""
        return self.home / "seen"

    @property
    def outbox_dir(self) -> Path:
        """The folder of the file sender's `.eml` files."""
        return self.home / "outbox"

    @property
    def serving_dir(self) -> Path:
        """The files that BI reads."""
        return self.home / "serving"

    @property
    def templates_dir(self) -> Path:
        """The e-mail templates."""
        return self.project_dir / "templates"

    @property
    def is_demo(self) -> bool:
        """Whether `sendhouse demo` created this home, with fictional contacts and times."""
        return (self.home / DEMO_MARKER).exists()

    @property
    def live_example(self) -> str:
        """The example that this installation runs, or "" for none.

        It is written down when the installation is created: a later change of the setting
        `example`, or a variable of the shell, starts and stops no sequence.
        """
        marker = self.home / EXAMPLE_MARKER
        if marker.exists():
            return marker.read_text(encoding="utf-8").strip()
        if self.warehouse_path.exists():  # of an earlier version, which had no examples
            return DEMO_EXAMPLE if self.is_demo else ""
        return self.example

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage."""
        return self.home / "dagster"

    @property
    def parsed_dir(self) -> Path:
        """The project as dbt parses and renders it, which depends on its files and the example."""
        return self.project_dir / "target" / "sendhouse" / (self.live_example or "own")

    def sender_table(self, name: str) -> dict[str, Any]:
        """The settings of one sender: `[senders.<name>]`, or `[smtp]`; secrets are apart."""
        return {**self.senders, "smtp": self.smtp.model_dump()}.get(name, {})

    def require_link_key(self) -> str:
        """Return the secret that signs links; the file sender may use the development key.

        Raises:
            SettingsError: the secret is missing, and the sender sends real mail.
        """
        if self.link_key is not None and self.link_key.get_secret_value():
            return self.link_key.get_secret_value()
        if self.delivery.sender == "file":
            return DEVELOPMENT_LINK_KEY
        raise SettingsError(
            "missing environment variable: SENDHOUSE_LINK_KEY signs unsubscribe and click links, "
            f"and the sender '{self.delivery.sender}' requires it. "
            "Create a key: python -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )


def config_path() -> Path:
    """Return the settings file: `SENDHOUSE_CONFIG`, or `sendhouse.toml` in the project."""
    return Path(os.environ.get("SENDHOUSE_CONFIG") or PROJECT_DIR / "sendhouse.toml")


def load_settings(**overrides: Any) -> Settings:  # noqa: ANN401 - any value of a key
    """Read the settings file and the environment.

    Raises:
        SettingsError: the file is missing or not TOML, or a key is missing, unknown or invalid.
    """
    path = config_path()
    if not path.is_file():
        raise SettingsError(f"settings file not found: {path}: set SENDHOUSE_CONFIG to its path")
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
    return f"invalid setting: {key} in {path} or as {variable}: {problem['msg']}"
