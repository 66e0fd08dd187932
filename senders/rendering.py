"""Render templates: front matter, Jinja per recipient, MJML or plain HTML, and a text part.

An e-mail is a file `<sequence>/<step>.mjml` or `.html` in the templates folder: front matter
(YAML between `---` lines: `subject`, and optionally `preheader`), then the body. All parts are
sandboxed, strict Jinja: an unknown name fails the send instead of printing an empty text.
Files and folders whose name starts with `_` are layouts and partials, not e-mails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, NoReturn

import css_inline
import mrml
from jinja2 import (
    BaseLoader,
    Environment,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
    meta,
)
from jinja2.sandbox import ImmutableSandboxedEnvironment

from senders.errors import RenderError, TemplateNotFoundError
from senders.front_matter import split_front_matter
from senders.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from senders.model import Identity, Send

_SUFFIXES = (".mjml", ".html")
# Jinja's built-in functions; they are not variables of a template.
_BUILT_IN = {"cycler", "dict", "joiner", "lipsum", "namespace", "range"}
_FIELDS = ("subject", "preheader")
_NAME = re.compile(r"[A-Za-z0-9][\w-]*(?:/[A-Za-z0-9][\w-]*)*")
_BODY_TAG = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_LEFTOVER_MJML = re.compile(r"</?(mj-[a-z-]+)")
_TAG = re.compile(r"""<[A-Za-z](?:[^<>"']++|"[^"]*+"|'[^']*+')*+>""")
_VALUE = re.compile(r"""(["'])(.*?)\1""", re.DOTALL)
# mrml 0.2.4 writes attribute values with the escapes of a Rust string literal: a line break becomes
# a backslash and an n, and many characters (no-break space, combining marks) become their number
# in braces. It copies character references.
_ESCAPED_BY_MRML = re.compile(r"""[^\x20-\x7e]|[\\"]""")
# Characters that HTML and XML do not allow; in a contact's name they would break the text part.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# Errors of expressions in a template, besides Jinja's own errors (example: {{ 1 / 0 }}).
_EXPRESSION_ERRORS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True)
class Rendered:
    """An e-mail for one contact, before it is a message.

    Attributes:
        subject: one line, no control characters, not empty.
        preheader: the preview line of the inbox, also part of `html`; None without a preview.
        html: a whole document, CSS inlined.
        text: the content of the HTML, with the address after each link.

    """

    subject: str
    preheader: str | None
    html: str
    text: str


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

    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._body = ImmutableSandboxedEnvironment(
            loader=_Loader(root),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=_refuse_null,
            auto_reload=False,
            cache_size=-1,
        )
        # A subject is a header, not HTML: with escaping the recipient would see `&amp;`.
        self._header = self._body.overlay(autoescape=False)
        self._inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

    def names(self) -> list[str]:
        """List every e-mail in the folder, sorted: `<sequence>/<step>`."""
        files = (
            path.relative_to(self._root)
            for suffix in _SUFFIXES
            for path in self._root.rglob(f"*{suffix}")
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
        subject = _one_line(self._run(self._header, f"{file}#subject", context))
        if not subject:
            raise RenderError(f"{self._label(file)}: the subject is empty for this contact")
        preheader = _one_line(self._run(self._header, f"{file}#preheader", context)) or None
        body = _CONTROL.sub("", self._run(self._body, file, context)).strip()
        html, shown_preview = self._to_html(file, body)
        if preheader is None:
            preheader = shown_preview
        elif shown_preview is None:
            html = _with_preheader(html, preheader)
        return Rendered(subject, preheader, html, plain_text(html))

    def variables(self, name: str) -> set[str]:
        """List the top-level variables of an e-mail, with its front matter and partials.

        Raises:
            TemplateNotFoundError: the e-mail or a partial does not exist.
            RenderError: a template is wrong.

        """
        file = self._file(name)
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [file, *(f"{file}#{field}" for field in _FIELDS)]
        while waiting:
            source_name = waiting.pop()
            if source_name in seen:
                continue
            seen.add(source_name)
            try:
                source, *_ = self._source(source_name)
                tree = self._body.parse(source, source_name, self._label(source_name))
            except TemplateError as error:
                self._explain(source_name, error)
            found |= meta.find_undeclared_variables(tree)
            waiting += [ref for ref in meta.find_referenced_templates(tree) if ref is not None]
        return found - _BUILT_IN

    def _source(self, source_name: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        assert self._body.loader is not None  # noqa: S101 - given in __init__
        return self._body.loader.get_source(self._body, source_name)

    def _file(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise TemplateNotFoundError(
                f"{name!r} is not a template name (expected: <sequence>/<step>)"
            )
        files = [name + suffix for suffix in _SUFFIXES if (self._root / (name + suffix)).is_file()]
        if not files:
            raise TemplateNotFoundError(
                f"unknown template {name!r}: neither {self._label(name)}.mjml nor .html exists"
            )
        if len(files) > 1:
            raise RenderError(f"{self._label(name)}: exists as .mjml and as .html; keep one")
        return files[0]

    def _run(self, environment: Environment, source_name: str, context: Mapping[str, Any]) -> str:
        try:
            return environment.get_template(source_name).render(context)
        except (TemplateError, RecursionError, *_EXPRESSION_ERRORS) as error:
            self._explain(source_name, error)

    def _explain(self, source_name: str, error: Exception) -> NoReturn:
        """Raise a RenderError with the place of `error`, without data of the contact."""
        if isinstance(error, TemplateSyntaxError):
            place = f"{error.filename or self._label(source_name)}:{error.lineno}"
            problem = error.message or "syntax error"
        else:
            place = _raised_in(error, f"{self._root.name}/") or self._label(source_name)
            if isinstance(error, TemplateNotFound):
                problem = f"unknown partial {error.name!r} in {self._root.name}/"
            elif isinstance(error, TemplateError):
                problem = error.message or type(error).__name__
            else:
                problem = f"{type(error).__name__} in an expression"
        raise RenderError(f"{place}: {problem}") from error

    def _to_html(self, file: str, body: str) -> tuple[str, str | None]:
        if file.endswith(".html"):
            try:
                return self._inliner.inline(body), None
            except css_inline.InlineError as error:
                raise RenderError(f"{self._label(file)}: CSS: {error}") from error
        try:
            output = mrml.to_html(_TAG.sub(_with_references, body), _NO_INCLUDES, _NO_FONTS)
        except OSError as error:
            raise RenderError(f"{self._label(file)}: MJML: {error}") from error
        if unknown := _LEFTOVER_MJML.search(output.content):
            raise RenderError(f"{self._label(file)}: MJML: misplaced or unknown <{unknown[1]}>")
        return output.content, output.preview

    def _label(self, source_name: str) -> str:
        return f"{self._root.name}/{source_name.partition('#')[0]}"


# Partials are included through Jinja only, so all templates run in one sandbox.
_NO_INCLUDES = mrml.ParserOptions(include_loader=mrml.noop_loader())
# MJML loads its default fonts from a third party, which would then see the readers of the mail.
_NO_FONTS = mrml.RenderOptions(fonts={})


class _Loader(BaseLoader):
    """Gives Jinja the body of a file as `<file>`, and its front matter as `<file>#<field>`.

    Empty lines pad both, so the line of an error is the line in the file.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str, Callable[[], bool]]:
        """See jinja2.BaseLoader."""
        del environment
        file, _, field = template.partition("#")
        path = self._root / file
        if any(part in ("", ".", "..") for part in file.split("/")) or not path.is_file():
            raise TemplateNotFound(file)
        label = f"{self._root.name}/{file}"
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise RenderError(f"{label}: not UTF-8: {error}") from error
        fields, body = split_front_matter(text, label, allowed=_FIELDS)
        if not field:
            return body, label, lambda: True
        if field == "subject" and field not in fields:
            raise RenderError(
                f"{label}: the front matter at the top (between --- lines) has no subject"
            )
        return fields.get(field, ""), label, lambda: True


def _refuse_null(value: object) -> object:
    """Fail a send that would print "None" to the contact."""
    if value is None:
        raise UndefinedError("prints an empty (null) value: add a fallback: {{ … or '…' }}")
    return value


def _raised_in(error: Exception, folder: str) -> str | None:
    """Find the innermost template line in a traceback (Jinja keeps the line numbers)."""
    place, frame = None, error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename.startswith(folder):
            place = f"{frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}"
        frame = frame.tb_next
    return place


def _with_references(tag: re.Match[str]) -> str:
    """Write characters that mrml would escape as references, in the attribute values of a tag."""
    return _VALUE.sub(
        lambda value: value[1] + _ESCAPED_BY_MRML.sub(_reference, value[2]) + value[1], tag[0]
    )


def _reference(char: re.Match[str]) -> str:
    return f"&#{ord(char[0])};"


def _one_line(text: str) -> str:
    """Convert text to one line, so the text cannot start a second header."""
    return " ".join(_CONTROL.sub("", text).split())


def _with_preheader(html: str, preheader: str) -> str:
    hidden = (
        '<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">'
        f"{escape(preheader)}</div>"
    )
    body = _BODY_TAG.search(html)
    at = body.end() if body else 0
    return html[:at] + hidden + html[at:]
