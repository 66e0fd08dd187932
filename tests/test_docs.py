"""The documents name only things that exist, and every thing that a user needs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer

from dagster_project.cli import app
from dagster_project.home.settings import PROJECT_DIR, Settings, load_settings
from dagster_project.home.warehouse import SCHEMA_SQL
from dagster_project.project import dbt, registry

DOCUMENTS = ("README.md", *(f"docs/{name}.md" for name in ("architecture", "glossary")))
DOCUMENTS += tuple(f"docs/{name}.md" for name in ("language", "running"))
# Files that the documents ask their reader to write.
EXAMPLES = {
    "models/segments/engaged_users.sql",
    "models/segments/engaged_users.yml",
    "senders/ses.py",
    "models/delivery/gates/gate_quiet_hours.sql",
    "collector/webhooks/sendgrid.py",
    "dbt/macros/sequences/actions/notify_owner.sql",
}
FOLDERS = (
    "benchmarks collector dagster_project dbt demo docs models scripts senders templates tests"
)
_FENCED = re.compile(r"^```.*?\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)
# Macros of the language: each is explained, with its arguments unless an example shows them.
CONDITIONS = {
    *("in_segment", "not_in_segment", "feature", "event", "replied", "sent", "opened", "clicked"),
    "not_",
}
LANGUAGE = {"score", "reason", "sequence", "step", "broadcast", *CONDITIONS}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    # A home of its own: the installation of this checkout may run no example.
    return dbt.manifest(load_settings(home=tmp_path_factory.mktemp("home")))


def text_of(document: str) -> str:
    return (PROJECT_DIR / document).read_text(encoding="utf-8")


def all_texts() -> str:
    return "\n".join(map(text_of, DOCUMENTS))


def code_of(text: str) -> str:
    """Fenced blocks and code spans, a line each."""
    prose = _FENCED.sub("", text)
    fenced = _FENCED.findall(text)
    spans = re.findall(r"`([^`\n]+)`", prose)
    return "\n".join([*fenced, *spans])


def headings_of(document: Path) -> set[str]:
    """The anchors of a document, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in found}


def macros_of(manifest: Mapping[str, Any]) -> dict[str, list[str]]:
    """The arguments of each macro of the project."""
    found = {}
    for macro in manifest["macros"].values():
        if macro["package_name"] == "sendhouse":
            signature = re.search(r"macro \w+\((.*?)\)\s*-?%}", macro["macro_sql"], flags=re.DOTALL)
            arguments = signature[1] if signature else ""
            found[macro["name"]] = re.findall(r"(?:^|,)\s*(\w+)", arguments)
    return found


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_documents_name_their_subjects(document: str):
    vague = r"\b(told|tells?|anew|let go|whom|nobody|somebody|anybody|whoever|such an?|is none)\b"

    assert re.findall(vague, _FENCED.sub("", text_of(document)), flags=re.IGNORECASE) == []


def test_every_document_is_checked():
    found = {path.relative_to(PROJECT_DIR).as_posix() for path in PROJECT_DIR.glob("docs/*.md")}

    assert found | {"README.md"} == set(DOCUMENTS)


def commands() -> Iterator[str]:
    for name, command in typer.main.get_group(app).commands.items():
        yield from (f"{name} {under}" for under in getattr(command, "commands", {}))
        yield name


def test_every_command_is_documented():
    running = text_of("docs/running.md")

    assert [name for name in commands() if f"sendhouse {name}" not in running] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_named_exists(document: str):
    named = re.findall(r"sendhouse ([a-z]+)\b", code_of(text_of(document)))

    assert set(named) <= set(commands())


@pytest.mark.parametrize("document", [*DOCUMENTS, "models/staging/README.md"])
def test_every_relative_link_leads_somewhere(document: str):
    folder = (PROJECT_DIR / document).parent
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text_of(document)):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = folder / path if path else PROJECT_DIR / document
        if not target.exists() or (anchor and anchor not in headings_of(target)):
            broken.append(link)

    assert broken == []


