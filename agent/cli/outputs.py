"""The commands that look after the alarm outputs of a running camera."""

from __future__ import annotations

from typing import Any

import msgspec

from agent.cli.asking import ask, tell


def show(url: str, *, as_json: bool) -> None:
    """Print every output, and whether the camera is armed."""
    facts = ask(url, "/v1/outputs")
    _print("outputs", facts, as_json, *map(_line, facts["outputs"]), _arming(facts["arming"]))


def test(url: str, name: str, seconds: float, *, confirm: bool, by: str, as_json: bool) -> None:
    """Try one output."""
    told = tell(url, f"/v1/outputs/{name}/test", {"seconds": seconds, "confirm": confirm, "by": by})
    _print("output_test", told, as_json, f"{name} is on for {told['seconds']:g} s: do you see or hear it?")


def silence(url: str, name: str | None, reason: str, by: str, *, as_json: bool) -> None:
    """End what sounds."""
    told = tell(url, "/v1/silence", {"reason": reason, "by": by, "output": name})
    _print("silence", told, as_json, f"silenced: {', '.join(told['silenced']) or 'nothing was on'}")


def arm(url: str, mode: str, reason: str, by: str, for_s: float | None, *, as_json: bool) -> None:
    """Arm, disarm, or go by the schedules."""
    told = tell(url, "/v1/arming", {"mode": mode, "reason": reason, "by": by, "for_s": for_s})
    _print("arming", told, as_json, _arming(told))


def _line(output: dict[str, Any]) -> str:
    why = output["fault"] or output["barred"] or (f"for {output['incident']}" if output["incident"] else "")
    on = "ON " if output["on"] else "off"
    return f"{output['name']:16} {on} {output['state']:9} {output['role']:8} {why}".rstrip()


def _arming(wish: dict[str, Any]) -> str:
    words = {"schedule": "armed by the schedules", "armed": "armed", "disarmed": "DISARMED"}[wish["mode"]]
    said = [f"by {wish['by']}"] if wish["by"] else []
    said += [wish["reason"]] if wish["reason"] else []
    return f"{words} ({', '.join(said)})" if said else words


def _print(kind: str, facts: dict[str, Any], as_json: bool, *lines: str) -> None:
    for line in [msgspec.json.encode({"type": kind, **facts}).decode()] if as_json else lines:
        print(line)
