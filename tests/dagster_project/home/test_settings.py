from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import typer.main
from pydantic import BaseModel, SecretStr, ValidationError

from dagster_project.cli import app
from dagster_project.home.settings import (
    DEVELOPMENT_LINK_KEY,
    PROJECT_DIR,
    Settings,
    SettingsError,
    SourceSettings,
    load_settings,
)
from senders.base import secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterator

TOML = (PROJECT_DIR / "sendhouse.toml").read_text(encoding="utf-8")
SECRETS = [
    *(name for name, field in Settings.model_fields.items() if "Secret" in str(field.annotation)),
    *(f"smtp_{secret}" for secret in secrets_of("smtp")),
]


@pytest.fixture(autouse=True)
def no_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    for name in ("HOME", "CONFIG", "LINK_KEY", "PROJECT_DIR"):
        monkeypatch.delenv(f"SENDHOUSE_{name}", raising=False)


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every key with its default; nested keys have dots."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from keys(kind, f"{prefix}{name}.")
        elif name not in SECRETS:
            yield prefix + name, field.get_default(call_default_factory=True)


KEYS = dict(keys(Settings))
TABLES = {"parameters", "sources", "senders"}  # tables with free keys


@pytest.mark.parametrize("key", sorted(KEYS.keys() - TABLES))
def test_every_key_is_in_the_settings_file_with_its_default(key: str):
    section, _, name = key.rpartition(".")
    text = re.split(r"^\[", TOML, flags=re.MULTILINE)[0] if not section else _section(section)

    [value] = re.findall(rf"^(?:# )?{name} = (.+)$", text, flags=re.MULTILINE)

    default = KEYS[key]
    if value != '"…"' and isinstance(default, str | int | float | Path):
        assert tomllib.loads(f"value = {value}")["value"] == (
            str(default) if isinstance(default, Path) else default
        )


@pytest.mark.parametrize("table", sorted(TABLES))
def test_tables_with_free_keys_are_in_the_settings_file(table: str):
    assert re.search(rf"^(?:# )?\[{table}[\].]", TOML, flags=re.MULTILINE)


def test_every_key_of_a_source_is_documented():
    lines = re.finditer(r"^# (\w+) +", TOML, flags=re.MULTILINE)
    documented = {line[1] for line in lines if len(line[0]) == len("# received_at  ")}

    assert {f.alias or name for name, f in SourceSettings.model_fields.items()} <= documented


@pytest.mark.parametrize("secret", SECRETS)
def test_every_secret_is_documented_and_missing_in_the_settings_file(secret: str):
    assert f"SENDHOUSE_{secret.upper()}" in TOML
    assert secret not in tomllib.loads(TOML)


def test_every_environment_variable_that_the_code_reads_is_documented():
    documented = set(_variables(TOML + (PROJECT_DIR / "README.md").read_text(encoding="utf-8")))

    undocumented = {
        f"{variable} ({path.relative_to(PROJECT_DIR)})"
        for path in _code()
        for variable in _variables(path.read_text(encoding="utf-8"))
        if variable not in documented and _key_of(variable) not in KEYS
    }

    assert undocumented == set()


def test_the_settings_file_of_the_repository_loads():
    assert load_settings().identity.from_email == "ada@northwind.example"


def test_the_readme_names_every_command():
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")

    commands = typer.main.get_group(app).commands
    assert [name for name in commands if f"sendhouse {name}" not in readme] == []


