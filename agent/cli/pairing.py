"""The commands of pairing: `pair` shows what the hub is told, `unpair` and `reset` let go."""

from __future__ import annotations

import io
import sys
import time
from collections.abc import Callable

import segno

from agent.cli.asking import ask, tell, who
from agent.cli.printing import say
from agent.errors import OperatorError
from agent.hub.claim_code import ClaimCode

LOOK_EVERY_S = 1.0


def pair(url: str, host: str | None, by: str | None, *, wait: bool, as_json: bool) -> None:
    """Open a claim and show it; with `wait` until the hub has come, exit code 1 where none did."""
    shown = tell(url, "/v1/claim", {"by": who(by)})
    address = host or next(iter(shown["addresses"]), None)
    if address is None:
        raise OperatorError("the camera has no network address", hint="connect it, or give --host ADDRESS")
    code = ClaimCode(shown["id"], shown["fp"], shown["token"], address, shown["port"])
    facts = {"type": "claim", **shown, "code": code.text()}
    say(facts, _shown(code, shown["expires_s"]), as_json=as_json)
    if wait:
        _wait(url, shown["expires_s"], as_json=as_json)


def _shown(code: ClaimCode, expires_s: float) -> list[str]:
    return [
        qr_text(code.text()),
        f"On the hub, within {expires_s / 60:g} minutes:",
        f"  python tools/hub.py claim {code.text()}",
        f"Its key is {_grouped(code.fp)}",
    ]


def qr_text(text: str) -> str:
    """A QR code for a terminal, two rows of modules a line."""
    drawn = io.StringIO()
    segno.make(text, micro=False, error="m").terminal(drawn, compact=True)
    return drawn.getvalue().rstrip("\n")


def _grouped(fp: str) -> str:
    return " ".join(fp[i : i + 4] for i in range(0, len(fp), 4))


def _wait(url: str, seconds: float, *, as_json: bool) -> None:
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        facts = ask(url, "/v1/identity")
        if facts["state"] == "claimed":
            say({"type": "paired", **facts}, "the hub has come: this camera is paired", as_json=as_json)
            return
        time.sleep(LOOK_EVERY_S)
    say({"type": "expired"}, "no hub came in time", as_json=as_json)
    raise SystemExit(1)


def unpair(url: str, reason: str, by: str | None, *, as_json: bool) -> None:
    """Have no hub any more."""
    told = tell(url, "/v1/unpair", {"reason": reason, "by": who(by)})
    say({"type": "unpaired", **told}, f"{told['id']} has no hub any more", as_json=as_json)


def factory_reset(url: str, confirm: str | None, reason: str, by: str | None, *, as_json: bool) -> None:
    """Erase everything; the camera's id confirms it."""
    confirm = confirm or _confirmed(ask(url, "/v1/identity")["id"], input)
    told = tell(url, "/v1/factory-reset", {"confirm": confirm, "reason": reason, "by": who(by)})
    words = f"{told['id']} erases its keys, its hub, its clips and its events, and starts anew"
    say({"type": "factory_reset", **told}, words, as_json=as_json)


def _confirmed(camera: str, read: Callable[[str], str]) -> str:
    """The id as a person types it. Raises OperatorError where nobody is there to type."""
    if not sys.stdin.isatty():
        raise OperatorError(f"this erases everything on {camera}", hint=f"confirm it with --confirm {camera}")
    return read(f"This erases everything on {camera}. Type its id to go on: ").strip()
