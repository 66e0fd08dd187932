"""The two pages for recipients: the unsubscribe question, and the confirmation."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

_STYLE = Markup(
    "body{margin:0;background:#f4f5f7;color:#1c2430;font:17px/1.5 system-ui,sans-serif}"
    "main{box-sizing:border-box;max-width:28rem;margin:12vh auto 0;padding:2rem;"
    "background:#fff;border-radius:12px}"
    "h1{margin:0 0 .5rem;font-size:1.4rem}"
    "button{margin-top:1rem;padding:.7rem 1.4rem;border:0;border-radius:8px;"
    "background:#1c2430;color:#fff;font:inherit;cursor:pointer}"
)
_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

# No script runs in or around these pages; the style is allowed by its hash.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

# The body of the form in question.html.
CONFIRMATION = b"confirm=unsubscribe"

_TEMPLATES = Environment(
    loader=PackageLoader("collector"), autoescape=True, undefined=StrictUndefined
)


def question(list_name: str) -> HTMLResponse:
    """Ask the recipient to confirm: a form that posts to its own address."""
    return _page("question.html", list_name)


def answer(list_name: str) -> HTMLResponse:
    """Confirm that the recipient is unsubscribed."""
    return _page("answer.html", list_name)


def _page(template: str, list_name: str) -> HTMLResponse:
    html = _TEMPLATES.get_template(template).render(style=_STYLE, list_name=list_name)
    return HTMLResponse(html)
