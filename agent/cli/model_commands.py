"""Declares the commands about models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from agent.cli.boundary import guarded
from agent.cli.options import HERE, AsJson, By, Reason, Url

model_app = typer.Typer(
    no_args_is_help=True, help="The models: which there are, which is used, whether they see, how fast one is."
)
Name = Annotated[str, typer.Argument(help="A name from `aislewatch model list`.")]


@model_app.command("list")
@guarded
def model_list(url: Url = HERE, as_json: AsJson = False) -> None:
    """List the models that are known, here or to a camera elsewhere, and whether their files are there."""
    from agent.cli import models

    models.show(url, as_json=as_json)


@model_app.command("fetch")
@guarded
def model_fetch(
    name: Name,
    source: Annotated[
        str | None, typer.Option("--from", help="A directory or an http(s) URL that holds the file.")
    ] = None,
    to: Annotated[Path | None, typer.Option("--to", help="Where to put it (the camera's model store).")] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a model that is named but not carried; checked by its hash, resumed when it was interrupted."""
    from agent.cli import models

    models.fetch(name, source, to, as_json=as_json)


@model_app.command("use")
@guarded
def model_use(name: Name, reason: Reason, by: By = None, url: Url = HERE, as_json: AsJson = False) -> None:
    """Have a camera find people by another model: tried, and taken back when the camera is not well under it."""
    from agent.cli import settings

    settings.use_model(url, name, reason, by, as_json=as_json)


@model_app.command("bench")
@guarded
def model_bench(
    name: Annotated[str | None, typer.Argument(help="One model; every one whose file is here when left out.")] = None,
    runs: Annotated[int, typer.Option(min=5, max=100, help="So many pictures.")] = 50,
    url: Url = HERE,
    as_json: AsJson = False,
) -> None:
    """Time models on this computer, or on a camera elsewhere beside its work, one picture after the other."""
    from agent.cli import benching

    benching.bench(url, name, runs, as_json=as_json)


@model_app.command("verify")
@guarded
def model_verify(
    name: Annotated[str | None, typer.Argument(help="One model; every one whose file is here when left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show models a picture with known people on it: exit code 1 where one does not find them, or finds others."""
    from agent.cli import verifying

    verifying.verify(name, as_json=as_json)


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(model_app, name="model")