@pytest.mark.usefixtures("manifest")  # the parse writes dbt/macros/registry.sql
@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_named_exists(document: str):
    named = re.findall(
        rf"(?<![\w./-])(?:{FOLDERS.replace(' ', '|')})/[\w./<>*-]*", text_of(document)
    )
    # A placeholder stands for any name: at least one file has such a path. A model of the analyst
    # may lie in a subfolder, as those of the example do.
    in_folders = (re.sub(r"(?<=/)<name>", "**/*", path) for path in named)
    patterns = {re.sub(r"<\w+>", "*", path).rstrip("./") for path in in_folders} - EXAMPLES
    patterns |= {str(Path(path).parent) for path in EXAMPLES & set(named)}

    assert sorted(path for path in patterns if not any(PROJECT_DIR.glob(path))) == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_table_named_exists(document: str, manifest: Mapping[str, Any]):
    nodes = (node for node in manifest["nodes"].values() if node["resource_type"] == "model")
    tables = {f"{node['schema']}.{node['alias']}" for node in nodes}
    tables |= {f"{one['schema']}.{one['identifier']}" for one in manifest["sources"].values()}
    tables |= set(re.findall(r"create table if not exists ([a-z_.]+)", SCHEMA_SQL.read_text()))
    schemas = {table.partition(".")[0] for table in tables}
    keys = {
        f"{section}.{key}"
        for section, field in Settings.model_fields.items()
        for key in getattr(field.annotation, "model_fields", ())
    }
    named = re.findall(r"(?<![\w./])([a-z]+)\.([a-z_]+)\b(?!\()", code_of(text_of(document)))

    wanted = {f"{schema}.{table}" for schema, table in named if schema in schemas}
    wanted -= {"mail.example"}  # a host
    assert sorted(wanted - tables - keys) == []


def variables() -> set[str]:
    """The variables SENDHOUSE_… that code, macros and profiles name."""
    found: set[str] = set()
    for folder in (
        "dagster_project",
        "senders",
        "collector",
        "demo",
        "benchmarks",
        "dbt",
        "scripts",
    ):
        for path in (PROJECT_DIR / folder).rglob("*"):
            if path.suffix in (".py", ".sql", ".sh"):
                found |= set(re.findall(r"SENDHOUSE_[A-Z_]+(?:\{)?", path.read_text("utf-8")))
    found |= set(re.findall(r"SENDHOUSE_[A-Z_]+", text_of("profiles.yml")))
    # A name that the code puts together: SENDHOUSE_SOURCE_<NAME>_URL.
    return {re.sub(r"SOURCE_\{?$", "SOURCE_<NAME>_URL", name) for name in found} - {"SENDHOUSE_{"}


def test_every_environment_variable_is_documented():
    assert "SENDHOUSE_SOURCE_<NAME>_URL" in variables()
    assert sorted(name for name in variables() if name not in text_of("docs/running.md")) == []


def test_every_variable_that_is_no_setting_is_in_the_readme_or_the_settings_file():
    settings = {f"SENDHOUSE_{name.upper()}" for name in Settings.model_fields}
    wanted = {name for name in variables() - settings if "__" not in name}
    wanted |= {"SENDHOUSE_LINK_KEY", "SENDHOUSE_SMTP_PASSWORD"}
    shown = text_of("README.md") + text_of("sendhouse.toml")

    assert sorted(name for name in wanted if name not in shown) == []


@pytest.mark.parametrize("document", ["README.md", "docs/language.md"])
def test_the_sequence_shown_is_the_file(document: str):
    assert text_of("models/sequences/b2b/activation.sql") in _FENCED.findall(text_of(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_model_and_macro_of_an_example_exists(document: str, manifest: Mapping[str, Any]):
    models = {node["name"] for node in manifest["nodes"].values()}
    macros = macros_of(manifest).keys() | {"ref", "source", "sendhouse"}
    code = code_of(text_of(document))
    # Names that begin a code span or a Jinja expression and are called.
    called = re.findall(r"(?:\{\{ |^)([a-z_]+)\((?!config)", code, flags=re.MULTILINE)

    assert set(re.findall(r"ref\('(\w+)'\)", code)) <= models
    assert set(called) - {"create"} <= macros


def test_every_argument_of_the_language_is_documented(manifest: Mapping[str, Any]):
    language = code_of(text_of("docs/language.md"))
    macros = macros_of(manifest)
    wanted = LANGUAGE | {name for name in macros if name.endswith("_trigger")} - {"refuse_trigger"}
    assert wanted <= macros.keys()

    assert [name for name in wanted if f"{name}(" not in language] == []
    unknown = {
        f"{name}({argument})"
        for name in wanted - CONDITIONS - {"score"}
        for argument in macros[name]
        if not re.search(rf"\b{argument}\b", language)
    }
    assert sorted(unknown) == []


def test_the_demo_block_names_templates_and_steps_that_exist(manifest: Mapping[str, Any]):
    block = text_of("README.md").partition("demo output: begin")[2].partition("demo output: end")[0]
    templates = set(re.findall(r"sendhouse preview (\S+)", block))
    sequences = set(re.findall(r"^(\w+)$", block, flags=re.MULTILINE))
    found = registry.names(PROJECT_DIR, "b2b")

    assert templates
    assert templates <= set(found["templates"])
    assert sequences == {*found["sequences"], *found["broadcasts"]}


def test_every_picture_is_small_and_shown():
    pictures = list(PROJECT_DIR.glob("docs/images/*"))

    assert pictures
    for picture in pictures:
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 200_000
        assert f"images/{picture.name}" in all_texts()
