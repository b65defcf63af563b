"""The camera and the hub as the programs that people start, each with a wall clock of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tests.attacks.shop import ask
from tools.loopback import free_port

ROOT = Path(__file__).parents[2]
HUB = ROOT / "tools" / "hub.py"
CLOCK = Path(__file__).with_name("wall_clock.c")
START_S = 60.0

CONFIG = """
[camera]
name = "till"
scene = "{scene}"
width = 640
height = 360
fps = 10
[model]
name = "person-s"
[pose]
model = ""
[api]
port = {port}
tls_port = {tls_port}
announce = false
[storage]
data_dir = "{folder}"
[gpio]
driver = "simulated"
"""


def no_compiler() -> str:
    """Why no clock can be put wrong here; empty where it can."""
    return "" if shutil.which("gcc") else "putting a program's clock wrong needs gcc (apt-get install gcc libc6-dev)"


def wrong_clock(folder: Path, ahead_s: float) -> dict[str, str]:
    """The environment of a program whose wall clock is that much ahead."""
    library = folder / "wall_clock.so"
    command = ["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-o", str(library), str(CLOCK), "-ldl"]
    subprocess.run(command, check=True)
    return {"LD_PRELOAD": str(library), "WALL_AHEAD_S": str(round(ahead_s))}


@dataclass(frozen=True, slots=True)
class CameraProgram:
    """A running `aislewatch run`."""

    process: asyncio.subprocess.Process
    port: int
    tls_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def code(self) -> str:
        """A claim, as text."""
        status, shown = await ask(f"{self.url}/v1/claim", {})
        assert status == 200, shown
        return f"AISLEWATCH:1:{shown['id']}:{shown['fp']}:{shown['token']}:127.0.0.1:{self.tls_port}"

    async def status(self) -> dict[str, Any]:
        facts: dict[str, Any] = (await ask(f"{self.url}/v1/status"))[1]
        return facts

    def rss_mb(self) -> float:
        """Resident memory, MiB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


@asynccontextmanager
async def camera_program(
    folder: Path, environment: Mapping[str, str] | None = None, scene: str = "empty"
) -> AsyncIterator[CameraProgram]:
    """Start a camera and wait until it answers; it is stopped in order at the end."""
    port, tls_port, config = free_port(), free_port(), folder / "camera.toml"
    config.write_text(CONFIG.format(scene=scene, port=port, tls_port=tls_port, folder=folder), encoding="utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "agent",
        "run",
        "--config",
        str(config),
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        made = CameraProgram(process, port, tls_port)
        async with asyncio.timeout(START_S):
            await _answers(made)
        yield made
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def _answers(camera: CameraProgram) -> None:
    """Wait until it sees and answers."""
    while True:
        assert camera.process.returncode is None, "the camera ended"
        with suppress(aiohttp.ClientError):
            if (await camera.status())["camera"]["walked"] > 0:
                return
        await asyncio.sleep(0.05)


@dataclass(slots=True)
class HubProgram:
    """`tools/hub.py` with its own folder; every command is a process."""

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    async def command(self, *words: str) -> str:
        """What a command prints; it must succeed."""
        process = await self._start(*words)
        said, complaint = await process.communicate()
        assert process.returncode == 0, complaint.decode()
        return said.decode()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[list[dict[str, Any]]]:
        """The hub runs; the events that it prints."""
        events: list[dict[str, Any]] = []
        process = await self._start("run", "--no-browse", "--json", complaints=asyncio.subprocess.DEVNULL)
        reading = asyncio.create_task(self._read(process, events))
        try:
            yield events
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
            await process.wait()
            await reading

    async def _start(self, *words: str, complaints: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            str(HUB),
            *words,
            "--database",
            str(self.folder / "hub.db"),
            env={**os.environ, **self.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=complaints,
        )

    async def _read(self, process: asyncio.subprocess.Process, events: list[dict[str, Any]]) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            events.append(json.loads(line))
