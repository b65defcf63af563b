"""The arguments and options that commands share: one name, one meaning and one help for each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HERE = "local"
PASS, CAMERA = "AISLEWATCH_PASS", "AISLEWATCH_CAMERA"

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, for programs.")]
Url = Annotated[
    str,
    typer.Option(
        "--camera",
        "--url",
        envvar=CAMERA,
        show_envvar=False,
        help=f"Its name, address, URL or unix:PATH, `local` on this computer; ${CAMERA} when left out.",
    ),
]
PassFile = Annotated[
    Path | None,
    typer.Option("--pass", help=f"The technician's pass that the hub made; ${PASS} when left out."),
]
By = Annotated[str | None, typer.Option("--by", help="Who says so; the user of this computer when left out.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; it is kept for the record.")]
ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="The configuration file (TOML).")]
MaybeConfig = Annotated[Path | None, typer.Option("--config", "-c", help="The configuration file (TOML).")]
ModelName = Annotated[str | None, typer.Option("--model", help="A name from `aislewatch model list`.")]
Incident = Annotated[str, typer.Argument(help="The incident's id.")]
From = Annotated[
    str | None, typer.Option("--from", help="From this time on, UTC: 2026-11-22T09:00, or seconds since 1970.")
]
To = Annotated[str | None, typer.Option("--to", help="Until before this time, UTC, in the same way.")]


def alone(context: typer.Context) -> bool:
    """Whether a group is called without one of its commands.

    Raises BadParameter for an option that stands before a command: it would not reach that command.
    """
    command = context.invoked_subcommand
    for name, value in context.params.items():
        source = context.get_parameter_source(name)
        if command and source and source.name == "COMMANDLINE":
            raise typer.BadParameter(f"{value!r} of {name!r} belongs behind the command: {command} ...")
    return command is None
