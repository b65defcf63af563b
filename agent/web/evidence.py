"""Evidence over the API: clips to see, to ask for, to hold, to erase; reports to take away. All of it is audited."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from agent.evidence.audit import AuditLog
from agent.evidence.blur import Blur, blur_clip
from agent.evidence.desk import TYPES, EvidenceDesk, Unanswered, UnknownClip, clip_facts, shows
from agent.evidence.keeper import Keeper
from agent.evidence.report import Subject, around, write_report
from agent.evidence.vault import StoredClip
from agent.review.desk import Review
from agent.web.bodies import Reason, Who, answer, read_body, read_query, refused, unknown
from agent.web.callers import name_of

T = TypeVar("T")


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


class Showing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of `GET /v1/clips`: the clips that show this incident."""

    incident: str | None = None


class Covered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The query of `GET /v1/incidents/ID/report.zip`: who is made unrecognisable."""

    blur: Blur | None = None


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

    desk: EvidenceDesk
    review: Review
    journal: Journal
    camera: Mapping[str, Json]

    @property
    def audit(self) -> AuditLog:
        """Where all of it is noted."""
        return self.desk.evidence.audit

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
        incident = read_query(request, Showing).incident
        clips = await self._do(lambda keeper: [clip_facts(clip) for clip in reversed(keeper.vault.clips)])
        return answer({"clips": [clip for clip in clips if incident is None or incident in clip["incidents"]]})

    async def show(self, request: web.Request) -> web.Response:
        """One clip."""
        return answer(clip_facts(await self._clip(request)))

    async def file(self, request: web.Request) -> web.StreamResponse:
        """A file of a clip: the video, a still, the manifest or its signature."""
        asked = request.match_info
        path = await _answered(self.desk.file(asked["id"], asked["file"], who=name_of(request)))
        return web.FileResponse(path, headers={"Content-Type": TYPES[path.suffix]})

    async def ask(self, request: web.Request) -> web.Response:
        """Bring a stretch of time: stored clips that show it, and a new one of what is still in memory."""
        wish = await read_body(request, Ask)
        return answer(await _answered(self.desk.bring(wish.start, wish.end, wish.reason, by=wish.by)))

    async def hold(self, request: web.Request) -> web.Response:
        """Keep a clip whatever its age, or let it age again."""
        wish, clip = await read_body(request, Hold), await self._clip(request)
        if wish.held:
            await self._do(lambda keeper: keeper.vault.hold(clip.id, wish.reason))
        else:
            await self._do(lambda keeper: keeper.vault.release(clip.id))
        self.audit.record("hold", clip=clip.id, held=wish.held, reason=wish.reason, by=wish.by)
        return answer(clip_facts(await self._clip(request)))

    async def erase(self, request: web.Request) -> web.Response:
        """Erase recordings for good; the audit log keeps the proof. What is held stays unless that is said."""
        wish = await read_body(request, Erase)
        _check(wish)
        offset_s = self.desk.clock.wall().utc_s - self.desk.clock.monotonic()
        gone, kept = await self._do(lambda keeper: _erase(keeper, wish, offset_s))
        asked: dict[str, Json] = {"from": wish.start, "to": wish.end, "everything": wish.everything}
        self.audit.record("erasure", asked=asked, clips=[*gone], held=[*kept], reason=wish.reason, by=wish.by)
        return answer({"erased": gone, "held": kept})

    async def report(self, request: web.Request) -> web.StreamResponse:
        """The signed report of an incident with its clips, as one file; `?blur=others|everyone` covers people."""
        blur = read_query(request, Covered).blur
        incident, explanation = await self._incident(request.match_info["id"])
        subject = Subject(incident, explanation, self.camera)
        records = await around(self.journal, subject)
        clips = await self._do(lambda keeper: _showing(keeper, subject.id))
        folder = tempfile.TemporaryDirectory(prefix="aislewatch-report-")
        path = Path(folder.name) / f"{subject.id}.zip"
        try:
            if blur:
                clips = await asyncio.to_thread(self._blurred, clips, Path(folder.name), blur, subject)
            await asyncio.to_thread(
                write_report, path, subject, records, clips, self.desk.evidence.key, self.desk.clock.wall()
            )
        except OSError as error:
            folder.cleanup()
            raise web.HTTPServiceUnavailable(text=f"the report cannot be made: {error.strerror}\n") from None
        except OperatorError as error:
            folder.cleanup()
            raise refused(error) from None
        names: list[Json] = [clip.name for clip in clips]
        self.audit.record("export", incident=subject.id, clips=names, blur=blur and str(blur), who=name_of(request))
        return PassingFile(path, folder)

    def _blurred(self, clips: Sequence[Path], out: Path, blur: Blur, subject: Subject) -> list[Path]:
        tracks = [int(track) for track in subject.incident["tracks"]]
        return [blur_clip(clip, out, blur, tracks, self.desk.evidence.key) for clip in clips]

    async def public_key(self, _: web.Request) -> web.Response:
        """The key that verifies this camera's evidence (PEM)."""
        return web.Response(body=self.desk.evidence.key.public.pem(), content_type="application/x-pem-file")

    async def _incident(self, incident: str) -> tuple[dict[str, Any], dict[str, Any]]:
        await self.review.keeper.catch_up()
        entry, explanation = self.review.keeper.book.get(incident), self.review.explain(incident)
        if entry is None or explanation is None:
            raise web.HTTPNotFound(text=f"no incident {incident[:80]!r} is kept here\n")
        return self.review.told(entry), explanation

    async def _clip(self, request: web.Request) -> StoredClip:
        return await _answered(self.desk.clip(request.match_info["id"]))

    async def _do(self, work: Callable[[Keeper], T]) -> T:
        return await _answered(self.desk.do(work))


async def _answered(asking: Awaitable[T]) -> T:
    """What the desk says, or its refusal in HTTP's terms."""
    try:
        return await asking
    except UnknownClip as error:
        raise unknown(error) from None
    except Unanswered as error:
        raise web.HTTPServiceUnavailable(text=f"{error}\n") from None
    except OperatorError as error:
        raise refused(error) from None


def _check(wish: Erase) -> None:
    """Raises HTTPBadRequest for a wish that leaves open what is to go: it would be gone for good."""
    given = wish.start is not None, wish.end is not None
    if given != ((False, False) if wish.everything else (True, True)):
        raise web.HTTPBadRequest(text="give `from` and `to`, or say `everything`\n")
    if wish.start is not None and wish.end is not None and not wish.start < wish.end:
        raise web.HTTPBadRequest(text="`from` must be before `to`\n")


def _showing(keeper: Keeper, incident: str) -> list[Path]:
    clips = (clip for clip in keeper.vault.clips if any(one.id == incident for one in clip.manifest.incidents))
    return [keeper.vault.path(clip.id) for clip in clips]


def _erase(keeper: Keeper, wish: Erase, offset_s: float) -> tuple[list[str], list[str]]:
    """Erase what is stored, in the making and in memory; the clips that are gone, and those that are held."""
    start = -inf if wish.everything or wish.start is None else wish.start
    end = inf if wish.everything or wish.end is None else wish.end
    keeper.forget(start - offset_s, end - offset_s)
    wanted = [clip for clip in keeper.vault.clips if shows(clip, start, end)]
    going = [clip for clip in wanted if wish.held_too or not clip.held]
    for clip in going:
        keeper.erase(clip.id, "asked", reason=wish.reason, by=wish.by)
    return [clip.id for clip in going], [clip.id for clip in wanted if clip not in going]
