"""`aislewatch config show|diff|apply` and `aislewatch model use`: a camera's configuration, tried before it is kept."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from agent.cli.asking import ask, tell, who
from agent.cli.files import read_text, writing
from agent.cli.looks import colourful, mark
from agent.cli.printing import say
from agent.cli.trying import try_out
from agent.config import parse_config
from agent.config_secrets import stood_in
from agent.config_text import with_setting
from agent.errors import OperatorError
from agent.models import Catalogue
from agent.models.bundles.manifest import parts_of

COLOURS = {"+": "32", "-": "31", "@": "36"}


def show(url: str, out: Path | None, *, as_json: bool) -> None:
    """Print or write the configuration of a camera; with a pass, marks stand in place of its secrets."""
    facts = ask(url, "/v1/config")
    if out is None:
        say({"type": "configuration", **facts}, facts["text"].rstrip("\n"), as_json=as_json)
        return
    with writing(out):
        out.touch(mode=0o600)
        out.write_text(facts["text"], encoding="utf-8")
    told = {"type": "configuration", "file": str(out), "sha256": facts["sha256"], "trial": facts["trial"]}
    say(told, f"{out}: {facts['sha256'][:16]}", as_json=as_json)


def diff(url: str, file: Path, *, as_json: bool) -> None:
    """Print what a file would change; exit code 1 where it would change anything."""
    changes = list(_changes(ask(url, "/v1/config")["text"], read_text(file), str(file)))
    lines = [_coloured(line) for line in changes] or mark("ok", "no difference")
    say({"type": "diff", "file": str(file), "lines": changes}, lines, as_json=as_json)
    if changes:
        raise SystemExit(1)


def _changes(now: str, then: str, name: str) -> Iterator[str]:
    yield from difflib.unified_diff(now.splitlines(), then.splitlines(), "the camera's", name, lineterm="")


def _coloured(line: str) -> str:
    colour = COLOURS.get(line[:1])
    return f"\x1b[{colour}m{line}\x1b[0m" if colour and colourful() else line


def apply(url: str, file: Path, reason: str, by: str | None, *, as_json: bool) -> None:
    """Have the camera try a configuration; exit code 1 where it took it back."""
    text = read_text(file)
    parse_config(
        stood_in(text), source=str(file)
    )  # its mistakes are told with the file's name, before anything is sent
    now = ask(url, "/v1/config")
    if now["text"] == text:
        say({"type": "trial", "state": "same", "sha256": now["sha256"]}, "the camera has it already", as_json=as_json)
        return
    try_out(url, "/v1/config", {"text": text, "reason": reason, "base": now["sha256"]}, by, as_json=as_json)


def use_model(url: str, name: str, reason: str, by: str | None, *, as_json: bool) -> None:
    """Have the camera try another model for finding people."""
    if parts_of(name) is None:  # what was delivered is known to the camera alone, whose trial judges it
        spec = Catalogue.load().spec(name)
        if spec.task != "person":
            hint = "aislewatch model list says which find people"
            raise OperatorError(f"{name} is a model for {spec.task}", hint=hint)
    now = ask(url, "/v1/config")
    text = with_setting(now["text"], "model", "name", name)
    if text == now["text"]:
        say({"type": "trial", "state": "same", "sha256": now["sha256"]}, f"{name} is in use already", as_json=as_json)
        return
    try_out(url, "/v1/config", {"text": text, "reason": reason, "base": now["sha256"]}, by, as_json=as_json)


def restart(url: str, reason: str, by: str | None, *, as_json: bool) -> None:
    """Have the program on the camera begin anew, in order."""
    told = tell(url, "/v1/restart", {"reason": reason, "by": who(by)})
    say({"type": "restart", **told}, "the camera ends in order and begins anew", as_json=as_json)
