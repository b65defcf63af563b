"""The camera and the hub as programs in two network namespaces, and what the hub says there."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from agent.hostport import bracketed

ROOT = Path(__file__).parents[2]
CAMERA = ROOT / "tests" / "faults" / "eventful_camera.py"
HUB = ROOT / "tools" / "hub.py"


class HubOutput:
    """What the hub's process has printed so far."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.states: list[str] = []
        self._news = asyncio.Event()

    async def read_events(self, stdout: asyncio.StreamReader) -> None:
        async for line in stdout:
            event = json.loads(line)
            if event.get("kind") == "count":  # a whole camera tells of its health as well
                self.numbers.append(event["n"])
            self._news.set()

    async def read_states(self, stderr: asyncio.StreamReader) -> None:
        async for line in stderr:
            self.states.append(line.decode())
            self._news.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(40):
                while not condition():
                    await self._news.wait()
                    self._news.clear()
        except TimeoutError:
            pytest.fail(f"the hub got {len(self.numbers)} events and said: {self.states}")

    def linked_at(self, address: str) -> bool:
        """Whether it has said that it is linked to a camera there."""
        return any("linked" in state and f"//{bracketed(address)}:" in state for state in self.states)


@asynccontextmanager
async def program(
    inside: Sequence[str], *command: str, stdout: int = asyncio.subprocess.DEVNULL, stderr: int | None = None
) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(*inside, sys.executable, *command, stdout=stdout, stderr=stderr)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def output_of(inside: Sequence[str], *words: str) -> str:
    """What a program prints; it must succeed."""
    process = await asyncio.create_subprocess_exec(
        *inside, sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    told, complaint = await process.communicate()
    assert process.returncode == 0, complaint.decode()
    return told.decode()


@asynccontextmanager
async def hub(inside: Sequence[str], folder: Path, device: str, *options: str) -> AsyncGenerator[HubOutput]:
    pipe, output = asyncio.subprocess.PIPE, HubOutput()
    command = (str(HUB), "--json", "--database", str(folder / "hub.db"), "--camera", device, *options)
    async with program(inside, *command, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        readers = [
            asyncio.create_task(output.read_events(process.stdout)),
            asyncio.create_task(output.read_states(process.stderr)),
        ]
        yield output
    await asyncio.gather(*readers)


def camera_command(folder: Path, device: str, host: str, port: int = 8443) -> tuple[str, ...]:
    """A camera without eyes that announces itself."""
    return (str(CAMERA), str(folder), host, str(port), device, "--announce")


async def aislewatch(*words: str) -> str:
    """What a command prints; it must succeed."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "agent", *words, stdout=pipe, stderr=pipe)
    out, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()
    return out.decode()
