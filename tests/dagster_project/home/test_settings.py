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
def no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch):
    for name in ("HOME", "CONFIG", "LINK_KEY", "PROJECT_DIR"):
        monkeypatch.delenv(f"SENDHOUSE_{name}", raising=False)


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key with its default, nested ones with dots."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from keys(kind, f"{prefix}{name}.")
        elif name not in SECRETS:
            yield prefix + name, field.get_default(call_default_factory=True)


KEYS = dict(keys(Settings))
TABLES = {"parameters", "sources", "senders"}  # their keys are the user's own


@pytest.mark.parametrize("key", sorted(KEYS.keys() - TABLES))
def test_every_key_stands_in_the_settings_file_with_its_default(key: str):
    section, _, name = key.rpartition(".")
    text = re.split(r"^\[", TOML, flags=re.MULTILINE)[0] if not section else _section(section)

    [value] = re.findall(rf"^(?:# )?{name} = (.+)$", text, flags=re.MULTILINE)

    default = KEYS[key]
    if value != '"…"' and isinstance(default, str | int | float | Path):
        assert tomllib.loads(f"value = {value}")["value"] == (
            str(default) if isinstance(default, Path) else default
        )


@pytest.mark.parametrize("table", sorted(TABLES))
def test_tables_with_keys_of_the_users_own_are_shown_too(table: str):
    assert re.search(rf"^(?:# )?\[{table}[\].]", TOML, flags=re.MULTILINE)


def test_every_key_of_a_source_is_explained():
    lines = re.finditer(r"^# (\w+) +", TOML, flags=re.MULTILINE)
    explained = {line[1] for line in lines if len(line[0]) == len("# received_at  ")}

    assert {f.alias or name for name, f in SourceSettings.model_fields.items()} <= explained


@pytest.mark.parametrize("secret", SECRETS)
def test_every_secret_is_explained_and_none_can_stand_in_the_file_of_the_repository(secret: str):
    assert f"SENDHOUSE_{secret.upper()}" in TOML
    assert secret not in tomllib.loads(TOML)


def test_every_key_of_the_settings_file_is_one_and_the_file_loads():
    assert load_settings().identity.from_email == "ada@northwind.example"


def test_the_readme_names_every_command():
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")

    commands = typer.main.get_group(app).commands
    assert [name for name in commands if f"sendhouse {name}" not in readme] == []


def test_the_environment_goes_before_the_file_at_any_depth(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SENDHOUSE_SMTP__PORT", "2525")
    monkeypatch.setenv("SENDHOUSE_PARAMETERS__SILENCE_DAYS", "10")
    settings = load_settings(delivery={"sender": "smtp"})

    assert settings.smtp.port == 2525
    assert settings.smtp.host == "127.0.0.1"
    assert settings.parameters["silence_days"] == 10
    assert settings.parameters["lapsed_buyer_days"] == 30
    assert (settings.delivery.sender, settings.delivery.batch_size) == ("smtp", 1000)


def test_a_relative_home_means_the_same_from_every_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("SENDHOUSE_HOME", "elsewhere")
    monkeypatch.chdir(tmp_path)

    assert load_settings().home == PROJECT_DIR / "elsewhere"


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("SENDHOUSE_SMTP__PORT", "0", "smtp.port"),
        ("SENDHOUSE_SMTP__SECURITY", "maybe", "smtp.security"),
        ("SENDHOUSE_DELIVERY__BATCHES", "3", "delivery.batches"),
        ("SENDHOUSE_SOURCES__SHOP__TIMEZONE", "Europe/Atlantis", "sources.shop"),
    ],
)
def test_a_wrong_setting_is_named_as_key_and_as_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
):
    monkeypatch.setenv(variable, value)

    with pytest.raises(SettingsError, match=re.escape(said)) as caught:
        load_settings()

    assert "sendhouse.toml" in str(caught.value)
    assert "SENDHOUSE_" in str(caught.value)


def test_a_setting_of_a_source_that_is_wrong_is_named(tmp_path: Path, monkeypatch):
    path = tmp_path / "mine.toml"
    path.write_text(
        f'{TOML}\n[sources.shop]\nas = "events"\nreceived_at = "2024-01-31T00:00:00"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("SENDHOUSE_CONFIG", str(path))

    with pytest.raises(SettingsError, match=r"sources\.shop\.received_at.*time zone"):
        load_settings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SENDHOUSE_LINK_KEY", "nobodys business")
    monkeypatch.setenv("SENDHOUSE_SMTP_PASSWORD", "nobodys business")

    settings = load_settings()

    assert "nobodys business" not in f"{settings!r} {settings} {settings.model_dump()}"
    assert "nobodys business" not in settings.model_dump_json()
    assert settings.require_link_key() == "nobodys business"
    assert isinstance(settings.link_key, SecretStr)


def test_the_key_of_the_development_signs_nothing_that_leaves_the_machine():
    assert load_settings().require_link_key() == DEVELOPMENT_LINK_KEY
    with pytest.raises(SettingsError, match="SENDHOUSE_LINK_KEY"):
        load_settings(delivery={"sender": "smtp"}).require_link_key()


def _section(name: str) -> str:
    return re.split(r"^(?:# )?\[", TOML.split(f"\n[{name}]\n")[1], flags=re.MULTILINE)[0]


@pytest.mark.parametrize(
    ("key", "wrong", "told"),
    [
        ("encoding", "cp-1252-or-so", "no encoding"),
        ("encoding", "hex", "no encoding"),
        ("delimiter", "||", "one character"),
        ("delimiter", '"', "one character"),
        ("quote", "`", "quote"),
        ("header_line", 0, "header_line"),
    ],
)
def test_a_source_s_way_of_being_written_is_checked(key, wrong, told):
    with pytest.raises(ValidationError, match=told):
        SourceSettings.model_validate({"as": "events", key: wrong})
