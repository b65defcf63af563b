"""What people and hubs may ask of the evidence, whichever way they ask; every look at video is audited."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from agent.domain import Json
from agent.errors import Incomplete, OperatorError
from agent.events.lines import utc_text
from agent.evidence.keeper import Keeper
from agent.evidence.manifest import MANIFEST, SIGNATURE, VIDEO
from agent.evidence.service import Evidence
from agent.evidence.vault import StoredClip
from hal.ports import Clock

T = TypeVar("T")
WAIT_S = 5.0
TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".json": "application/json", ".sig": "text/plain"}


class Unanswered(OperatorError):
    """The disk or the thread that keeps evidence does not answer just now."""


class UnknownClip(OperatorError):
    """No clip, or no file of a clip, has that name."""


@dataclass(frozen=True, slots=True)
class EvidenceDesk:
    """Belongs to the event loop."""

    evidence: Evidence
    clock: Clock

    async def do(self, work: Callable[[Keeper], T]) -> T:
        """Do something on the evidence thread. Raises Unanswered where the disk or the thread does not answer."""
        try:
            async with asyncio.timeout(WAIT_S):
                return await asyncio.wrap_future(self.evidence.thread.call(work))
        except TimeoutError:
            raise Unanswered("the disk does not answer") from None
        except OSError as error:
            raise Unanswered(f"the disk refuses: {error.strerror}") from None

    async def clip(self, clip_id: str) -> StoredClip:
        """A clip that is stored. Raises UnknownClip, Unanswered."""
        clip = await self.do(lambda keeper: keeper.vault.clip(clip_id))
        if clip is None:
            raise UnknownClip(f"no clip {clip_id[:80]!r} is kept here")
        return clip

    async def file(self, clip_id: str, name: str, *, who: str) -> Path:
        """Where a file of a clip lies: the video, a still, the manifest or its signature; who looks is audited.

        Raises UnknownClip, Unanswered.
        """
        clip = await self.clip(clip_id)
        if name not in {VIDEO, MANIFEST, SIGNATURE, *(file.name for file in clip.manifest.files)}:
            raise UnknownClip(f"clip {clip.id} has no such file")
        self.evidence.audit.record("video_access", clip=clip.id, file=name, who=who)
        return self.evidence.keeper.vault.path(clip.id) / name

    async def bring(self, start: float, end: float, reason: str, *, by: str) -> dict[str, Json]:
        """Bring a stretch of time (UTC seconds): stored clips that show it, and a new one of what is still in memory.

        Raises Incomplete, Unanswered.
        """
        if not start < end:
            raise Incomplete("`from` must be before `to`")
        offset_s = self.clock.wall().utc_s - self.clock.monotonic()
        stored: list[Json] = [*await self.do(lambda keeper: _overlapping(keeper, start, end))]
        making = await self.do(lambda keeper: _begin(keeper, start - offset_s, end - offset_s, reason))
        self.evidence.audit.record("clip_request", start=utc_text(start), end=utc_text(end), reason=reason, by=by)
        return {"clips": stored, "making": making, "said": "recorded" if stored or making else "no recording"}


def clip_facts(clip: StoredClip) -> dict[str, Any]:
    """A stored clip as people and hubs are told of it."""
    video = clip.manifest.video
    return {
        "id": clip.id,
        "severity": str(clip.severity),
        "incidents": [incident.id for incident in clip.manifest.incidents],
        "reason": clip.manifest.reason,
        "start_utc": utc_text(video.start_utc_s),
        "start_utc_s": round(video.start_utc_s, 3),
        "duration_s": video.duration_s,
        "ended": str(video.ended),
        "bytes": clip.bytes,
        "held": clip.held,
        "stills": clip.manifest.stills,
    }


def shows(clip: StoredClip, start: float, end: float) -> bool:
    """Whether a clip shows anything of a stretch of time (UTC seconds)."""
    video = clip.manifest.video
    return video.start_utc_s < end and start < video.start_utc_s + video.duration_s


def _overlapping(keeper: Keeper, start: float, end: float) -> list[dict[str, Any]]:
    return [clip_facts(clip) for clip in keeper.vault.clips if shows(clip, start, end)]


def _begin(keeper: Keeper, start_s: float, end_s: float, reason: str) -> str | None:
    """Begin a clip of what is in memory or still to come; None where that holds nothing of the stretch (monotonic)."""
    span = keeper.ring.span()
    if span is None or end_s <= span[0] or start_s > span[1] + keeper.most_s:
        return None
    return keeper.request(max(start_s, span[0]), end_s, reason).id
