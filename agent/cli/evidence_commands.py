"""Declares the commands about evidence; `agent.cli.main` adds them to the others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.boundary import guarded
from agent.cli.options import HERE, AsJson, By, From, Incident, Reason, To, Url, alone

Clip = Annotated[str, typer.Argument(help="The clip's id.")]

clips_app = typer.Typer(no_args_is_help=False)


@clips_app.callback(invoke_without_command=True)
@guarded
def clips(context: typer.Context, url: Url = HERE, as_json: AsJson = False) -> None:
    """List the clips of a running camera, newest first; `ask`, `hold` and `erase` act on them."""
    from agent.cli import evidence

    if alone(context):
        evidence.show_clips(url, None, as_json=as_json)


@clips_app.command("list")
@guarded
def clips_list(
    incident: Annotated[str | None, typer.Option(help="Only those that show this incident.")] = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """List the clips, newest first."""
    from agent.cli import evidence

    evidence.show_clips(url, incident, as_json=as_json)


@clips_app.command("ask")
@guarded
def clips_ask(start: From, end: To, reason: Reason, by: By = None, url: Url = HERE, as_json: AsJson = False) -> None:
    """Keep a stretch of time that no rule asked for; exit code 1 when there is no recording of it."""
    from agent.cli import evidence

    evidence.ask_for(url, start, end, reason, by, as_json=as_json)


@clips_app.command("hold")
@guarded
def clips_hold(
    clip: Clip,
    reason: Reason,
    by: By = None,
    release: Annotated[bool, typer.Option("--release", help="Take the hold back instead.")] = False,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Keep a clip whatever its age (legal hold)."""
    from agent.cli import evidence

    evidence.hold(url, clip, reason, by, held=not release, as_json=as_json)


@clips_app.command("erase")
@guarded
def clips_erase(
    reason: Reason,
    start: From = None,
    end: To = None,
    everything: Annotated[bool, typer.Option("--everything", help="All that is recorded.")] = False,
    held_too: Annotated[bool, typer.Option("--held-too", help="Also what is under legal hold.")] = False,
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Erase recordings for good, also from memory; the audit log keeps the proof."""
    from agent.cli import evidence

    span = evidence.span(start, end, everything=everything)
    evidence.erase(url, span, reason, by, held_too=held_too, as_json=as_json)


def export(
    incident: Incident,
    out: Annotated[Path, typer.Option(help="Where the report goes (.zip).")],
    blur: Annotated[
        str | None, typer.Option(help="Make people unrecognisable: others (all but the incident's own) or everyone.")
    ] = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Write the signed report of an incident, with its clips, to one file."""
    from agent.cli import evidence

    evidence.export(incident, out, url, blur, as_json=as_json)


def verify(
    path: Annotated[
        Path,
        typer.Argument(
            help="A clip's folder, a report (.zip), an audit.log, a commissioning record, or a folder of them."
        ),
    ],
    key: Annotated[Path | None, typer.Option(help="The camera's public key (PEM), to compare with.")] = None,
    as_json: AsJson = False,
) -> None:
    """Find every change to evidence; exit code 1 when there is one. Needs no camera."""
    from agent.cli import evidence

    evidence.verify(path, key, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(clips_app, name="clips")
    for command in (export, verify):
        app.command()(guarded(command))
