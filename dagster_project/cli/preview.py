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
    template: Annotated[str, typer.Argument(help="A template's name, such as activation/welcome.")],
    contact: Annotated[str, typer.Option(help="contact_id or e-mail address.")],
    html: Annotated[
        Path | None, typer.Option(help="Write the HTML part to this file, to open in a browser.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The e-mail as that contact would get it. Nothing is sent."""
    from dagster_project.check import preview

    settings = load_settings()
    if not settings.warehouse_path.is_file():
        raise CommandError(f"no warehouse in {settings.home} yet; run `sendhouse tick` first")
    with warehouse.connect(settings.warehouse_path, read_only=True) as connection:
        person = preview.find_contact(connection, contact)
    if person is None:
        raise CommandError(
            f"no contact '{contact}' in contacts.contact_features (by contact_id or e-mail "
            "address); what landed since the last tick is not there yet"
        )
    shown = preview.render(settings, template, person, datetime.now(UTC))
    if html is not None:
        html.write_text(shown.html, encoding="utf-8")
    if as_json:
        print_json({"subject": shown.subject, "text": shown.text, "html": shown.html})
        return
    out.print(f"To: {person['email']}", markup=False)
    out.print(f"Subject: {shown.subject}\n", markup=False)
    out.print(shown.text, markup=False)
    if html is not None:
        out.print(f"\nHTML: {html}", markup=False)
