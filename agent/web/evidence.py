"""Evidence over the API: clips to see, to ask for, to hold, to erase; reports to take away. All of it is audited."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from agent.domain import Json
from agent.errors import OperatorError
from agent.events.journal import Journal
from agent.events.lines import utc_text
from agent.evidence.blur import Blur, blur_clip
from agent.evidence.keeper import Keeper
from agent.evidence.manifest import MANIFEST, SIGNATURE, VIDEO
from agent.evidence.report import Subject, around, write_report
from agent.evidence.service import Evidence
from agent.evidence.vault import StoredClip
from agent.review.desk import Review
from agent.web.bodies import Reason, Who, answer, read_body, refused
from hal.ports import Clock

T = TypeVar("T")
TYPES = {".mp4": "video/mp4", ".jpg": "image/jpeg", ".json": "application/json", ".sig": "text/plain"}
WAIT_S = 5.0


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """`POST /v1/clips`: a stretch of time, UTC seconds."""

    start: float
    end: float
    reason: Reason
    by: Who = ""


class Hold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`POST /v1/clips/ID/hold`."""

    held: bool
    reason: Reason
    by: Who = ""


class Erase(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename={"start": "from", "end": "to"}):
    """`POST /v1/erase`: all that was recorded within a stretch of time (UTC seconds), or everything."""

    reason: Reason
    start: float | None = None
    end: float | None = None
    everything: bool = False
    held_too: bool = False
    by: Who = ""


class PassingFile(web.FileResponse):
    """A file that goes, with its folder, when it has been sent."""

    def __init__(self, path: Path, folder: tempfile.TemporaryDirectory[str]) -> None:
        super().__init__(path, headers={"Content-Disposition": f'attachment; filename="{path.name}"'})
        self._folder = folder

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it."""
        try:
            return await super().prepare(request)
        finally:
            await asyncio.to_thread(self._folder.cleanup)


@dataclass(frozen=True, slots=True)
class EvidenceApi:
    """What people and hubs may ask of the evidence. `camera` gives what a report says about the camera."""

    evidence: Evidence
    review: Review
    journal: Journal
    clock: Clock
    camera: Mapping[str, Json]

    def add_to(self, app: web.Application) -> None:
        """Add the routes."""
        app.router.add_get("/v1/clips", self.stored)
        app.router.add_post("/v1/clips", self.ask)
        app.router.add_get("/v1/clips/{id}", self.show)
        app.router.add_get("/v1/clips/{id}/{file}", self.file)
        app.router.add_post("/v1/clips/{id}/hold", self.hold)
        app.router.add_post("/v1/erase", self.erase)
        app.router.add_get("/v1/incidents/{id}/report.zip", self.report)
        app.router.add_get("/v1/key", self.public_key)

    async def stored(self, request: web.Request) -> web.Response:
        """Every clip, newest first; `?incident=ID` gives those that show it."""
        incident = request.query.get("incident")
        clips = await self._do(lambda keeper: [_facts(clip) for clip in reversed(keeper.vault.clips)])
        return answer({"clips": [clip for clip in clips if incident is None or incident in clip["incidents"]]})

    async def show(self, request: web.Request) -> web.Response:
        """One clip."""
        return answer(_facts(await self._clip(request)))

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file of a clip: the video, a still, the manifest or its signature."""
        clip, name = await self._clip(request), request.match_info["file"]
        stated = {VIDEO, MANIFEST, SIGNATURE, *(file.name for file in clip.manifest.files)}
        if name not in stated:
            raise web.HTTPNotFound(text=f"clip {clip.id} has no such file\n")
        path = self.evidence.keeper.vault.path(clip.id) / name
        self.evidence.audit.record("video_access", clip=clip.id, file=name, who=request.remote or "")
        return web.FileResponse(path, headers={"Content-Type": TYPES[path.suffix]})

    async def ask(self, request: web.Request) -> web.Response:
        """Bring a stretch of time: stored clips that show it, and a new one of what is still in memory."""
        wish = await read_body(request, Ask)
        if not wish.start < wish.end:
            raise web.HTTPBadRequest(text="`from` must be before `to`\n")
        offset_s = self.clock.wall().utc_s - self.clock.monotonic()
        stored = await self._do(lambda keeper: _overlapping(keeper, wish.start, wish.end))
        making = await self._do(lambda keeper: _request(keeper, wish, offset_s))
        self.evidence.audit.record(
            "clip_request", start=utc_text(wish.start), end=utc_text(wish.end), reason=wish.reason, by=wish.by
        )
        said = "recorded" if stored or making else "no recording"
        return answer({"clips": stored, "making": making, "said": said})

    async def hold(self, request: web.Request) -> web.Response:
        """Keep a clip whatever its age, or let it age again."""
        wish, clip = await read_body(request, Hold), await self._clip(request)
        if wish.held:
            await self._do(lambda keeper: keeper.vault.hold(clip.id, wish.reason))
        else:
            await self._do(lambda keeper: keeper.vault.release(clip.id))
        self.evidence.audit.record("hold", clip=clip.id, held=wish.held, reason=wish.reason, by=wish.by)
        return answer(_facts(await self._clip(request)))

    async def erase(self, request: web.Request) -> web.Response:
        """Erase recordings for good; the audit log keeps the proof. What is held stays unless that is said."""
        wish = await read_body(request, Erase)
        _check(wish)
        offset_s = self.clock.wall().utc_s - self.clock.monotonic()
        gone, kept = await self._do(lambda keeper: _erase(keeper, wish, offset_s))
        asked: dict[str, Json] = {"from": wish.start, "to": wish.end, "everything": wish.everything}
        self.evidence.audit.record("erasure", asked=asked, clips=[*gone], held=[*kept], reason=wish.reason, by=wish.by)
        return answer({"erased": gone, "held": kept})

    async def report(self, request: web.Request) -> web.StreamResponse:
        """The signed report of an incident with its clips, as one file; `?blur=others|everyone` covers people."""
        blur = _blur(request)
        incident, explanation = await self._incident(request.match_info["id"])
        subject = Subject(incident, explanation, self.camera)
        records = await around(self.journal, subject)
        clips = await self._do(lambda keeper: _showing(keeper, subject.id))
        folder = tempfile.TemporaryDirectory(prefix="aislewatch-report-")
        path = Path(folder.name) / f"{subject.id}.zip"
        try:
            if blur:
                clips = await asyncio.to_thread(self._blurred, clips, Path(folder.name), blur, subject)
            await asyncio.to_thread(write_report, path, subject, records, clips, self.evidence.key, self.clock.wall())
        except OSError as error:
            folder.cleanup()
            raise web.HTTPServiceUnavailable(text=f"the report cannot be made: {error.strerror}\n") from None
        except OperatorError as error:
            folder.cleanup()
            raise refused(error) from None
        names: list[Json] = [clip.name for clip in clips]
        self.evidence.audit.record(
            "export", incident=subject.id, clips=names, blur=blur and str(blur), who=request.remote or ""
        )
        return PassingFile(path, folder)

    def _blurred(self, clips: Sequence[Path], out: Path, blur: Blur, subject: Subject) -> list[Path]:
        tracks = [int(track) for track in subject.incident["tracks"]]
        return [blur_clip(clip, out, blur, tracks, self.evidence.key) for clip in clips]

    async def public_key(self, _: web.Request) -> web.Response:
        """The key that verifies this camera's evidence (PEM)."""
        return web.Response(body=self.evidence.key.public.pem(), content_type="application/x-pem-file")

    async def _incident(self, incident: str) -> tuple[dict[str, Any], dict[str, Any]]:
        await self.review.keeper.catch_up()
        entry, explanation = self.review.keeper.book.get(incident), self.review.explain(incident)
        if entry is None or explanation is None:
            raise web.HTTPNotFound(text=f"no incident {incident[:80]!r} is kept here\n")
        return entry.fields(), explanation

    async def _clip(self, request: web.Request) -> StoredClip:
        clip_id = request.match_info["id"]
        clip = await self._do(lambda keeper: keeper.vault.clip(clip_id))
        if clip is None:
            raise web.HTTPNotFound(text=f"no clip {clip_id[:80]!r} is kept here\n")
        return clip

    async def _do(self, work: Callable[[Keeper], T]) -> T:
        """Do something on the evidence thread. Raises HTTPServiceUnavailable where the disk or the thread does not."""
        try:
            async with asyncio.timeout(WAIT_S):
                return await asyncio.wrap_future(self.evidence.thread.call(work))
        except TimeoutError:
            raise web.HTTPServiceUnavailable(text="the disk does not answer\n") from None
        except OSError as error:
            raise web.HTTPServiceUnavailable(text=f"the disk refuses: {error.strerror}\n") from None


