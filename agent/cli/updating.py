"""`aislewatch update`."""

from __future__ import annotations

import os
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import Progress

from agent.cli.printing import say
from agent.errors import OperatorError
from agent.update import confirm, engine
from agent.update.engine import FOLDER, Store
from agent.update.machine import RaucMachine
from agent.update.slots import Phase, Record

INCOMING = FOLDER / "incoming.raucb"
TIMEOUT_S = 30.0
_CHUNK = 1024 * 1024
_WORDS = {
    Phase.NONE: "no update so far",
    Phase.WRITING: "version {version} is being written",
    Phase.TRYING: "version {version} is being tried",
    Phase.KEPT: "version {version} is kept (before: {before})",
    Phase.BACK: "version {version} was left, {before} runs: {why}",
}


def run(what: str, *, as_json: bool) -> None:
    """Update, tell of the last update, or judge the running one. Raises OperatorError."""
    if os.geteuid() != 0:
        raise OperatorError("updates are for root", hint=f"sudo aislewatch update {what}")
    store = Store()
    if what == "status":
        record = store.load()
        _tell(record, as_json=as_json)
        if record.phase is Phase.BACK:
            raise SystemExit(1)
    elif what == "confirm":
        raise SystemExit(confirm.main())
    else:
        _update(what, store, as_json=as_json)


def _update(what: str, store: Store, *, as_json: bool) -> None:
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("fetching", total=100)

        def progress(per_cent: int, doing: str) -> None:
            bar.update(task, completed=per_cent, description=doing)
            if not sys.stderr.isatty():
                print(f"{per_cent:3d}% {doing}", file=sys.stderr, flush=True)

        bundle = _fetched(what) if "://" in what else Path(what)
        if not bundle.is_file():
            raise OperatorError(f"there is no bundle {what}")
        try:
            record = engine.update(RaucMachine(), store, bundle.resolve(), progress)
        finally:
            INCOMING.unlink(missing_ok=True)
    _tell(record, as_json=as_json)


def _fetched(url: str) -> Path:
    """A bundle from an http(s) address, on the data partition; its signature is judged later. Raises OperatorError."""
    if not url.startswith(("http://", "https://")):
        raise OperatorError(f"{url} is no http(s) address")
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer, INCOMING.open("wb") as file:
            wanted = int(answer.headers.get("Content-Length") or 0)
            if wanted > shutil.disk_usage(FOLDER).free:
                raise OperatorError(f"the bundle needs {wanted >> 20} MiB, the card has less free")
            shutil.copyfileobj(answer, file, _CHUNK)
    except (urllib.error.URLError, OSError, ValueError) as error:
        INCOMING.unlink(missing_ok=True)
        raise OperatorError(f"{url} cannot be fetched: {error}") from None
    return INCOMING


def _tell(record: Record, *, as_json: bool) -> None:
    facts = msgspec.to_builtins(record)
    say({"type": "update", **facts}, _WORDS[record.phase].format(**facts), as_json=as_json)
