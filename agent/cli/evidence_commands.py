"""Declares the commands about clips; `agent.cli.main` adds them to the others."""

from __future__ import annotations

from typing import Annotated

import typer

from agent.cli.boundary import guarded
from agent.cli.review_commands import HERE, AsJson, By, Url

Clip = Annotated[str, typer.Argument(help="The clip's id.")]
From = Annotated[str | None, typer.Option("--from", help="UTC, such as 2026-11-21T18:30:00, or seconds since 1970.")]
To = Annotated[str | None, typer.Option("--to", help="UTC, in the same way.")]
Reason = Annotated[str, typer.Option(help="Why; it is written into the audit log.")]

clips_app = typer.Typer(no_args_is_help=False, help="Clips: the video a camera keeps.")


@clips_app.callback(invoke_without_command=True)
@guarded
def clips(context: typer.Context, url: Url = HERE, as_json: AsJson = False) -> None:
    """List the clips of a running camera, newest first."""
    from agent.cli import evidence

    if context.invoked_subcommand is None:
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
) -> None:
    """Keep a clip whatever its age (legal hold)."""
    from agent.cli import evidence

    evidence.hold(url, clip, reason, by, held=not release)


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
) -> None:
    """Erase recordings for good, also from memory; the audit log keeps the proof."""
    from agent.cli import evidence

    evidence.erase(url, start, end, reason, by, everything=everything, held_too=held_too)
