"""A sender gets its settings from the file and its secrets from the environment."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

import senders
from dagster_project.home.settings import Settings, SettingsError, load_settings
from dagster_project.tick.sender import make_sender
from senders.base import SenderConfigError

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = """
[identity]
from_name = "Ada"
from_email = "ada@northwind.example"
postal_address = "12 Harbour Street"
list_id = "lifecycle.northwind.example"
"""
PIGEON = """
SECRETS = ("api_key",)

def create(config):
    return {"api_key": config["api_key"], "loft": config["loft"], "outbox": config["outbox"]}
"""


@pytest.fixture(autouse=True)
def pigeon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A sender with a secret, as one new file."""
    folder = tmp_path / "senders"
    folder.mkdir()
    (folder / "pigeon.py").write_text(PIGEON, encoding="utf-8")
    monkeypatch.setattr(senders, "__path__", [*senders.__path__, str(folder)])
    sys.modules.pop("senders.pigeon", None)
    yield
    sys.modules.pop("senders.pigeon", None)


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A settings file of the test's own, in use."""
    path = tmp_path / "mine.toml"
    monkeypatch.setenv("SENDHOUSE_CONFIG", str(path))
    return path


def with_pigeon(home: Path, **table: str) -> Settings:
    return load_settings(
        home=home, delivery={"sender": "pigeon"}, senders={"pigeon": {"loft": "roof", **table}}
    )


def test_a_sender_gets_its_table_its_secret_and_the_outbox(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SENDHOUSE_PIGEON_API_KEY", "a secret value")

    settings = with_pigeon(tmp_path)

    assert make_sender(settings) == {
        "api_key": "a secret value",
        "loft": "roof",
        "outbox": tmp_path / "outbox",
    }
    assert "a secret value" not in f"{settings!r} {settings.model_dump()}"


@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_secret_is_reported_with_its_variable(tmp_path: Path, monkeypatch, value):
    if value is not None:
        monkeypatch.setenv("SENDHOUSE_PIGEON_API_KEY", value)

    with pytest.raises(SenderConfigError) as caught:
        make_sender(with_pigeon(tmp_path))

    assert str(caught.value) == (
        "sender pigeon: secret 'api_key' is missing: "
        "set SENDHOUSE_PIGEON_API_KEY in the environment"
    )


def test_a_secret_among_the_settings_is_not_used(tmp_path: Path):
    with pytest.raises(SenderConfigError, match="SENDHOUSE_PIGEON_API_KEY"):
        make_sender(with_pigeon(tmp_path, api_key="a secret value"))


@pytest.mark.parametrize(
    ("path", "key", "variable"),
    [
        ("senders.pigeon.api_key", "pigeon.api_key", "SENDHOUSE_PIGEON_API_KEY"),
        ("smtp.password", "smtp.password", "SENDHOUSE_SMTP_PASSWORD"),
        ("smtp_password", "smtp_password", "SENDHOUSE_SMTP_PASSWORD"),
        ("link_key", "link_key", "SENDHOUSE_LINK_KEY"),
    ],
)
def test_a_secret_in_the_settings_file_is_refused(
    settings_file: Path, path: str, key: str, variable: str
):
    settings_file.write_text(f'{path} = "x"\n{IDENTITY}', encoding="utf-8")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value) == (
        f"secret in {settings_file}: "
        f"remove {key} from the file and set {variable} in the environment"
    )


def test_other_settings_of_a_sender_are_allowed_in_the_file(settings_file: Path):
    settings_file.write_text(f'{IDENTITY}\n[senders.pigeon]\nloft = "roof"\n', encoding="utf-8")

    assert load_settings().sender_table("pigeon") == {"loft": "roof"}


def test_the_smtp_sender_gets_the_smtp_table_and_its_password(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("SENDHOUSE_SMTP_PASSWORD", "a secret value")
    seen = {}
    monkeypatch.setattr("senders.smtp.create", lambda config: seen.update(config))

    make_sender(load_settings(home=tmp_path, delivery={"sender": "smtp"}))

    assert (seen["host"], seen["port"], seen["password"]) == ("127.0.0.1", 25, "a secret value")


def test_a_demo_sends_no_real_mail(tmp_path: Path):
    (tmp_path / "demo").touch()

    with pytest.raises(SenderConfigError, match="belongs to the demo"):
        make_sender(with_pigeon(tmp_path))
