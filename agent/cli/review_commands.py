"""Declares the commands about incidents and insight; `agent.cli.main` adds them to the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.boundary import guarded
from agent.cli.options import HERE, AsJson, By, From, Incident, To, Url, alone

incidents_app = typer.Typer(no_args_is_help=False)


@incidents_app.callback(invoke_without_command=True)
@guarded
def incidents(context: typer.Context, url: Url = HERE, as_json: AsJson = False) -> None:
    """List the newest incidents of a running camera; `list` and `show` say more."""
    from agent.cli import reviewing

    if alone(context):
        reviewing.show_list(url, None, 50, None, as_json=as_json)


@incidents_app.command("list")
@guarded
def incidents_list(
    state: Annotated[
        str | None, typer.Option(help="Only those: open, updated, closed, confirmed or dismissed.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    before: Annotated[str | None, typer.Option(help="Go on behind this incident.")] = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """List incidents, newest first."""
    from agent.cli import reviewing

    reviewing.show_list(url, state, limit, before, as_json=as_json)


@incidents_app.command("show")
@guarded
def incidents_show(incident: Incident, url: Url = HERE, as_json: AsJson = False) -> None:
    """Show one incident with its factors, decisions and notes."""
    from agent.cli import reviewing

    reviewing.show(url, incident, as_json=as_json)


def confirm(
    incident: Incident,
    note: Annotated[str, typer.Option(help="What else is to be said.")] = "",
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Say that an incident was real."""
    from agent.cli import reviewing

    reviewing.decide(url, incident, "confirm", "", note, by, as_json=as_json)


def dismiss(
    incident: Incident,
    reason: Annotated[str, typer.Option(help="Why it was none, such as staff.")],
    note: Annotated[str, typer.Option(help="What else is to be said.")] = "",
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Say that an incident was none; the alert budget learns from it."""
    from agent.cli import reviewing

    reviewing.decide(url, incident, "dismiss", reason, note, by, as_json=as_json)


def note(
    incident: Incident,
    text: Annotated[str, typer.Argument(help="What is to be noted.")],
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Write a note on an incident."""
    from agent.cli import reviewing

    reviewing.annotate(url, incident, text, by, as_json=as_json)


def explain(incident: Incident, url: Url = HERE, as_json: AsJson = False) -> None:
    """Say why an incident is what it is, and what would have made a difference."""
    from agent.cli import reviewing

    reviewing.explain(url, incident, as_json=as_json)


def budget(url: Url = HERE, as_json: AsJson = False) -> None:
    """Say how the alert budget stands: which rules it has made stricter, and why."""
    from agent.cli import reviewing

    reviewing.budget(url, as_json=as_json)


insight_app = typer.Typer(no_args_is_help=False)


@insight_app.callback(invoke_without_command=True)
@guarded
def insight(
    context: typer.Context, start: From = None, end: To = None, url: Url = HERE, as_json: AsJson = False
) -> None:
    """Sum up what a running camera has counted; `--json` gives every aggregate."""
    from agent.cli import insight as counted

    if alone(context):
        counted.show(url, start, end, as_json=as_json)


@insight_app.command("heatmap")
@guarded
def insight_heatmap(
    out: Annotated[Path, typer.Option(help="Where the picture goes, a PNG file.")],
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Write where people stand as a picture."""
    from agent.cli import insight as counted

    counted.heat_map(url, out, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(incidents_app, name="incidents")
    app.add_typer(insight_app, name="insight")
    for command in (confirm, dismiss, note, explain, budget):
        app.command()(guarded(command))
