"""Whether a camera is well, by two of its own statuses some seconds apart: it sees, finds people and stores. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Facts = Mapping[str, Any]


def complaints(before: Facts, after: Facts) -> list[str]:
    """What is wrong by two answers of `/v1/status`; [] for a camera that is well. What cannot be read is wrong."""
    try:
        return _complaints(before, after)
    except (KeyError, TypeError) as error:
        return [f"its status lacks {error}"]


def _complaints(before: Facts, after: Facts) -> list[str]:
    found = []
    if after["uptime_s"] < before["uptime_s"]:
        found.append("it started anew while it was watched")
    if not after["camera"]["open"] or after["camera"]["captured"] <= before["camera"]["captured"]:
        found.append("the camera delivers no pictures")
    if after["camera"]["walked"] <= before["camera"]["walked"]:
        found.append("no picture comes through the rules")
    if after["camera"]["inferred"] < 1:
        found.append("the model has not run once")
    if after["model"]["blind"]:
        found.append(f"the model does not see: {after['model']['blind']}")
    if not after["journal"]["durable"]:
        found.append("the journal does not reach the disk")
    return found
