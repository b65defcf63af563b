"""`aislewatch update`: tells an image's bundle from a model's, and does what the former asks for."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import Progress

from agent.cli.model_updating import take_model
from agent.cli.printing import say
from agent.errors import OperatorError
from agent.models.bundles.parcel import is_parcel
from agent.update import confirm, engine
from agent.update.engine import FOLDER, Store
from agent.update.machine import RaucMachine
from agent.update.slots import Phase, Record

INCOMING = "incoming.raucb"
TIMEOUT_S = 30.0
_CHUNK = 1024 * 1024
_WORDS = {
    Phase.NONE: "no update so far",
    Phase.WRITING: "version {version} is being written",
    Phase.TRYING: "version {version} is being tried",
    Phase.KEPT: "version {version} is kept (before: {before})",
    Phase.BACK: "version {version} was left, {before} runs: {why}",
}


def run(what: str, url: str, by: str | None, *, as_json: bool) -> None:
    """Update, tell of the last update, or judge the running one. Raises OperatorError."""
    if os.geteuid() != 0:
        raise OperatorError("updates are for root", hint=f"sudo aislewatch update {what}")
    if what == "status":
        record = Store().load()
        _tell(record, as_json=as_json)
        if record.phase is Phase.BACK:
            raise SystemExit(1)
    elif what == "confirm":
        raise SystemExit(confirm.main())
    else:
        with _progress() as progress, _bundle(what) as bundle:
            kept = take(bundle, url, by, progress, as_json=as_json)
        if not kept:
            raise SystemExit(1)


def take(bundle: Path, url: str, by: str | None, progress: engine.Progress, *, as_json: bool) -> bool:
    """Take over what a bundle holds: whether the camera goes on with it. Raises OperatorError."""
    if is_parcel(bundle):
        return take_model(bundle, url, by, progress, as_json=as_json)
    _tell(engine.update(RaucMachine(), Store(), bundle, progress), as_json=as_json)
    return True


@contextmanager
def _progress() -> Iterator[engine.Progress]:
    """Shows how far it came: as a bar, or a line each where nobody sees it move."""
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("fetching", total=100)

        def progress(per_cent: int, doing: str) -> None:
            bar.update(task, completed=per_cent, description=doing)
            if not sys.stderr.isatty():
                print(f"{per_cent:3d}% {doing}", file=sys.stderr, flush=True)

        yield progress


@contextmanager
def _bundle(what: str) -> Iterator[Path]:
    """The file of a bundle, fetched where it lies at an address. Raises OperatorError."""
    if "://" not in what:
        if not Path(what).is_file():
            raise OperatorError(f"there is no bundle {what}")
        yield Path(what).resolve()
        return
    incoming = fetched(what, FOLDER if FOLDER.is_dir() else Path(tempfile.gettempdir()))
    try:
        yield incoming
    finally:
        incoming.unlink(missing_ok=True)


def fetched(url: str, folder: Path) -> Path:
    """A bundle from an http(s) address, as a file in `folder`; its signature is judged later. Raises OperatorError."""
    if not url.startswith(("http://", "https://")):
        raise OperatorError(f"{url} is no http(s) address")
    incoming = folder / INCOMING
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, incoming.open("wb") as file:
            wanted = int(answer.headers.get("Content-Length") or 0)
            if wanted > shutil.disk_usage(folder).free:
                raise OperatorError(f"the bundle needs {wanted >> 20} MiB, the card has less free")
            shutil.copyfileobj(answer, file, _CHUNK)
    except (urllib.error.URLError, OSError, ValueError) as error:
        incoming.unlink(missing_ok=True)
        raise OperatorError(f"{url} cannot be fetched: {error}") from None
    return incoming


def _tell(record: Record, *, as_json: bool) -> None:
    facts = msgspec.to_builtins(record)
    say({"type": "update", **facts}, _WORDS[record.phase].format(**facts), as_json=as_json)
