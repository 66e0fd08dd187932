"""Secrets of a sender or a webhook: declared by its module, read from the environment alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def variables_of(module: object, name: str) -> dict[str, str]:
    """Map each secret in `SECRETS` of a module to its environment variable.

    `SECRETS = ("password",)` of the sender `smtp` gives `{"password": "SENDHOUSE_SMTP_PASSWORD"}`.
    """
    declared: tuple[str, ...] = getattr(module, "SECRETS", ())
    return {secret: f"SENDHOUSE_{name}_{secret}".upper() for secret in declared}


def values_of(variables: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Read the secrets that the environment sets; an empty variable counts as not set."""
    values = {secret: environment.get(variable) for secret, variable in variables.items()}
    return {secret: value for secret, value in values.items() if value}
