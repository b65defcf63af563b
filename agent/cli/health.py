"""`aislewatch health`: what is wrong with a running camera, since when, how sure, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from agent.cli.asking import ask, tell, who
from agent.cli.foresight import brief
from agent.cli.looks import beside, mark
from agent.cli.printing import say

WORDS = {"ok": "ok     ", "warning": "WARNING", "fault": "FAULT  ", "unknown": "unknown"}

SHORT = {
    "soc_temp_c": "processor",
    "accelerator_temp_c": "accelerator",
    "mem_available_pct": "memory free",
    "disk_free_pct": "disk free",
    "storage_life_used_pct": "storage worn",
    "storage_wear_pct": "storage worn, a guess:",
    "fps": "frames",
    "drop_pct": "dropped",
    "wifi_signal_dbm": "radio",
}
"""What is shown in one line, and how it is called there."""


def show(url: str, *, as_json: bool) -> None:
    """Print it; exit code 1 while something is wrong."""
    facts = ask(url, "/v1/health")
    say({"type": "health_status", **facts}, lines(facts), as_json=as_json)
    if facts["state"] in ("fault", "warning"):
        raise SystemExit(1)


def rebase(url: str, reason: str, by: str | None, *, as_json: bool) -> None:
    """Let the camera learn its scene anew."""
    told = tell(url, "/v1/health/rebase", {"reason": reason, "by": who(by)})
    words = "the scene is being learned anew; keep the view free for a minute"
    say({"type": "rebase", **told}, words, as_json=as_json)


def resume(url: str, reason: str, by: str | None, *, as_json: bool) -> None:
    """Let the camera leave safe mode."""
    told = tell(url, "/v1/health/resume", {"reason": reason, "by": who(by)})
    say({"type": "resume", **told}, "the camera starts anew, and sees again", as_json=as_json)


def lines(facts: dict[str, Any]) -> Iterator[str]:
    """The facts as a person reads them, what is wrong first."""
    if not facts["findings"]:
        yield "nothing is known yet: no frame was looked at, or health.image = false"
    for one in facts["findings"]:
        sure = "" if one["state"] in ("ok", "unknown") else f", {one['confidence']:.0%} sure"
        state = mark(one["state"], WORDS[one["state"]])
        yield f"{state} {one['what']:10} for {_lasting(one['for_s'])}{sure}  {one['detail']}".rstrip()
        if one.get("advice"):
            yield f"  -> {one['advice']}"
    for one in facts.get("forecasts", ()):
        yield brief(one)
    yield from _measured(facts)


def _measured(facts: dict[str, Any]) -> Iterator[str]:
    """The figures a technician asks for first, and what this camera cannot measure."""
    shown = [
        f"{SHORT[name]} {one['value']:.4g}{one['unit']}" for name, one in facts["readings"].items() if name in SHORT
    ]
    if shown:
        yield "now     " + ", ".join(shown)
    if facts["missing"]:
        yield from beside("without ", 8, "; ".join(facts["missing"]))


def _lasting(seconds: float) -> str:
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
