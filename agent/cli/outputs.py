"""The commands that look after the alarm outputs of a running camera."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from agent.cli.asking import ask, tell, who
from agent.cli.printing import say


def show(url: str, *, as_json: bool) -> None:
    """Print every output, and whether the camera is armed."""
    facts = ask(url, "/v1/outputs")
    lines = [*map(_line, facts["outputs"]), _arming(facts["arming"])]
    say({"type": "outputs", **facts}, lines, as_json=as_json)


def test(url: str, name: str, seconds: float, *, confirm: bool, by: str | None, as_json: bool) -> None:
    """Try one output."""
    wish = {"seconds": seconds, "confirm": confirm, "by": who(by)}
    told = tell(url, f"/v1/outputs/{quote(name, safe='')}/test", wish)
    words = f"{name} is on for {told['seconds']:g} s: do you see or hear it?"
    say({"type": "output_test", **told}, words, as_json=as_json)


def silence(url: str, name: str | None, reason: str, by: str | None, *, as_json: bool) -> None:
    """End what sounds."""
    told = tell(url, "/v1/silence", {"reason": reason, "by": who(by), "output": name})
    say({"type": "silence", **told}, f"silenced: {', '.join(told['silenced']) or 'nothing was on'}", as_json=as_json)


def arm(url: str, mode: str, reason: str, by: str | None, for_s: float | None, *, as_json: bool) -> None:
    """Arm, disarm, or go by the schedules."""
    told = tell(url, "/v1/arming", {"mode": mode, "reason": reason, "by": who(by), "for_s": for_s})
    say({"type": "arming", **told}, _arming(told), as_json=as_json)


def _line(output: dict[str, Any]) -> str:
    why = output["fault"] or output["barred"] or (f"for {output['incident']}" if output["incident"] else "")
    on = "ON " if output["on"] else "off"
    return f"{output['name']:16} {on} {output['state']:9} {output['role']:8} {why}".rstrip()


def _arming(wish: dict[str, Any]) -> str:
    words = {"schedule": "armed by the schedules", "armed": "armed", "disarmed": "DISARMED"}[wish["mode"]]
    said = [f"by {wish['by']}"] if wish["by"] else []
    said += [wish["reason"]] if wish["reason"] else []
    return f"{words} ({', '.join(said)})" if said else words
