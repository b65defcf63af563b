"""`aislewatch model bench`: how fast a model finds people, on this computer or on a camera elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from agent.cli.asking import ask, talking
from agent.cli.looks import Waiting
from agent.cli.options import HERE
from agent.cli.printing import say
from agent.model_desk import ModelDesk
from hal.system import SystemClock

PATIENCE_S = 60.0


def bench(url: str, name: str | None, runs: int, *, as_json: bool) -> None:
    """Time one model, or every one whose file is there."""
    desk = ModelDesk(SystemClock())
    for one in [name] if name else (desk.people() if url == HERE else _people(url)):
        waiting = Waiting(f"timing {one}")
        if url == HERE:
            facts = desk.bench(one, runs, waiting.tick)
            waiting.end()
        else:
            facts = asyncio.run(_benched(url, one, runs, waiting))
        say({"type": "bench", **facts}, _line(one, facts), as_json=as_json)


def _people(url: str) -> list[str]:
    """What the camera has for finding people. Raises OperatorError."""
    models = ask(url, "/v1/models")["models"]
    return [one["name"] for one in models if one.get("task") == "person" and one["path"]]


async def _benched(url: str, name: str, runs: int, waiting: Waiting) -> dict[str, Any]:
    """What the camera measured beside its own work. Raises OperatorError."""
    async with talking(url, PATIENCE_S) as talk:
        return await waiting.during(talk.post("/v1/checks/model", {"name": name, "runs": runs}))


def _line(name: str, facts: Mapping[str, Any]) -> str:
    speed = f"{facts['median_ms']:7.1f} ms (9 of 10 in {facts['p90_ms']:.1f}), {facts['per_s']:.1f} a second"
    return f"{name:18} {speed}  on {facts['device']} {facts['degraded']}".rstrip()
