"""Which links of an e-mail may leave, and which ones the collector redirects.

A redirect is signed, so that it leads only where its template's author sent it: to a host that the
template names, or to a host of `[links] hosts`. Data of a contact cannot choose the host.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from senders import targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from senders.links import Links
    from senders.page import Link
    from senders.rendering import Places, Rendered


# An address that breaks off inside its host.
_BEGUN = re.compile(r"https?://[^/?#]+", re.IGNORECASE)


def problem_of(link: Link, url: str, hosts: frozenset[str], links: Links) -> str | None:
    """Say why a link must not leave; None if it may. The arguments are those of `may_redirect`."""
    scheme = targets.scheme_of(url)
    beginning = _beginning(link)
    if targets.is_without_scheme(url):
        return f"the link {beginning} begins with two slashes: write https://"
    if scheme in targets.FORBIDDEN:
        return f"a link is a {scheme}: address, which no e-mail may have"
    if scheme not in {None, *targets.HARMLESS} and targets.scheme_of(link.beginning) != scheme:
        return f"a value makes a link a {scheme}: address; write the scheme into the template"
    if scheme in {"http", "https"} and targets.host_of(url) is None:
        return "a link is not a web address: use {{ … | urlencode }} for values in a link"
    if (
        link.has_values
        and _BEGUN.fullmatch(link.beginning)
        and not may_redirect(link, url, hosts, links)
    ):
        return (
            f"a value goes on with the host of the link {beginning}: write a / before the value, "
            "or list the host in [links] hosts of sendhouse.toml"
        )
    return None


def may_redirect(link: Link, url: str, hosts: frozenset[str], links: Links) -> bool:
    """Whether the collector may redirect to a web address.

    Args:
        link: the link.
        url: its address for one contact.
        hosts: the hosts that the template names.
        links: holds the listed hosts.

    """
    host = targets.host_of(url)
    return host is not None and (
        host in hosts or not link.has_values or targets.is_listed(host, links.hosts)
    )


def remarks(rendered: Rendered, places: Places, links: Links, unsubscribe: str) -> Iterator[str]:
    """Yield what a template's author should know about the links: file, line, problem, remedy.

    Args:
        rendered: the e-mail, for a contact whose values have characters with a meaning in links.
        places: its places.
        links: holds the listed hosts.
        unsubscribe: the address that unsubscribes the contact.

    """
    for link in rendered.page.links:
        url = link.url(rendered.values)
        values = [piece for piece in link.address if isinstance(piece, int)]
        is_web = targets.scheme_of(link.beginning) in {None, "http", "https"}
        if not link.is_followed or not is_web or not values or url == unsubscribe:
            continue
        for number in values:
            if number != link.address[0] and not targets.is_encoded(rendered.values[number]):
                yield (
                    f"{places.of_value(number)}: a value in the link {_beginning(link)} is not "
                    "url-encoded: write {{ … | urlencode }}"
                )
        if not may_redirect(link, url, rendered.hosts, links):
            yield (
                f"{places.of_value(values[0])}: a value decides the host of the link "
                f"{_beginning(link)}: its clicks are not counted unless the host is listed in "
                "[links] hosts of sendhouse.toml"
            )


def _beginning(link: Link) -> str:
    return f"{link.beginning}…" if link.has_values else link.beginning
