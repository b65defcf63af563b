"""Declares the commands about a running camera itself: `find`, `status`, `health` and `outputs`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.boundary import guarded
from agent.cli.options import HERE, AsJson, By, ConfigFile, PassFile, Reason, Url, alone

health_app = typer.Typer(no_args_is_help=False)
outputs_app = typer.Typer(no_args_is_help=False)
service_app = typer.Typer(no_args_is_help=True, help="Note what people do to the camera, and list it.")


def find(
    seconds: Annotated[float, typer.Option("--for", min=0.1, max=300, help="How many seconds to listen.")] = 3.0,
    domain: Annotated[
        str | None, typer.Option(help="Ask this DNS domain which cameras it lists, in place of listening.")
    ] = None,
    dns: Annotated[
        str | None, typer.Option(help="ADDRESS[:PORT] of the DNS server to ask; the system's by default.")
    ] = None,
    pass_file: PassFile = None,
    as_json: AsJson = False,
) -> None:
    """Find the cameras on this network: state, address, version and, for those that a pass opens, health.

    Where multicast does not pass, --domain asks the DNS. Exit code 1 where there is none.
    """
    from agent.cli import looking

    looking.find(seconds, domain, dns, pass_file, as_json=as_json)


def status(url: Url = HERE, as_json: AsJson = False) -> None:
    """Say how a running camera is."""
    from agent.cli import looking

    looking.status(url, as_json=as_json)


@health_app.callback(invoke_without_command=True)
@guarded
def health(context: typer.Context, url: Url = HERE, as_json: AsJson = False) -> None:
    """Say what is wrong with a running camera, since when, how sure, and what to do; exit code 1 while it is."""
    from agent.cli import health as looked_after

    if alone(context):
        looked_after.show(url, as_json=as_json)


@health_app.command("rebase")
@guarded
def health_rebase(reason: Reason, by: By = None, url: Url = HERE, as_json: AsJson = False) -> None:
    """The camera was moved, cleaned or refocused on purpose: let it learn its scene anew."""
    from agent.cli import health as looked_after

    looked_after.rebase(url, reason, by, as_json=as_json)


@health_app.command("resume")
@guarded
def health_resume(reason: Reason, by: By = None, url: Url = HERE, as_json: AsJson = False) -> None:
    """Leave safe mode: the camera starts anew and sees again."""
    from agent.cli import health as looked_after

    looked_after.resume(url, reason, by, as_json=as_json)


@health_app.command("forecast")
@guarded
def health_forecast(url: Url = HERE, as_json: AsJson = False) -> None:
    """Say what will fail, when, how sure, why it is believed and what to do; exit code 1 while something is due."""
    from agent.cli import foresight

    foresight.forecast(url, as_json=as_json)


@health_app.command("plot")
@guarded
def health_plot(
    metric: Annotated[str, typer.Argument(help="What is measured, such as soc_temp_c; any other name lists them.")],
    out: Annotated[Path, typer.Option(help="Where the picture goes, a file that ends in .svg or .png.")],
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Draw the history of a metric with its threshold, forecast and services."""
    from agent.cli import foresight

    foresight.plot(url, metric, out, as_json=as_json)


@service_app.command("log")
@guarded
def service_log(
    words: Annotated[str, typer.Argument(help='What was done, such as "cleaned lens".')],
    part: Annotated[
        list[str] | None, typer.Option(help="The part that was served, where the words do not name it; repeatable.")
    ] = None,
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Note what was done to the camera: trends of the parts that were served begin anew."""
    from agent.cli import foresight

    foresight.log(url, words, part or [], by, as_json=as_json)


@service_app.command("list")
@guarded
def service_list(url: Url = HERE, as_json: AsJson = False) -> None:
    """List what was done to the camera, oldest first."""
    from agent.cli import foresight

    foresight.show_log(url, as_json=as_json)


@outputs_app.callback(invoke_without_command=True)
@guarded
def outputs(context: typer.Context, url: Url = HERE, as_json: AsJson = False) -> None:
    """List the outputs of a running camera; `test`, `silence`, `arm` and `off` act on them."""
    if alone(context):
        from agent.cli import outputs as alarms

        alarms.show(url, as_json=as_json)


@outputs_app.command("list")
@guarded
def outputs_list(url: Url = HERE, as_json: AsJson = False) -> None:
    """List the outputs of a running camera: on or off, why, and whether it is armed."""
    from agent.cli import outputs as alarms

    alarms.show(url, as_json=as_json)


@outputs_app.command("test")
@guarded
def outputs_test(
    name: Annotated[str, typer.Argument(help="An output from `aislewatch outputs list`.")],
    seconds: Annotated[float, typer.Option("--for", min=0.1, max=10, help="For how many seconds.")] = 2.0,
    confirm: Annotated[bool, typer.Option("--confirm", help="Yes, even though it is a siren.")] = False,
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Switch one output on for a moment, within its limits and marked as a test."""
    from agent.cli import outputs as alarms

    alarms.test(url, name, seconds, confirm=confirm, by=by, as_json=as_json)


@outputs_app.command("silence")
@guarded
def outputs_silence(
    reason: Reason,
    name: Annotated[str | None, typer.Argument(help="One output; all when left out.")] = None,
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """End what sounds for the incidents that are open now; a new incident sounds again."""
    from agent.cli import outputs as alarms

    alarms.silence(url, name, reason, by, as_json=as_json)


@outputs_app.command("arm")
@guarded
def outputs_arm(
    mode: Annotated[str, typer.Argument(help="armed, disarmed or schedule.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; needed to disarm.")] = "",
    hours: Annotated[float | None, typer.Option("--hours", min=0.01, max=168, help="Until it ends by itself.")] = None,
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Arm the outputs, disarm them, or let them go by their schedules; it survives a restart."""
    from agent.cli import outputs as alarms

    alarms.arm(url, mode, reason, by, None if hours is None else hours * 3600, as_json=as_json)


@outputs_app.command("off")
@guarded
def outputs_off(config: ConfigFile, as_json: AsJson = False) -> None:
    """Switch every configured output off while no agent runs; systemd calls this after the agent has ended."""
    from agent.cli import releasing

    releasing.outputs_off(config, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (find, status):
        app.command()(guarded(command))
    app.command("discover", hidden=True)(guarded(find))
    app.add_typer(health_app, name="health")
    app.add_typer(service_app, name="service")
    app.add_typer(outputs_app, name="outputs")
