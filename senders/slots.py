"""Slots: the places of a template that differ from contact to contact.

A Jinja template is run with its real values, but prints one character for each value: a slot. What
it prints is the template's shape, without any data of the contact, and equal for all contacts that
take the same branches. So the shape is compiled once (MJML, CSS, links, text), and each e-mail only
fills in the slots. Data of a contact is therefore never read as MJML, CSS or HTML.

A slot is a character of Unicode's private plane 16. Its number is the place in the list of values.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

from jinja2 import StrictUndefined, UndefinedError, nodes, pass_eval_context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from jinja2 import BaseLoader
    from jinja2.nodes import EvalContext

_FIRST, _LAST = 0x100000, 0x107FFF
SLOT = re.compile(f"[{chr(_FIRST)}-{chr(_LAST)}]")
# All of plane 16; the upper half is for whoever works with slots.
RESERVED = re.compile("[\U00100000-\U0010ffff]")
# Characters that HTML and XML do not allow; in a contact's name they would break the text part.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_FILLED = "with_slots_filled"

_values: ContextVar[list[str]] = ContextVar("values")


class TooManyValuesError(Exception):
    """One e-mail prints more values than there are slots."""


def slot(number: int) -> str:
    """Return the slot with this number.

    Raises:
        TooManyValuesError: there are only 32,768 slots.

    """
    if number > _LAST - _FIRST:
        raise TooManyValuesError(f"the e-mail prints more than {_LAST - _FIRST + 1} values")
    return chr(_FIRST + number)


def number_of(character: str) -> int:
    """Return the number of a slot."""
    return ord(character) - _FIRST


def make_environment(
    loader: BaseLoader,
    mark: Callable[[str | None, int], str] | None = None,
    *,
    all_branches: bool = False,
) -> SlotEnvironment:
    """Make the environment of bodies: sandboxed, strict, escaping, printing slots.

    Args:
        loader: gives the files.
        mark: see `SlotEnvironment`.
        all_branches: see `SlotEnvironment`.

    """
    environment = SlotEnvironment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_print_slot,
        auto_reload=False,
        cache_size=-1,
    )
    environment.mark = mark
    environment.all_branches = all_branches
    return environment


def make_header_environment(bodies: SlotEnvironment) -> SlotEnvironment:
    """Make the environment of headers, which print their values. A header is not HTML."""
    return bodies.overlay(autoescape=False, finalize=refuse_null)


def run(
    environment: SlotEnvironment, name: str, context: Mapping[str, Any]
) -> tuple[str, list[str]]:
    """Run a template; return its shape and the values of its slots."""
    values: list[str] = []
    token = _values.set(values)
    try:
        return environment.get_template(name).render(context), values
    finally:
        _values.reset(token)


def numbers_in(text: str) -> list[int]:
    """Return the numbers of the slots in a text."""
    return [number_of(found) for found in SLOT.findall(text)]


def fill(text: str, values: Sequence[str]) -> str:
    """Replace all slots of a text by their values, unescaped."""
    return SLOT.sub(lambda found: values[number_of(found[0])], text)


def bake(shape: str, numbers: Sequence[int], values: Sequence[str]) -> str:
    """Replace these slots of a shape by their values, escaped; the other slots stay."""
    chosen = set(numbers)
    return SLOT.sub(
        lambda found: (
            str(escape(values[number])) if (number := number_of(found[0])) in chosen else found[0]
        ),
        shape,
    )


def refuse_null(value: object) -> object:
    """Fail a send that would print "None" to the contact."""
    if value is None:
        raise UndefinedError("prints an empty (null) value: add a fallback: {{ … or '…' }}")
    return value


class SlotEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox whose templates see real values wherever they look at printed text.

    Text that is printed into a variable (`{% set %}`), through a filter (`{% filter %}`) or by a
    macro is filled before the template compares it, or passes it to a filter or a function.

    Attributes:
        mark: None, or a function of the file's label and a line. What it returns is printed at the
            start of each line of template text.
        all_branches: whether each `{% if %}` runs all of its branches, one after the other.

    """

    mark: Callable[[str | None, int], str] | None = None
    all_branches = False

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - Jinja's own signature
        super().__init__(*args, **options)
        self.filters[_FILLED] = _with_slots_filled  # pyright: ignore[reportUnknownMemberType]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree = super()._parse(source, name, filename)
        for node in [tree, *tree.find_all(nodes.Node)]:
            _fill_captured(node)
            if self.all_branches:
                _take_all_branches(node)
        if self.mark is not None:
            for data in tree.find_all(nodes.TemplateData):
                lines = enumerate(data.data.split("\n"), data.lineno)
                data.data = "\n".join(self.mark(filename, line) + text for line, text in lines)
        return tree


@pass_eval_context
def _print_slot(eval_context: EvalContext, value: object) -> object:
    refuse_null(value)
    # Markup is the author's: a macro, a block, `| safe`.
    if not eval_context.autoescape or hasattr(value, "__html__"):
        return value
    values = _values.get()
    values.append(RESERVED.sub("", CONTROL.sub("", str(value))))
    return slot(len(values) - 1)


def _with_slots_filled(value: object) -> object:
    if not isinstance(value, Markup) or not SLOT.search(value):
        return value
    values = _values.get()
    return Markup(SLOT.sub(lambda found: escape(values[number_of(found[0])]), value))  # noqa: S704


def _fill_captured(node: nodes.Node) -> None:
    """Wrap what this node captures, and calls whose result it does not simply print."""
    if isinstance(node, nodes.AssignBlock) and node.filter is None:
        node.filter = _filled(None)
    elif isinstance(node, (nodes.AssignBlock, nodes.FilterBlock)):
        innermost: Any = node.filter  # one of Jinja's filters; its types say any expression
        while innermost is not None and innermost.node is not None:
            innermost = innermost.node
        if innermost is not None:
            innermost.node = _filled(None)
    if isinstance(node, (nodes.Output, nodes.CallBlock)):
        return
    for field, value in node.iter_fields():
        if isinstance(value, nodes.Call):
            setattr(node, field, _filled(value))
        elif isinstance(value, list):
            items = cast("list[Any]", value)
            items[:] = [_filled(item) if isinstance(item, nodes.Call) else item for item in items]


def _take_all_branches(node: nodes.Node) -> None:
    for _, value in node.iter_fields():
        if isinstance(value, list):
            statements = cast("list[Any]", value)
            while any(isinstance(statement, nodes.If) for statement in statements):
                statements[:] = [part for found in statements for part in _branches(found)]


def _branches(node: nodes.Node) -> list[nodes.Node]:
    return [*node.body, *node.elif_, *node.else_] if isinstance(node, nodes.If) else [node]


def _filled(node: nodes.Expr | None) -> nodes.Filter:
    return nodes.Filter(node, _FILLED, [], [], None, None)
