"""Errors of a single send; the rest of the batch continues."""

from __future__ import annotations


class ComposeError(Exception):
    """A send cannot become a message; the text names the file or field and the reason.

    The journal stores the text, so it never quotes the contact's data.
    """


class TemplateNotFoundError(ComposeError):
    """The templates folder has no e-mail with this name."""


class RenderError(ComposeError):
    """A template is wrong, or uses a value that the contact does not have."""


class AddressError(ComposeError):
    """The text is not an address, or the sender's mail system cannot write it."""
