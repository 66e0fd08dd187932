"""What keeps one send from being mailed, while the rest of the batch goes on."""

from __future__ import annotations


class ComposeError(Exception):
    """One send cannot be made into a message; the text says which file or field, and why.

    The text is kept in the journal: it never quotes the contact's data.
    """


class TemplateNotFoundError(ComposeError):
    """There is no e-mail of that name in the templates folder."""


class RenderError(ComposeError):
    """A template is wrong, or wants what this contact does not have."""


class AddressError(ComposeError):
    """The address is not one, or cannot be written in the mail system of this sender."""
