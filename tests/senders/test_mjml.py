"""MJML compiles to what the npm package `mjml` makes of it, byte by byte."""

from __future__ import annotations

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import jinja2
import pytest

from senders import mjml
from senders.rendering import Templates
from tests.demo.test_templates import CONTACT, NAMES, TEMPLATES
from tests.senders.mjml_snippets import SNIPPETS, VALUES, WITH_VALUES
from tests.senders.senders_support import write_templates

ROOT = Path(__file__).parents[2]
VERSIONS = json.loads((ROOT / "senders/mjml/package.json").read_text(encoding="utf-8"))
PEER = ROOT / ".venv" / f"mjml-{VERSIONS['devDependencies']['mjml']}"
# Of all results for SNIPPETS, as the npm package gives them. It guards machines without node.
DIGEST = "6e57b20bb6b1c1bfb3ec1254c5f0e6bb544ba157d83a9c4e8f1568bd0bafc59b"
CONTEXT = {
    "contact": CONTACT,
    "send": {"sequence": "activation", "step": "welcome", "variant": "default"},
    "identity": {"from_name": "Ada at Northwind", "postal_address": "12 Harbour Street"},
    "unsubscribe_url": "https://links.northwind.example/u/token",
}


def ours(source: str) -> dict:
    try:
        html, problems = mjml.to_html(source)
    except mjml.MjmlError as error:
        return {"refused": str(error)}
    return {"html": html, "problems": [[p.line, p.message.partition(": ")[2]] for p in problems]}


def named(result: dict) -> list:
    """Lines and messages; the compiler names types of values by its own, shortened, classes."""
    return [[line, text.partition(" for type")[0]] for line, text in result.get("problems", [])]


def digest(results: list[dict]) -> str:
    return sha256(json.dumps(results, sort_keys=True).encode()).hexdigest()


def written_by_jinja(folder: Path, file: str, context: dict) -> str:
    """Fill in a template with plain Jinja, like every other program would."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True)
    text = (folder / file).read_text(encoding="utf-8")
    return environment.from_string(text.split("---\n", 2)[2]).render(context)


@pytest.fixture(scope="module")
def values_templates(tmp_path_factory: pytest.TempPathFactory) -> Templates:
    folder = tmp_path_factory.mktemp("values") / "templates"
    files = {f"v__n{at}__mjml": source for at, source in enumerate(WITH_VALUES.values())}
    write_templates(
        folder, **{name: f"---\nsubject: S\n---\n{text}" for name, text in files.items()}
    )
    return Templates(folder)


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory, values_templates: Templates) -> dict[str, dict]:
    """The results of the npm package, by name: one process compiles all sources."""
    node = shutil.which("node")
    if node is None or not (PEER / "node_modules/mjml").is_dir():
        pytest.skip("the npm package mjml is not installed (scripts/test-deps.sh)")
    major = int(subprocess.check_output([node, "--version"], text=True)[1:].partition(".")[0])
    if major < 20:
        pytest.skip(f"the npm package mjml needs node 20 or newer, this is node {major}")
    sources = dict(SNIPPETS)
    for at in range(len(WITH_VALUES)):
        sources[f"v/n{at}"] = written_by_jinja(values_templates.root, f"v/n{at}.mjml", VALUES)
    for name in NAMES:
        sources[name] = written_by_jinja(TEMPLATES.root, f"{name}.mjml", CONTEXT)
    folder = tmp_path_factory.mktemp("peer")
    (folder / "in.json").write_text(json.dumps(list(sources.values())), encoding="utf-8")
    script = ROOT / "tests/senders/mjml_peer.js"
    command = [node, script, PEER, folder / "in.json", folder / "out.json"]
    subprocess.run(command, check=True, timeout=120)
    results = json.loads((folder / "out.json").read_text(encoding="utf-8"))
    return dict(zip(sources, results, strict=True))


def test_the_compiler_is_the_one_that_the_peer_is():
    assert VERSIONS["dependencies"]["mjml-browser"] == VERSIONS["devDependencies"]["mjml"]


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_snippet_compiles_to_what_mjml_makes_of_it(name: str, peer: dict[str, dict]):
    result = ours(SNIPPETS[name])
    assert result.get("html") == peer[name].get("html")
    assert named(result) == named(peer[name])
    assert ("refused" in result) == ("refused" in peer[name])


@pytest.mark.parametrize("at", range(len(WITH_VALUES)), ids=list(WITH_VALUES))
def test_values_are_filled_in_as_if_mjml_had_compiled_them(
    at: int, peer: dict[str, dict], values_templates: Templates
):
    rendered = values_templates.render(f"v/n{at}", VALUES)
    assert rendered.html == peer[f"v/n{at}"]["html"]


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_template_compiles_to_what_mjml_makes_of_it(name: str, peer: dict[str, dict]):
    rendered = TEMPLATES.render(name, CONTEXT)
    before, hidden, after = rendered.html.partition('<div style="display:none;max-height:0')
    assert hidden, "the preheader"
    assert before + after.partition("</div>")[2] == peer[name]["html"]


def test_every_snippet_compiles_to_what_was_recorded():
    """Also without node: a new interpreter or compiler that differs does not pass in silence."""
    assert len(SNIPPETS) > 50
    assert digest([ours(source) for source in SNIPPETS.values()]) == DIGEST


def test_the_same_source_gives_the_same_bytes():
    for name in ("navbar", "carousel"):
        assert ours(SNIPPETS[name]) == ours(SNIPPETS[name])
