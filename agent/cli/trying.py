"""Follows a configuration on trial until the camera has kept it or taken it back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from agent.cli.asking import NoAnswer, Talk, talking, tell, who
from agent.cli.looks import Waiting, mark
from agent.cli.printing import say
from agent.errors import OperatorError

LOOK_EVERY_S = 0.5
GRACE_S = 60.0
"""Beyond the trial itself: restarts take time."""


def try_out(url: str, path: str, said: Mapping[str, object], by: str | None, *, as_json: bool) -> None:
    """Have the camera try a change, and wait for the verdict; exit code 1 where it was taken back."""
    if not tried(url, path, said, by, as_json=as_json):
        raise SystemExit(1)


def tried(url: str, path: str, said: Mapping[str, object], by: str | None, *, as_json: bool) -> bool:
    """Have the camera try a change, wait for the verdict and tell it: whether it was kept. Raises OperatorError."""
    told = tell(url, path, {**said, "by": who(by)})
    ending = asyncio.run(_verdict(url, told))
    kept = bool(ending["state"] == "confirmed")
    words = "the camera is well under it: kept" if kept else f"taken back: {ending['why']}"
    say({"type": "trial", **ending}, mark("ok" if kept else "fault", words), as_json=as_json)
    return kept


async def _verdict(url: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """How the trial ended. Raises OperatorError where the camera does not come back."""
    waiting, begun_s = Waiting(f"on trial for at most {told['trial_s']:g} s"), time.monotonic()
    try:
        async with talking(url) as talk:
            while (for_s := time.monotonic() - begun_s) < told["trial_s"] + GRACE_S:
                waiting.tick(for_s)
                if (ending := await _ending(talk, told)) is not None:
                    return ending
                await asyncio.sleep(LOOK_EVERY_S)
    finally:
        waiting.end()
    hint = "it goes back to the configuration before by itself; aislewatch config show says which one it has"
    raise OperatorError("the camera has not told in time how the trial ended", hint=hint)


async def _ending(talk: Talk, told: Mapping[str, Any]) -> dict[str, Any] | None:
    """The verdict, None while there is none or the camera restarts."""
    try:
        now = await talk.get("/v1/config")
    except NoAnswer:
        return None
    trial, facts = now["trial"], {"sha256": now["sha256"], "before": told["before"]}
    if trial is not None and trial["sha256"] == told["sha256"]:
        return None if trial["state"] == "pending" else {**facts, "state": trial["state"], "why": trial["why"]}
    if now["sha256"] == told["sha256"]:
        return {**facts, "state": "confirmed", "why": ""}
    return {**facts, "state": "rolled_back", "why": "the camera runs under another configuration again"}
