"""Declares the command `doctor`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.boundary import guarded
from agent.cli.options import HERE, AsJson, By, MaybeConfig, Url


def doctor(
    config: MaybeConfig = None,
    record: Annotated[
        Path | None, typer.Option("--record", help="Write a signed commissioning record: this name with .json, .html.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What the record is to say besides.")] = "",
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Check a camera from sensor to siren to hub, running or not; what is wrong, its cause first, and what to do.

    Exit code 1 while something is wrong.
    """
    from agent.cli import doctor as examined

    examined.run(examined.Wish(url, config, record, note, by), as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(guarded(doctor))
