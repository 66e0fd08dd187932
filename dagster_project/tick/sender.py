"""The sender that the settings name."""

from __future__ import annotations

from typing import Any

from dagster_project.home.settings import Settings
from senders.base import Sender, SenderConfigError, load_sender


def make_sender(settings: Settings) -> Sender:
    """The sender that `delivery.sender` names, with its settings and its secret.

    Raises:
        SenderConfigError: no sender has that name, or the sender lacks a setting.
    """
    name = settings.delivery.sender
    if name != "file" and settings.is_demo:
        raise SenderConfigError(
            f"sender '{name}': {settings.home} is the demo's, whose people are made up; "
            "give real mail a home of its own: SENDHOUSE_HOME"
        )
    config: dict[str, Any] = dict(settings.senders.get(name, {}))
    if name == "file":
        config["outbox"] = settings.outbox_dir
    elif name == "smtp":
        config.update(settings.smtp.model_dump())
        password = settings.smtp_password
        config["password"] = password.get_secret_value() if password else None
    return load_sender(name, config)
