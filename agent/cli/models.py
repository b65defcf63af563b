"""`aislewatch model list` and `aislewatch model fetch`."""

from __future__ import annotations

import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from agent.cli.looks import mark
from agent.cli.printing import say
from agent.errors import OperatorError
from agent.models import STORE, Catalogue
from agent.models import fetch as fetch_model
from agent.models.bundles.signing import name_of
from agent.vision.spec import ModelSpec


def show(*, as_json: bool) -> None:
    """Print every model that is known, and whether its file is here."""
    catalogue = Catalogue.load()
    for spec in catalogue.specs:
        path = catalogue.find(spec)
        signer = _signer(catalogue, spec)
        say({**_fact(spec, path), "signer": signer}, _line(spec, path, signer), as_json=as_json)
    for name, why in catalogue.refused.items():
        say({"type": "refused model", "name": name, "why": why}, mark("fault", why), as_json=as_json)


def _signer(catalogue: Catalogue, spec: ModelSpec) -> str:
    """Who signed a delivered model; "" for any other."""
    delivered = catalogue.delivered.get(spec.name)
    return name_of(delivered.signer) if delivered else ""


def _line(spec: ModelSpec, path: Path | None, signer: str) -> str:
    size = f"{spec.input.width}x{spec.input.height}"
    where = str(path) if path else "not here: aislewatch model fetch"
    if spec.carried:
        where = f"delivered, signed by {signer}" if signer else "carried"
    return f"{spec.name:<18} {spec.task:<7} {size:<8} {spec.size_bytes / 2**20:4.1f} MiB  {spec.licence:<12} {where}"


def _fact(spec: ModelSpec, path: Path | None) -> dict[str, object]:
    return {
        "type": "model",
        "name": spec.name,
        "task": spec.task,
        "width": spec.input.width,
        "height": spec.input.height,
        "size_bytes": spec.size_bytes,
        "licence": spec.licence,
        "carried": spec.carried,
        "path": str(path) if path else None,
        "accuracy": dict(spec.accuracy),
        "latency": dict(spec.latency),
    }


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
    say(_fact(spec, path), f"{name}: {path}, {spec.size_bytes} bytes, hash as in the manifest", as_json=as_json)


def _known_place(catalogue: Catalogue, spec: ModelSpec) -> str:
    path = catalogue.find(spec)
    if path is None:
        hint = f"aislewatch model fetch {spec.name} --from DIRECTORY|URL"
        raise OperatorError(f"no source for {spec.filename} is known here", hint=hint)
    return str(path)
