# quickjs-ng ships no types.
# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false
"""MJML to HTML, by MJML's own compiler.

`mjml.js.gz` is the npm package `mjml-browser`, MJML built by its makers for use outside of Node, in
one file with the HTML parser that it asks for; `package.json` names the versions, and
`scripts/mjml.sh` makes the file. It runs in QuickJS, an interpreter without access to files or the
network. So the result is that of MJML, byte by byte; `tests/senders/test_mjml.py` compares both.
"""

from __future__ import annotations

import gzip
import json
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

# Not the module `quickjs` of the same package: its import starts a thread, which no fork survives.
import _quickjs

_COMPILER = Path(__file__).parent / "mjml.js.gz"
# What the compiler expects around it. Its random names (of menus and carousels) are the same each
# time, because the same send always gives the same bytes.
_SURROUNDINGS = """
    var window = globalThis, self = globalThis, global = globalThis;
    var process = {env: {}, cwd: () => '/'};
    var console = {log() {}, warn() {}, error() {}};
    var setTimeout = call => call();
    var seed;
    Math.random = () => (seed = seed * 16807 % 2147483647) / 2147483647;
"""
# MJML loads its default fonts from a third party, which would then see the readers of the mail.
_COMPILE = """
    function compile(source) {
        let done;
        seed = 1;
        mjml2html(source, {fonts: {}, validationLevel: 'soft'}).then(
            ({html, errors}) => { done = {html, problems: errors} },
            error => { done = {refused: String(error && error.message || error)} }
        );
        return () => JSON.stringify(done);
    }
"""


class MjmlError(ValueError):
    """The compiler refuses the source as a whole."""


@dataclass(frozen=True)
class Problem:
    """A remark of the compiler.

    Attributes:
        line: counted from 1.
        message: the element, and what is wrong.
        is_loss: whether the compiler left out an element, and not just an attribute.

    """

    line: int
    message: str
    is_loss: bool


def to_html(source: str) -> tuple[str, list[Problem]]:
    """Compile MJML; return the HTML and the compiler's remarks.

    Raises:
        MjmlError: the source has no `<mjml>` element.

    """
    context, compile_ = _engine()
    result = compile_(source)
    while context.execute_pending_job():
        pass
    done = cast("dict[str, Any]", json.loads(result()))
    if "refused" in done:
        raise MjmlError(done["refused"].strip())
    return done["html"], [_problem(found) for found in done["problems"]]


def _problem(found: dict[str, Any]) -> Problem:
    message = found["message"].strip()
    return Problem(
        found["line"], f"<{found['tagName']}>: {message}", not message.startswith("Attribute ")
    )


_of_thread = threading.local()


def _engine() -> tuple[Any, Any]:
    """Return the compiler of this thread; loading it takes a few tenths of a second."""
    if not hasattr(_of_thread, "engine"):
        context = _quickjs.Context()
        context.eval(_SURROUNDINGS)
        context.eval(gzip.decompress(_COMPILER.read_bytes()).decode())
        context.eval(_COMPILE)
        _of_thread.engine = context, context.get("compile")
    return _of_thread.engine
