"""`sendhouse preview`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.output import AsJson, CommandError, out, print_json
from dagster_project.home import warehouse
from dagster_project.home.settings import load_settings

NAME = "preview"


def command(
    template: Annotated[str, typer.Argument(help="Template name (example: activation/welcome).")],
    contact: Annotated[str, typer.Option(help="contact_id or e-mail address of the contact.")],
    html: Annotated[
        Path | None, typer.Option(help="Also write the HTML part to this file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the e-mail for one contact; sends nothing."""
    from dagster_project.check import preview

    settings = load_settings()
    if not settings.warehouse_path.is_file():
        raise CommandError(f"no warehouse in {settings.home}: run `sendhouse tick` first")
    with warehouse.connect(settings.warehouse_path, read_only=True) as connection:
        features = preview.find_contact(connection, contact)
    if features is None:
        raise CommandError(
            f"no contact with contact_id or e-mail address '{contact}' in "
            "contacts.contact_features; a contact that landed after the last tick is missing there"
        )
    shown = preview.render(settings, template, features, datetime.now(UTC))
    if html is not None:
        html.write_text(shown.html, encoding="utf-8")
    if as_json:
        print_json({"subject": shown.subject, "text": shown.text, "html": shown.html})
        return
    out.print(f"To: {features['email']}", markup=False)
    out.print(f"Subject: {shown.subject}\n", markup=False)
    out.print(shown.text, markup=False)
    if html is not None:
        out.print(f"\nHTML: {html}", markup=False)
