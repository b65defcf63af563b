"""Declares what whoever fits a camera uses: `aim`, `snapshot`, `walk-test` and `zones`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from agent.cli.boundary import guarded
from agent.cli.options import HERE, AsJson, By, Reason, Url

zones_app = typer.Typer(no_args_is_help=True, help="What is drawn into the picture: zones, lines and masks.")
Out = Annotated[Path | None, typer.Option("--out", help="A file that ends in .png or .jpg, in place of the terminal.")]


def aim(
    seconds: Annotated[
        float | None, typer.Option("--for", min=0, max=3600, help="For so many seconds; 0 is once. Else until Ctrl-C.")
    ] = None,
    picture: Annotated[bool, typer.Option("--picture/--no-picture", help="Show the picture, too.")] = True,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Show live how sharp, how bright and how level the picture is, while you turn lens and camera."""
    from agent.cli import aiming

    aiming.aim(url, seconds, picture=picture, as_json=as_json)


def snapshot(
    out: Out = None,
    zones: Annotated[bool, typer.Option("--zones", help="Draw zones, lines and masks into it.")] = False,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Bring one picture of now; that somebody looked is written into the camera's audit log."""
    from agent.cli import aiming

    aiming.snapshot(url, out, zones=zones, as_json=as_json)


def walk_test(
    out: Annotated[Path, typer.Option(help="The folder for the record.")] = Path("commissioning"),
    seconds: Annotated[
        float | None, typer.Option("--for", min=0, max=3600, help="At most so many seconds; else until Ctrl-C.")
    ] = None,
    note: Annotated[str, typer.Option(help="What the record should say besides.")] = "",
    stature: Annotated[
        float | None,
        typer.Option(min=1.2, max=2.3, help="How tall you are, in metres: measures how the camera hangs, too."),
    ] = None,
    tape: Annotated[
        float | None, typer.Option(min=1.5, max=20, help="With it: metres from the floor to the lens, by tape.")
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Save what was measured; the camera restarts under it.")] = False,
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Walk through every zone and over every line: says what was triggered, and writes a signed record of it.

    It ends when everything was triggered and, where you say how tall you are, you were seen whole and alone often
    enough, near and far. Exit code 1 where something was not triggered, not measured, or not kept.
    """
    from agent.cli import walking

    walking.walk(url, walking.Walk(seconds, out, note, stature, tape, save), by, as_json=as_json)


@zones_app.command("show")
@guarded
def zones_show(
    out: Out = None,
    toml: Annotated[bool, typer.Option("--toml", help="As TOML, to edit and give to `zones set`.")] = False,
    picture: Annotated[bool, typer.Option("--picture/--no-picture", help="Show the picture, too.")] = True,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Show what is drawn: as a list, in the picture, as a file."""
    from agent.cli import zones

    zones.show(url, out, toml=toml, picture=picture, as_json=as_json)


@zones_app.command("set")
@guarded
def zones_set(
    reason: Reason,
    file: Annotated[
        Path | None, typer.Argument(help="A TOML file with [[zone]], [[line]], [[rule]] ... tables.")
    ] = None,
    what: Annotated[
        Literal["zone", "line", "privacy_mask", "motion_mask", "object_mask"], typer.Option(help="What it is.")
    ] = "zone",
    name: Annotated[str | None, typer.Option(help="Its name; of a mask #1, #2 ...")] = None,
    kind: Annotated[str | None, typer.Option(help="What a zone is for, such as restricted.")] = None,
    points: Annotated[str | None, typer.Option(help='Its corners, such as "0.1,0.2 0.5,0.2 0.5,0.9".')] = None,
    alarm: Annotated[
        list[str] | None, typer.Option(help="An output that goes on when somebody enters; repeatable, `none` for none.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take it out, with the rules that go by it.")] = False,
    by: By = None,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Draw, change or remove places: one by its options, or all that a file holds.

    The camera restarts under it, and takes it back when it is not well within a minute: exit code 1.
    """
    from agent.cli import zones

    zones.put(url, zones.Change(file, what, name, kind, points, alarm or [], remove), reason, by, as_json=as_json)


@zones_app.command("check")
@guarded
def zones_check(url: Url = HERE, as_json: AsJson = False) -> None:
    """Say what is doubtful about what is drawn; exit code 1 while anything is."""
    from agent.cli import zones

    zones.check(url, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(guarded(aim))
    app.command()(guarded(snapshot))
    app.command("walk-test")(guarded(walk_test))
    app.add_typer(zones_app, name="zones")
