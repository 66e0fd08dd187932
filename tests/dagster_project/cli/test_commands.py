"""Rules for every command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import typer.main
from typer.core import TyperGroup

from dagster_project.cli import app
from dagster_project.home.settings import PROJECT_DIR
from tests.support.home import Finished, Home, finish

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import click


def leaves(group: TyperGroup, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command without subcommands, with its full name."""
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from leaves(command, f"{prefix}{name} ")
        else:
            yield prefix + name, command


GROUP = typer.main.get_group(app)
COMMANDS = dict(leaves(GROUP))
SLOW_TO_LOAD = {"dagster", "dbt", "polars", "pandas", "_quickjs", "sqlalchemy"}


def run(home: Home, *arguments: str, **variables: str) -> Finished:
    return finish(home.spawn("sendhouse", *arguments, **variables))


def test_help_lists_every_command_and_fits_a_terminal(home: Home):
    shown = run(home, "--help", COLUMNS="80")

    assert shown.code == 0
    assert all(f" {name} " in shown.out for name in GROUP.commands)
    assert max(map(len, shown.out.splitlines())) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_has_a_help_text(name: str):
    command = COMMANDS[name]

    assert command.help
    undescribed = [option.name for option in command.params if not getattr(option, "help", None)]
    assert undescribed == []


@pytest.mark.parametrize("name", sorted(COMMANDS.keys() - {"run", "ui", "collect"}))
def test_every_command_except_servers_has_the_option_json(name: str):
    options = {opt for option in COMMANDS[name].params for opt in option.opts}

    assert "--json" in options


def test_a_missing_or_unknown_command_is_wrong_usage(home: Home):
    assert run(home).code == 2
    assert run(home, "nonsense").code == 2


def test_the_package_runs_as_a_module(tmp_path: Path):
    run_module = [sys.executable, "-m", "dagster_project.cli"]
    shown = subprocess.run(
        [*run_module, "--help"], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )
    failed = subprocess.run(
        [*run_module, "preview", "activation/welcome", "--contact", "p041"],
        env=os.environ | {"SENDHOUSE_HOME": str(tmp_path)},
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        check=False,
    )

    assert all(f" {name} " in shown.stdout for name in GROUP.commands)
    assert failed.returncode == 1
    assert failed.stderr.startswith("error: no warehouse in ")


def test_help_loads_no_slow_package(tmp_path: Path):
    program = (
        "import sys; sys.argv = ['sendhouse', '--help']\n"
        "from dagster_project.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import json; print(json.dumps(sorted(m for m in sys.modules if '.' not in m)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )

    assert SLOW_TO_LOAD & set(json.loads(done.stdout.splitlines()[-1])) == set()


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ("[identity]\nfrom_name = 'A'\npostal_address = 'B'\nlist_id = 'c'", "identity.from_email"),
        ("[delivery]\nsendr = 'file'", "delivery.sendr"),
        ("[smtp]\nport = 'twenty-five'", "smtp.port"),
        ("not toml", "not valid TOML"),
    ],
)
def test_an_invalid_setting_is_reported_with_file_and_key(
    home: Home, tmp_path: Path, settings: str, key: str
):
    path = tmp_path / "mine.toml"
    path.write_text(settings, encoding="utf-8")

    done = run(home, "init", "--json", SENDHOUSE_CONFIG=str(path))

    assert done.code == 3
    assert key in done.err
    assert str(path) in done.err
    assert key in json.loads(done.out)["error"]
    assert "Traceback" not in done.err


def test_a_missing_settings_file_is_reported(home: Home):
    done = run(home, "init", SENDHOUSE_CONFIG="nowhere.toml")

    assert done.code == 3
    assert "nowhere.toml" in done.err
