"""`aislewatch net check` and `aislewatch storage check`: made by the camera, or on this computer, and shown here."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.cli import probes
from agent.cli.asking import NoAnswer, talking
from agent.cli.looks import Waiting, beside, mark
from agent.cli.options import HERE
from agent.cli.printing import say
from agent.doctor.disk_check import SIZE_MB, disk_steps
from agent.doctor.net_check import network_steps
from agent.doctor.steps import Step
from agent.errors import OperatorError
from hal.system import SystemClock

PATIENCE_S = 60.0
"""More than the camera takes for a check that does not end."""
CAMERA, THIS = "camera", "this computer"


def net(url: str, ntp: str, portal: str, *, offline: bool, here: bool, as_json: bool) -> None:
    """Print what works of the network; exit code 1 where something does not."""
    wish = {"ntp": ntp, "portal": portal, "offline": offline}
    where, steps = asyncio.run(_net(url, wish, here=here))
    _tell("net", where, steps, as_json=as_json)


async def _net(url: str, wish: Mapping[str, Any], *, here: bool) -> tuple[str, list[Step]]:
    """Where the steps were made, and they; a camera of this computer that does not answer is looked at from beside."""
    waiting = Waiting("asking the network")
    try:
        told = None if here else await waiting.during(_asked(url, "/v1/checks/network", wish))
    except NoAnswer:
        if url != HERE:
            raise
        told = None
    own = network_steps(wish["ntp"], wish["portal"], SystemClock(), offline=wish["offline"])
    steps = told if told is not None else await waiting.during(own)
    return THIS if told is None else CAMERA, [*steps, *await waiting.during(_seen(url))]


async def _seen(url: str) -> list[Step]:
    """What this computer sees of the camera."""
    try:
        async with talking(url) as talk:
            return await probes.camera(talk, SystemClock())
    except OperatorError as error:
        return [Step("camera", "fault", str(error), error.hint)]


def storage(url: str, folder: Path | None, *, as_json: bool) -> None:
    """Print how a disk is: space, speed, wear, errors; exit code 1 where that is bad."""
    where, steps = asyncio.run(_storage(url, folder))
    _tell("storage", where, steps, as_json=as_json)


async def _storage(url: str, folder: Path | None) -> tuple[str, list[Step]]:
    """The camera's own disk; that below a folder of this computer where one is named."""
    waiting = Waiting(f"writing {SIZE_MB} MiB")
    if folder is None:
        return CAMERA, await waiting.during(_asked(url, "/v1/checks/disk", {}))
    return THIS, await waiting.during(asyncio.to_thread(disk_steps, folder, SystemClock()))


async def _asked(url: str, path: str, wish: Mapping[str, Any]) -> list[Step]:
    """What the camera found. Raises OperatorError."""
    async with talking(url, PATIENCE_S) as talk:
        return [Step(**step) for step in (await talk.post(path, wish))["steps"]]


def _tell(what: str, where: str, steps: Iterable[Step], *, as_json: bool) -> None:
    """Print the steps; exit code 1 where one is a fault."""
    told = list(steps)
    if not as_json:
        print(f"looked at from {'the camera' if where == CAMERA else where}:")
    for step in told:
        say({"type": f"{what}_check", "where": where, **step._asdict()}, _lines(step), as_json=as_json)
    if any(step.state == "fault" for step in told):
        raise SystemExit(1)


def _lines(step: Step) -> Iterator[str]:
    yield from beside(f"{mark(step.state, f'{step.state:8}')} {step.name:9} ", 21, step.detail)
    if step.advice:
        yield from beside("  -> ", 5, step.advice)
