"""Declares what helps to keep a camera going: configuration, models, inputs, events, log, time, support, restart."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from agent.cli.boundary import guarded
from agent.cli.options import HERE, AsJson, By, Reason, Url, alone
from agent.doctor.steps import DEFAULT_NTP, DEFAULT_PORTAL

config_app = typer.Typer(no_args_is_help=True, help="The configuration: shown, compared, checked, tried.")
inputs_app = typer.Typer(no_args_is_help=False)
net_app = typer.Typer(no_args_is_help=True, help="The network.")
storage_app = typer.Typer(no_args_is_help=True, help="The disk.")
events_app = typer.Typer(no_args_is_help=True, help="What happens.")

File = Annotated[Path, typer.Argument(help="The configuration file (TOML).")]
Seconds = Annotated[
    float | None, typer.Option("--for", min=0, max=86400, help="For so many seconds; else until Ctrl-C.")
]


@config_app.command("check")
@guarded
def config_check(file: File, as_json: AsJson = False) -> None:
    """Check a configuration and report every mistake in it."""
    from agent.cli import parts

    parts.check_config(file, as_json=as_json)


@config_app.command("show")
@guarded
def config_show(
    out: Annotated[Path | None, typer.Option(help="A file to write it to, readable for you alone.")] = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Show the configuration of a camera; with a pass, marks stand in place of its secrets.

    A file with marks can be changed and applied: the camera keeps the secrets that they stand for.
    """
    from agent.cli import settings

    settings.show(url, out, as_json=as_json)


@config_app.command("diff")
@guarded
def config_diff(file: File, url: Url = HERE, as_json: AsJson = False) -> None:
    """Show what a file would change about a camera; exit code 1 where it would change anything."""
    from agent.cli import settings

    settings.diff(url, file, as_json=as_json)


@config_app.command("apply")
@guarded
def config_apply(file: File, reason: Reason, by: By = None, url: Url = HERE, as_json: AsJson = False) -> None:
    """Have a camera try a configuration: kept when it is well within a minute, else taken back (exit code 1)."""
    from agent.cli import settings

    settings.apply(url, file, reason, by, as_json=as_json)


@inputs_app.callback(invoke_without_command=True)
@guarded
def inputs(context: typer.Context, url: Url = HERE, as_json: AsJson = False) -> None:
    """List the inputs of a running camera; `watch` goes on telling."""
    if alone(context):
        from agent.cli import watching

        watching.show_inputs(url, as_json=as_json)


@inputs_app.command("watch")
@guarded
def inputs_watch(seconds: Seconds = None, url: Url = HERE, as_json: AsJson = False) -> None:
    """Tell every change of an input, while you open the door or press the button."""
    from agent.cli import watching

    watching.watch_inputs(url, seconds, as_json=as_json)


@events_app.command("tail")
@guarded
def events_tail(
    seconds: Seconds = None,
    least: Annotated[
        Literal["info", "warning", "critical"], typer.Option(help="Only what is at least so grave.")
    ] = "info",
    recent: Annotated[bool, typer.Option("--recent", help="Begin with what happened lately.")] = False,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Tell events, incidents and findings about health as they happen."""
    from agent.cli import watching

    watching.tail(url, seconds, least, recent=recent, as_json=as_json)


def logs(
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=1000, help="At most so many.")] = 100,
    level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"], typer.Option(help="Only what is at least so grave.")
    ] = "info",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Show what the program on the camera has logged since it started."""
    from agent.cli import watching

    watching.logs(url, lines, level, follow=follow, as_json=as_json)


def show_time(url: Url = HERE, as_json: AsJson = False) -> None:
    """Say what time the camera has, and how far it is off this computer's; exit code 1 where no time server vouches."""
    from agent.cli import looking

    looking.show_time(url, as_json=as_json)


def bundle(
    out: Annotated[Path, typer.Option(help="The archive to write.")] = Path("aislewatch-support.zip"),
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Collect what support needs to know in one archive; secrets and pictures are left out."""
    from agent.cli import bundling

    bundling.bundle(url, out, as_json=as_json)


@net_app.command("check")
@guarded
def net_check(
    ntp: Annotated[str, typer.Option(help="The time server to ask.")] = DEFAULT_NTP,
    portal: Annotated[
        str, typer.Option(help="A page that shows whether something answers in place of the internet.")
    ] = DEFAULT_PORTAL,
    offline: Annotated[bool, typer.Option("--offline", help="Ask nothing outside: the shop has no internet.")] = False,
    here: Annotated[bool, typer.Option("--here", help="Look from this computer, not from the camera.")] = False,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Check the network from where the camera is: address, way out, DNS, NTP, captive portal, mDNS both ways, hub.

    And from here, how long the camera takes to answer. Exit code 1 where something does not work.
    """
    from agent.cli import netting

    netting.net(url, ntp, portal, offline=offline, here=here, as_json=as_json)


@storage_app.command("check")
@guarded
def storage_check(
    folder: Annotated[
        Path | None, typer.Option(help="Check the disk below this folder of this computer, and ask no camera.")
    ] = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Check the camera's disk: space, speed (writes 32 MiB and removes them), wear, errors.

    Exit code 1 where it is bad.
    """
    from agent.cli import netting

    netting.storage(url, folder, as_json=as_json)


def restart(reason: Reason, by: By = None, url: Url = HERE, as_json: AsJson = False) -> None:
    """Have the program on the camera end in order and begin anew."""
    from agent.cli import settings

    settings.restart(url, reason, by, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (logs, bundle, restart):
        app.command()(guarded(command))
    app.command("time")(guarded(show_time))
    app.add_typer(inputs_app, name="inputs")
    app.add_typer(events_app, name="events")
    app.add_typer(config_app, name="config")
    app.add_typer(net_app, name="net")
    app.add_typer(storage_app, name="storage")