def _blur(request: web.Request) -> Blur | None:
    """Who is to be made unrecognisable. Raises HTTPBadRequest for another word."""
    word = request.query.get("blur")
    if word is None:
        return None
    if word not in (*Blur,):
        raise web.HTTPBadRequest(text=f"`blur` is one of {', '.join(Blur)}\n")
    return Blur(word)


def _check(wish: Erase) -> None:
    """Raises HTTPBadRequest for a wish that leaves open what is to go: it would be gone for good."""
    given = wish.start is not None, wish.end is not None
    if given != ((False, False) if wish.everything else (True, True)):
        raise web.HTTPBadRequest(text="give `from` and `to`, or say `everything`\n")
    if wish.start is not None and wish.end is not None and not wish.start < wish.end:
        raise web.HTTPBadRequest(text="`from` must be before `to`\n")


def _facts(clip: StoredClip) -> dict[str, Any]:
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


def _shows(clip: StoredClip, start: float, end: float) -> bool:
    video = clip.manifest.video
    return video.start_utc_s < end and start < video.start_utc_s + video.duration_s


def _overlapping(keeper: Keeper, start: float, end: float) -> list[dict[str, Any]]:
    return [_facts(clip) for clip in keeper.vault.clips if _shows(clip, start, end)]


def _showing(keeper: Keeper, incident: str) -> list[Path]:
    clips = (clip for clip in keeper.vault.clips if any(one.id == incident for one in clip.manifest.incidents))
    return [keeper.vault.path(clip.id) for clip in clips]


def _request(keeper: Keeper, wish: Ask, offset_s: float) -> str | None:
    """Begin a clip of what is in memory or still to come; None where that holds nothing of the stretch."""
    start_s, end_s = wish.start - offset_s, wish.end - offset_s
    span = keeper.ring.span()
    if span is None or end_s <= span[0] or start_s > span[1] + keeper.most_s:
        return None
    return keeper.request(max(start_s, span[0]), end_s, wish.reason).id


def _erase(keeper: Keeper, wish: Erase, offset_s: float) -> tuple[list[str], list[str]]:
    """Erase what is stored, in the making and in memory; the clips that are gone, and those that are held."""
    start = -inf if wish.everything or wish.start is None else wish.start
    end = inf if wish.everything or wish.end is None else wish.end
    keeper.forget(start - offset_s, end - offset_s)
    wanted = [clip for clip in keeper.vault.clips if _shows(clip, start, end)]
    going = [clip for clip in wanted if wish.held_too or not clip.held]
    for clip in going:
        keeper.erase(clip.id, "asked", reason=wish.reason, by=wish.by)
    return [clip.id for clip in going], [clip.id for clip in wanted if clip not in going]
