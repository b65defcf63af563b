"""What a running camera tells a doctor: its own word on everything, and a look at its files and its network."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from agent.config import Config
from agent.doctor.facts import Facts, Line, Picture, Told
from agent.doctor.files import files_facts
from agent.doctor.network import heard, loss_pct
from agent.doctor.processor import starving
from agent.doctor.record import record_files
from agent.domain import Json
from agent.keys import DeviceKey
from hal.ports import Clock


@dataclass(slots=True)
class DoctorDesk:
    """Belongs to the event loop. `status`, `health` and `aim` are those of the API; `announced` whether mDNS is on.

    `dark` says whether the picture may be dark now, as in a closed shop: it is not judged then. `foreign` counts those
    who came with a certificate of another authority. Who asks at the same time shares a look.
    """

    config: Config
    clock: Clock
    status: Callable[[], Mapping[str, Any]]
    health: Callable[[], Mapping[str, Any]]
    aim: Callable[[], Awaitable[Mapping[str, Any] | None]]
    dark: Callable[[], bool]
    foreign: Callable[[], int]
    announced: bool
    safe: bool
    key: DeviceKey | None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _last: tuple[float, Facts] | None = None

    async def facts(self) -> Facts:
        """One look; takes some seconds."""
        asked_s = self.clock.monotonic()
        async with self._lock:
            if self._last is None or self._last[0] < asked_s:
                begun_s = self.clock.monotonic()
                self._last = begun_s, await self._look()
            return self._last[1]

    async def _look(self) -> Facts:
        listening = heard(str(self.status()["id"])) if self.announced else _nobody()
        files, loss, starved, picture, is_heard = await asyncio.gather(
            asyncio.to_thread(files_facts, self.config),
            asyncio.to_thread(loss_pct),
            starving(),
            self._picture(),
            listening,
        )
        status, wall = self.status(), self.clock.wall()
        told = told_of(self.health())
        own = {**running_facts(status, told), "utc_s": wall.utc_s, "synchronised": wall.synchronised}
        own["starved_pct"] = starved
        network = {"loss_pct": loss, "heard": is_heard, "foreign": self.foreign(), "newest": version("aislewatch")}
        return Facts(**{**files, **own, **network, "picture": picture, "config": (), "safe": self.safe})

    async def record(self, by: str, note: str) -> dict[str, bytes]:
        """The files of a record of this very moment, signed by the camera's key where it has one."""
        facts = await self.facts()
        return await asyncio.to_thread(record_files, facts, by, note, self.key)

    async def _picture(self) -> Picture | None:
        aim = None if self.safe or self.dark() else await self.aim()
        return Picture(aim["sharpness"], aim["exposure"], aim["mean"], aim["spread"]) if aim else None


async def _nobody() -> None:
    """Nothing is announced, and nothing to be heard."""


def told_of(health: Mapping[str, Any]) -> dict[str, Any]:
    """The readings and the findings that stand, of what `/v1/health` answers."""
    wrong = {one["what"]: Told(one["state"], one["detail"]) for one in health["findings"] if one["state"] in _WRONG}
    return {"told": wrong, "readings": {name: one["value"] for name, one in health["readings"].items()}}


_WRONG = ("warning", "fault")


def running_facts(status: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """What `/v1/status` answers, in the doctor's words."""
    hubs: list[Mapping[str, Json]] = status["hubs"]
    outputs = tuple(Line(one["name"], _fault(one)) for one in status["outputs"])
    return {
        **told,
        "serial": status["id"],
        "board": status["board"],
        "version": status["fw"],
        "uptime_s": status["uptime_s"],
        "receiving": status["camera"]["open"],
        "fallback": status["model"]["degraded"],
        "model_blind": status["model"]["blind"],
        "outputs": outputs,
        "lines_wrong": "",
        "hubs": sum(bool(hub["hub"]) for hub in hubs),
        "call_trouble": (status.get("call_home") or {}).get("trouble", ""),
    }


def _fault(output: Mapping[str, Any]) -> str:
    return str(output["fault"] or ("it does not follow" if output["faulted"] else ""))
