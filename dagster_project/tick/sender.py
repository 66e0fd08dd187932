"""The sender that the settings name."""

from __future__ import annotations

import os

from dagster_project.home.settings import Settings
from senders.base import Sender, SenderConfigError, load_sender, secrets_of
from senders.secrets import values_of


def make_sender(settings: Settings) -> Sender:
    """Make the sender that `delivery.sender` names, with its settings and its secrets.

    Raises:
        SenderConfigError: the sender does not exist, or lacks a setting or a secret.
    """
    name = settings.delivery.sender
    if name != "file" and settings.is_demo:
        raise SenderConfigError(
            f"sender '{name}': {settings.home} belongs to the demo, whose contacts are invented; "
            "set SENDHOUSE_HOME to another folder for real mail"
        )
    variables = secrets_of(name)
    table = settings.sender_table(name)
    return load_sender(
        name,
        {
            **{key: value for key, value in table.items() if key not in variables},
            **values_of(variables, os.environ),
            "outbox": settings.outbox_dir,
        },
    )


def require_sender(settings: Settings) -> None:
    """Report a missing setting of the sender before any decision.

    Raises:
        SenderConfigError: see `make_sender`.
        SettingsError: the key that signs links is missing.
    """
    make_sender(settings)
    settings.require_link_key()
