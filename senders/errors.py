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
    """The text is not an address that can be mailed: no later try can change this."""


class SmtpUtf8Error(AddressError):
    """The mail system cannot write the address; another mail system may."""
