"""Declares the commands of pairing; `agent.cli.main` adds them to the others."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.boundary import guarded
from agent.cli.options import HERE, AsJson, By, Reason, Url


def pair(
    host: Annotated[
        str | None, typer.Option(help="The address to tell the hub, in place of the camera's first.")
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until the hub has come; exit code 1 where none does.")] = False,
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Let a hub take this camera: shows a code, as text and as a QR code, that counts once and for ten minutes."""
    from agent.cli import pairing

    pairing.pair(url, host, by, wait=wait, as_json=as_json)


def page(
    host: Annotated[
        str | None, typer.Option(help="The address for the browser, in place of the camera's first.")
    ] = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Open the camera's page to a browser: shows a link, as text and as a QR code, that lets one in, once."""
    from agent.cli import paging

    paging.page(url, host, as_json=as_json)


def unpair(reason: Reason, by: By = None, url: Url = HERE, as_json: AsJson = False) -> None:
    """Have the camera forget its hub; its events and clips stay."""
    from agent.cli import pairing

    pairing.unpair(url, reason, by, as_json=as_json)


def reset(
    reason: Reason,
    confirm: Annotated[str | None, typer.Option(help="The camera's id; asked for when left out.")] = None,
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Erase the camera's keys, its hub, its clips, its events and its log; it starts again as a new one."""
    from agent.cli import pairing

    pairing.factory_reset(url, confirm, reason, by, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(guarded(pair))
    app.command()(guarded(page))
    app.command()(guarded(unpair))
    app.command()(guarded(reset))
    app.command("factory-reset", hidden=True)(guarded(reset))
