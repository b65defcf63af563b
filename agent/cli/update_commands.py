"""Declares the command `update`; `agent.cli.main` adds it to the others."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.boundary import guarded
from agent.cli.options import AsJson


def update(
    what: Annotated[str, typer.Argument(help="A bundle's file or http(s) address; or `status`, or `confirm`.")],
    as_json: AsJson = False,
) -> None:
    """Bring a new image onto this camera: verified, written beside the running one, tried once, kept when it is well.

    `status` tells how the last one ended (exit code 1 when it was left); `confirm` judges the running one now.
    """
    from agent.cli import updating

    updating.run(what, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(guarded(update))