def test_the_environment_overrides_the_file_at_any_depth(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SENDHOUSE_SMTP__PORT", "2525")
    monkeypatch.setenv("SENDHOUSE_PARAMETERS__SILENCE_DAYS", "10")
    settings = load_settings(delivery={"sender": "smtp"})

    assert settings.smtp.port == 2525
    assert settings.smtp.host == "127.0.0.1"
    assert settings.parameters["silence_days"] == 10
    assert settings.parameters["lapsed_buyer_days"] == 30
    assert (settings.delivery.sender, settings.delivery.batch_size) == ("smtp", 1000)


def test_a_relative_home_is_relative_to_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("SENDHOUSE_HOME", "elsewhere")
    monkeypatch.chdir(tmp_path)

    assert load_settings().home == PROJECT_DIR / "elsewhere"


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("SENDHOUSE_SMTP__PORT", "0", "smtp.port"),
        ("SENDHOUSE_SMTP__SECURITY", "maybe", "smtp.security"),
        ("SENDHOUSE_DELIVERY__BATCHES", "3", "delivery.batches"),
        ("SENDHOUSE_LINKS__HOSTS", '["https://x.example"]', "links.hosts"),
        ("SENDHOUSE_SOURCES__SHOP__TIMEZONE", "Europe/Atlantis", "sources.shop"),
    ],
)
def test_an_invalid_setting_is_reported_as_key_and_as_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, key: str
):
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=re.escape(key)) as caught:
        load_settings()

    assert "sendhouse.toml" in str(caught.value)
    assert "SENDHOUSE_" in str(caught.value)


def test_hosts_of_links_are_compared_in_one_form(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SENDHOUSE_LINKS__HOSTS", '["Cal.example.", "*.Bücher.example"]')

    assert load_settings().links.hosts == {"cal.example", "*.xn--bcher-kva.example"}


def test_an_invalid_setting_of_a_source_is_reported_with_its_key(tmp_path: Path, monkeypatch):
    path = tmp_path / "mine.toml"
    path.write_text(
        f'{TOML}\n[sources.shop]\nas = "events"\nreceived_at = "2024-01-31T00:00:00"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("SENDHOUSE_CONFIG", str(path))

    with pytest.raises(SettingsError, match=r"sources\.shop\.received_at.*time zone"):
        load_settings()


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SENDHOUSE_LINK_KEY", "top secret")
    monkeypatch.setenv("SENDHOUSE_SMTP_PASSWORD", "top secret")

    settings = load_settings()

    assert "top secret" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert "top secret" not in settings.model_dump_json()
    assert settings.require_link_key() == "top secret"
    assert isinstance(settings.link_key, SecretStr)


def test_only_the_file_sender_accepts_the_development_key():
    assert load_settings().require_link_key() == DEVELOPMENT_LINK_KEY
    with pytest.raises(SettingsError, match="SENDHOUSE_LINK_KEY"):
        load_settings(delivery={"sender": "smtp"}).require_link_key()


def _section(name: str) -> str:
    return re.split(r"^(?:# )?\[", TOML.split(f"\n[{name}]\n")[1], flags=re.MULTILINE)[0]


def _code() -> Iterator[Path]:
    """List the files that may read the environment."""
    yield PROJECT_DIR / "profiles.yml"
    for folder in ("dagster_project", "senders", "collector", "dbt", "models"):
        for suffix in ("py", "sql", "yml"):
            yield from (PROJECT_DIR / folder).rglob(f"*.{suffix}")


def _variables(text: str) -> list[str]:
    return re.findall(r"SENDHOUSE_[A-Z_]*[A-Z]", text)


def _key_of(variable: str) -> str:
    return variable.removeprefix("SENDHOUSE_").lower().replace("__", ".")


@pytest.mark.parametrize(
    ("key", "wrong", "problem"),
    [
        ("encoding", "cp-1252-or-so", "unknown encoding"),
        ("encoding", "hex", "unknown encoding"),
        ("delimiter", "||", "one character"),
        ("delimiter", '"', "one character"),
        ("quote", "`", "quote"),
        ("header_line", 0, "header_line"),
    ],
)
def test_the_dialect_settings_of_a_source_are_checked(key, wrong, problem):
    with pytest.raises(ValidationError, match=problem):
        SourceSettings.model_validate({"as": "events", key: wrong})
