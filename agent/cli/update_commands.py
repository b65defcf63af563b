"""Declares the command `update`; `agent.cli.main` adds it to the others."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.boundary import guarded
from agent.cli.options import HERE, AsJson, By, Url


def update(
    what: Annotated[str, typer.Argument(help="A bundle's file or http(s) address; or `status`, or `confirm`.")],
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Bring a new image, or a new model, onto this camera: verified, tried, kept when the camera is well under it.

    An image is written beside the running one and started once; `status` tells how the last one ended (exit code 1
    when it was left), `confirm` judges the running one now. A model is loaded and timed, then used on trial; exit
    code 1 when it was taken back. Both must be signed by whom this camera trusts, and newer than what runs.
    """
    from agent.cli import updating

    updating.run(what, url, by, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(guarded(update))
