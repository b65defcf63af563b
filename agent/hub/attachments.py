"""What a hub may fetch from the camera: files of stored clips, and the snapshots it asked for."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agent.errors import OperatorError

CLIP, SNAPSHOT = "clip", "snapshot"
MOST_SNAPSHOTS = 8


class Source(Protocol):
    """The bytes of one attachment, which do not change while it exists."""

    @property
    def size(self) -> int: ...

    @property
    def media(self) -> str: ...

    async def read(self, offset: int, length: int) -> bytes:
        """That many bytes from there on. Raises OSError when it is gone or cannot be read."""
        ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file; it is opened for each stretch, so that an erased one is not sent to its end."""

    path: Path
    size: int
    media: str

    async def read(self, offset: int, length: int) -> bytes:
        """A stretch of the file, read on a thread. Raises OSError."""
        return await asyncio.to_thread(self._read, offset, length)

    def _read(self, offset: int, length: int) -> bytes:
        with self.path.open("rb") as file:
            file.seek(offset)
            content = file.read(length)
        if len(content) != min(length, self.size - offset):
            raise OSError(f"{self.path.name} is not as long as it was")
        return content


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes in memory."""

    content: bytes
    media: str

    @property
    def size(self) -> int:
        return len(self.content)

    async def read(self, offset: int, length: int) -> bytes:
        """A stretch of them."""
        return self.content[offset : offset + length]


OpenClip = Callable[[str, str, str], Awaitable[StoredFile]]
"""A file of a clip, for somebody: (clip id, file name, who). Raises OperatorError for an unknown one."""


class Attachments:
    """Belongs to the event loop. `open_clip` is None where no evidence is kept."""

    def __init__(self, open_clip: OpenClip | None = None) -> None:
        self._open_clip = open_clip
        self._snapshots: dict[str, Held] = {}

    def kinds(self) -> list[str]:
        """What may be fetched."""
        return [*([CLIP] if self._open_clip else []), SNAPSHOT]

    def keep(self, jpeg: bytes) -> str:
        """Hold a picture until newer ones take its place; what it is called."""
        what = f"{SNAPSHOT}/{secrets.token_hex(8)}.jpg"
        self._snapshots[what] = Held(jpeg, "image/jpeg")
        while len(self._snapshots) > MOST_SNAPSHOTS:
            self._snapshots.pop(next(iter(self._snapshots)))
        return what

    async def open(self, what: str, who: str) -> Source:
        """What is called so. Raises OperatorError where nothing is, or not any more."""
        kind, *rest = what.split("/")
        if kind == CLIP and self._open_clip and len(rest) == 2:
            return await self._open_clip(rest[0], rest[1], who)
        if (held := self._snapshots.get(what)) is not None:
            return held
        raise OperatorError(f"there is no {what}", hint=f"known: {', '.join(self.kinds())}")
