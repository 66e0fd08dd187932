"""`sendhouse settle`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from dagster_project.cli.hold import hold
from dagster_project.cli.output import REJECTED, AsJson, err, out, print_json
from dagster_project.home.settings import load_settings

NAME = "settle"


class Word(StrEnum):
    """What the operator knows of a try."""

    SENT = "sent"
    NOT_SENT = "not-sent"


def command(
    send_id: Annotated[
        str,
        typer.Argument(
            help="A send of delivery.unknown_sends; - reads a list from standard input, "
            "one send a line (the first column of a CSV file)."
        ),
    ],
    word: Annotated[Word, typer.Argument(help="What the log of the mail server says.")],
    as_json: AsJson = False,
) -> None:
    """Record whether an uncertain message was sent; a message that was not sent is due again."""
    from dagster_project.tick.settle import settle

    settings = load_settings()
    send_ids = list(_listed(sys.stdin)) if send_id == "-" else [send_id]
    with hold(settings, "settle"):
        settled = settle(settings, send_ids, word.value)
    if as_json:
        print_json([asdict(one) for one in settled])
    for one in settled:
        if one.status is None:
            err.print(
                f"send {one.send_id} has no unknown try: see delivery.unknown_sends", markup=False
            )
        elif not as_json:
            out.print(f"send {one.send_id}: {one.status}", markup=False)
    if any(one.status is None for one in settled):
        raise typer.Exit(REJECTED)


def _listed(lines: Iterable[str]) -> Iterator[str]:
    """The sends of a list, without its header."""
    for line in lines:
        found = line.split(",")[0].strip().strip('"')
        if found and found != "send_id":
            yield found
