"""`aislewatch model list` and `aislewatch model fetch`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from agent.cli.asking import ask
from agent.cli.looks import mark
from agent.cli.options import HERE
from agent.cli.printing import say
from agent.errors import OperatorError
from agent.model_desk import ModelDesk, facts_of
from agent.models import STORE, Catalogue
from agent.models import fetch as fetch_model
from agent.vision.spec import ModelSpec
from hal.system import SystemClock


def show(url: str, *, as_json: bool) -> None:
    """Print every model that is known, here or to a camera elsewhere, and whether its file is there."""
    found: Iterable[dict[str, Any]] = ask(url, "/v1/models")["models"] if url != HERE else _known()
    for one in found:
        say(one, mark("fault", one["why"]) if "why" in one else model_line(one), as_json=as_json)


def _known() -> Iterable[dict[str, Any]]:
    return ModelDesk(SystemClock()).listed()


def model_line(one: Mapping[str, Any]) -> str:
    """One model in a line: what it is, where it is, and whether the camera uses it or lacks it."""
    size = f"{one['width']}x{one['height']}"
    return f"{one['name']:<18} {one['task']:<7} {size:<8} {one['size_bytes'] / 2**20:4.1f} MiB  {_whereabouts(one)}"


def _whereabouts(one: Mapping[str, Any]) -> str:
    if not (one["path"] or one["carried"]):
        return f"{'wanted' if one['used'] else 'not here'}: aislewatch model fetch"
    carried = f"delivered, signed by {one['signer']}" if one["signer"] else "carried"
    return (carried if one["carried"] else "here") + (", in use" if one["used"] else "")


def fetch(name: str, source: str | None, to: Path | None, *, as_json: bool) -> None:
    """Bring a model's file into the camera's store and say where it lies."""
    catalogue = Catalogue.load()
    spec = catalogue.spec(name)
    if spec.carried:
        raise OperatorError(f"{name} is carried by this software: there is nothing to fetch")
    source = source or _known_place(catalogue, spec)
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=Console(stderr=True), transient=True
    )
    with bar:
        task = bar.add_task(spec.filename, total=spec.size_bytes, visible=sys.stderr.isatty())
        path = fetch_model(
            spec, source, to or STORE, progress=lambda done, wanted: bar.update(task, completed=done, total=wanted)
        )
    say(
        facts_of(catalogue, spec) | {"path": str(path)},
        f"{name}: {path}, {spec.size_bytes} bytes, hash as in the manifest",
        as_json=as_json,
    )


def _known_place(catalogue: Catalogue, spec: ModelSpec) -> str:
    path = catalogue.find(spec)
    if path is None:
        hint = f"aislewatch model fetch {spec.name} --from DIRECTORY|URL"
        raise OperatorError(f"no source for {spec.filename} is known here", hint=hint)
    return str(path)
