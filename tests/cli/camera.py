"""Commands as a user types them, against a whole simulated camera."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Said:
    """What a command printed, complained of, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> list[dict[str, Any]]:
        """One object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


async def aislewatch(*words: object, url: str = "", **environ: str) -> Said:
    """Run a command; with `url` it asks the camera there."""
    where = ["--camera", url] if url else []
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "agent", *map(str, words), *where,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "COLUMNS": "80", **environ},
    )  # fmt: skip
    out, complaints = await process.communicate()
    assert process.returncode is not None
    return Said(process.returncode, out.decode(), complaints.decode())
