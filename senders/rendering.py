"""Render templates: front matter, Jinja per recipient, MJML or plain HTML, and a text part.

An e-mail is a file `<sequence>/<step>.mjml` or `.html` in the templates folder: front matter
(YAML between `---` lines: `subject`, and optionally `preheader`), then the body. All parts are
sandboxed, strict Jinja: an unknown name fails the send instead of printing an empty text.
Files and folders whose name starts with `_` are layouts and partials, not e-mails.

Jinja runs for each contact. Its result without the values is compiled once (`senders.slots`,
`senders.page`); each e-mail fills in its values.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from html import unescape
from typing import TYPE_CHECKING, Any, NoReturn

from jinja2 import (
    BaseLoader,
    Environment,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    meta,
)

from senders import mjml, slots, targets
from senders.errors import RenderError, TemplateNotFoundError
from senders.front_matter import split_front_matter
from senders.markup import MarkupError, tags
from senders.page import CssError, Page, make_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from jinja2.nodes import Template

    from senders.model import Identity, Send

_SUFFIXES = (".mjml", ".html")
# Jinja's built-in functions; they are not variables of a template.
_BUILT_IN = {"cycler", "dict", "joiner", "lipsum", "namespace", "range"}
_FIELDS = ("subject", "preheader")
_NAME = re.compile(r"[A-Za-z0-9][\w-]*(?:/[A-Za-z0-9][\w-]*)*")
# Errors of expressions in a template, besides Jinja's own errors (example: {{ 1 / 0 }}).
_EXPRESSION_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# Attributes whose value is only printed. All others take part in the layout.
_PRINTED = {"alt", "href", "src", "title"}
_STYLE = {"mj-style", "script", "style"}
# Compiled pages per folder. A template has one for each way through its branches.
_KEPT_PAGES = 500


@dataclass(frozen=True)
class Rendered:
    """An e-mail for one contact, before it is a message.

    Attributes:
        subject: one line, no control characters, not empty.
        preheader: the preview line of the inbox, also part of `html`; None without a preview.
        page: the compiled HTML and text.
        values: the values that fill the page.
        hosts: the hosts of all addresses that the template's author wrote.
        remarks: attributes that the MJML compiler left out: line of the shape, and message.

    """

    subject: str
    preheader: str | None
    page: Page
    values: Sequence[str] = ()
    hosts: frozenset[str] = frozenset()
    remarks: tuple[tuple[int, str], ...] = ()

    @cached_property
    def html(self) -> str:
        """The whole document, CSS inlined, links as written."""
        return self.page.html_for(self.values, lambda _: None)

    @cached_property
    def text(self) -> str:
        """What the HTML shows, with the address after each link."""
        return self.page.text_for(self.values)


def template_context(send: Send, identity: Identity, unsubscribe_url: str) -> dict[str, Any]:
    """Make the variables of a template: `contact`, `send`, `identity` and `unsubscribe_url`."""
    return {
        "contact": send.personalization,
        "send": {"sequence": send.sequence, "step": send.step, "variant": send.variant},
        "identity": {"from_name": identity.from_name, "postal_address": identity.postal_address},
        "unsubscribe_url": unsubscribe_url,
    }


class Templates:
    """The e-mails of one folder. Each file is read and compiled once.

    Args:
        root: the templates folder.
        all_branches: whether each `{% if %}` runs all of its branches: to look at all links, never
            to send.

    """

    def __init__(self, root: Path, *, all_branches: bool = False) -> None:
        self.root = root
        self._loader = _Loader(root)
        self._all_branches = all_branches
        self._body = slots.make_environment(self._loader, all_branches=all_branches)
        self._header = slots.make_header_environment(self._body)
        self._outline = lru_cache(_KEPT_PAGES)(_outline)
        self._compiled = lru_cache(_KEPT_PAGES)(_compile)
        self._hosts = lru_cache(None)(self._named_hosts)

    def names(self) -> list[str]:
        """List every e-mail in the folder, sorted: `<sequence>/<step>`."""
        files = (
            path.relative_to(self.root)
            for suffix in _SUFFIXES
            for path in self.root.rglob(f"*{suffix}")
        )
        return sorted(
            {
                file.with_suffix("").as_posix()
                for file in files
                if not any(part.startswith(("_", ".")) for part in file.parts)
            }
        )

    def render(self, name: str, context: Mapping[str, Any]) -> Rendered:
        """Render the e-mail `name` for one contact.

        Args:
            name: `<sequence>/<step>`.
            context: see `template_context`.

        Raises:
            TemplateNotFoundError: the e-mail does not exist.
            RenderError: the template is wrong, or uses a name that `context` does not have. The
                message names the file, and the line if known.

        """
        file = self._file(name)
        subject = _one_line(self._run(self._header, f"{file}#subject", context)[0])
        if not subject:
            raise RenderError(f"{self._label(file)}: the subject is empty for this contact")
        preheader = _one_line(self._run(self._header, f"{file}#preheader", context)[0]) or None
        shape, values = self._run(self._body, file, context)
        shape = slots.CONTROL.sub("", shape)
        values.append(preheader or "")
        try:
            outline = self._outline(shape)
            baked = outline.baked(values)
            page, remarks = self._compiled(
                file.endswith(".mjml"),
                slots.bake(shape, baked, values) if baked else shape,
                len(values) - 1 if preheader and outline.preview is None else None,
            )
        except _ShapeError as fault:
            raise RenderError(f"{self._place(file, context, fault.line)}: {fault}") from fault
        if outline.preview is not None:
            preheader = _one_line(unescape(slots.fill(outline.preview, values))) or None
        return Rendered(
            subject,
            preheader,
            page,
            values,
            self._hosts(file),
            tuple((remark.line, remark.message) for remark in remarks),
        )

    def places(self, name: str, context: Mapping[str, Any]) -> Places:
        """Say where the lines and the values of a rendered e-mail come from.

        Args:
            name: see `render`.
            context: see `render`.

        """
        file = self._file(name)
        environment = slots.make_environment(
            self._loader,
            lambda label, line: f"\0{label}:{line}\0",
            all_branches=self._all_branches,
        )
        return Places(self._run(environment, file, context)[0], self._label(file))

    def variables(self, name: str) -> set[str]:
        """List the top-level variables of an e-mail, with its front matter and partials.

        Raises:
            TemplateNotFoundError: the e-mail or a partial does not exist.
            RenderError: a template is wrong.

        """
        trees = [tree for _, tree in self._sources(self._file(name))]
        found = {name for tree in trees for name in meta.find_undeclared_variables(tree)}
        return found - _BUILT_IN

    def _sources(self, file: str, *, skip_broken: bool = False) -> Iterator[tuple[str, Template]]:
        """Yield source and syntax tree of an e-mail's body, its front matter and its partials."""
        seen: set[str] = set()
        waiting = [file, *(f"{file}#{field}" for field in _FIELDS)]
        while waiting:
            source_name = waiting.pop()
            if source_name in seen:
                continue
            seen.add(source_name)
            try:
                source, *_ = self._loader.get_source(self._body, source_name)
                tree = self._body.parse(source, source_name, self._label(source_name))
            except TemplateError as error:
                if skip_broken:  # a partial in a branch that no contact takes
                    continue
                self._explain(source_name, error)
            yield source, tree
            waiting += [ref for ref in meta.find_referenced_templates(tree) if ref is not None]

    def _named_hosts(self, file: str) -> frozenset[str]:
        sources = (unescape(source) for source, _ in self._sources(file, skip_broken=True))
        return frozenset(host for source in sources for host in targets.hosts_in(source))

    def _place(self, file: str, context: Mapping[str, Any], line: int | None) -> str:
        if line is None:
            return self._label(file)
        return self.places(file.rpartition(".")[0], context).of_line(line)

    def _file(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise TemplateNotFoundError(
                f"{name!r} is not a template name (expected: <sequence>/<step>)"
            )
        files = [name + suffix for suffix in _SUFFIXES if (self.root / (name + suffix)).is_file()]
        if not files:
            raise TemplateNotFoundError(
                f"unknown template {name!r}: neither {self._label(name)}.mjml nor .html exists"
            )
        if len(files) > 1:
            raise RenderError(f"{self._label(name)}: exists as .mjml and as .html; keep one")
        return files[0]

    def _run(
        self, environment: slots.SlotEnvironment, source_name: str, context: Mapping[str, Any]
    ) -> tuple[str, list[str]]:
        try:
            return slots.run(environment, source_name, context)
        except (
            TemplateError, RecursionError, slots.TooManyValuesError, *_EXPRESSION_ERRORS
        ) as error:  # fmt: skip
            self._explain(source_name, error)

    def _explain(self, source_name: str, error: Exception) -> NoReturn:
        """Raise a RenderError with the place of `error`, without data of the contact."""
        if isinstance(error, TemplateSyntaxError):
            place = f"{error.filename or self._label(source_name)}:{error.lineno}"
            problem = error.message or "syntax error"
        else:
            place = _raised_in(error, f"{self.root.name}/") or self._label(source_name)
            if isinstance(error, TemplateNotFound):
                problem = f"unknown partial {error.name!r} in {self.root.name}/"
            elif isinstance(error, TemplateError):
                problem = error.message or type(error).__name__
            elif isinstance(error, slots.TooManyValuesError):
                problem = str(error)
            else:
                problem = f"{type(error).__name__} in an expression"
        raise RenderError(f"{place}: {problem}") from error

    def _label(self, source_name: str) -> str:
        return f"{self.root.name}/{source_name.partition('#')[0]}"


class Places:
    """Where a rendered e-mail comes from: file and line of each line and each value."""

    def __init__(self, marked: str, label: str) -> None:
        self._marked = marked
        self._label = label

    def of_line(self, line: int) -> str:
        """Return `file:line` of a line of the rendered shape, counted from 1."""
        lines = self._marked.split("\n")
        inside = _MARK.search(lines[line - 1]) if line <= len(lines) else None
        before = _MARK.findall("\n".join(lines[: line - 1]))
        return inside[1] if inside else before[-1] if before else self._label

    def of_value(self, number: int) -> str:
        """Return `file:line` of a value."""
        before = _MARK.findall(self._marked.partition(slots.slot(number))[0])
        return before[-1] if before else self._label


_MARK = re.compile("\0(.*?)\0")


@dataclass(frozen=True)
class _Outline:
    """What has to be known of a shape before it is compiled.

    Attributes:
        always: the slots that take part in the layout: their values are compiled with the shape.
        if_empty: the slots of printed attributes in MJML: an element without the attribute has
            another layout.
        preview: the text of `<mj-preview>`, if there is one.

    """

    always: tuple[int, ...]
    if_empty: tuple[int, ...]
    preview: str | None

    def baked(self, values: Sequence[str]) -> tuple[int, ...]:
        return (*self.always, *(number for number in self.if_empty if not values[number]))


class _ShapeError(Exception):
    """A shape cannot be compiled; `line` is the line in the shape, None if unknown."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def _outline(shape: str) -> _Outline:
    """Find the slots inside of tags.

    Raises:
        _ShapeError: a value outside of quotes, or a tag that is not closed.

    """
    always: list[int] = []
    if_empty: list[int] = []
    preview = None

    def line(at: int) -> int:
        return shape.count("\n", 0, at) + 1

    try:
        for tag in tags(shape):
            if tag.name == "mj-include":
                raise _ShapeError(
                    "MJML: <mj-include> reads files outside of the templates: use "
                    '{% include "…" %}', line(tag.start)
                )  # fmt: skip
            if tag.name == "mj-preview" and tag.raw:
                preview = shape[slice(*tag.raw)]
            if tag.name in _STYLE and tag.raw:
                always += slots.numbers_in(shape[slice(*tag.raw)])
            inside = slots.numbers_in(shape[tag.start : tag.end])
            if not inside:
                continue
            for attribute in tag.attributes:
                if attribute.quoted:
                    numbers = slots.numbers_in(attribute.value)
                    inside = [number for number in inside if number not in numbers]
                    if attribute.name not in _PRINTED:
                        always += numbers
                    elif tag.name.startswith("mj-"):
                        if_empty += numbers
            if inside:
                raise _ShapeError(
                    f'a value outside of quotes in <{tag.name}>: write attribute="{{{{ … }}}}", '
                    "or {% if … %}attribute{% endif %}",
                    line(tag.start),
                )
    except MarkupError as error:
        raise _ShapeError(str(error), line(error.at)) from error
    return _Outline(tuple(always), tuple(if_empty), preview)


def _compile(is_mjml: bool, shape: str, preheader: int | None) -> tuple[Page, list[mjml.Problem]]:
    """Make the page of a shape; `preheader` is its slot.

    Raises:
        _ShapeError: the MJML compiler left something out, or the CSS cannot be read.

    """
    problems: list[mjml.Problem] = []
    html = shape.strip()
    if is_mjml:
        try:
            html, problems = mjml.to_html(shape)
        except mjml.MjmlError as error:
            raise _ShapeError(f"MJML: {error}", None) from error
        for problem in problems:
            if problem.is_loss:
                raise _ShapeError(f"MJML: {problem.message}", problem.line)
    try:
        return make_page(html, inline=not is_mjml, preheader=preheader), problems
    except CssError as error:
        raise _ShapeError(f"CSS: {error}", None) from error
    except MarkupError as error:
        raise _ShapeError(str(error), None) from error
    except RecursionError as error:
        raise _ShapeError("tags are nested too deeply", None) from error


class _Loader(BaseLoader):
    """Gives Jinja the body of a file as `<file>`, and its front matter as `<file>#<field>`.

    Empty lines pad both, so the line of an error is the line in the file.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """See jinja2.BaseLoader."""
        del environment
        file, _, field = template.partition("#")
        path = self.root / file
        if any(part in ("", ".", "..") for part in file.split("/")) or not path.is_file():
            raise TemplateNotFound(file)
        label = f"{self.root.name}/{file}"
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise RenderError(f"{label}: not UTF-8: {error}") from error
        if reserved := slots.RESERVED.search(text):
            line = text.count("\n", 0, reserved.start()) + 1
            raise RenderError(
                f"{label}:{line}: the character U+{ord(reserved[0]):X} is reserved: use a picture"
            )
        fields, body = split_front_matter(text, label, allowed=_FIELDS)
        if not field:
            return body, label, lambda: True
        if field == "subject" and field not in fields:
            raise RenderError(
                f"{label}: the front matter at the top (between --- lines) has no subject"
            )
        return fields.get(field, ""), label, lambda: True


def _raised_in(error: Exception, folder: str) -> str | None:
    """Find the innermost template line in a traceback (Jinja keeps the line numbers)."""
    place, frame = None, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename.startswith(folder):
            place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
        frame = frame.tb_next
    return place


def _one_line(text: str) -> str:
    """Convert text to one line, so the text cannot start a second header."""
    return " ".join(slots.CONTROL.sub("", text).split())
