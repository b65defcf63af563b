"""Tells of clips, and sees to it that every stored clip was told of: at least once, whatever crashes in between."""

from __future__ import annotations

from concurrent.futures import Future, wait
from typing import Any

from agent.domain import Event, Json, Severity
from agent.evidence.manifest import MANIFEST, sha256
from agent.evidence.plan import Want
from agent.evidence.tools import Tools
from agent.evidence.vault import StoredClip, Vault


class Announcer:
    """What names a clip as not announced goes only once the journal has the announcement."""

    def __init__(self, tools: Tools, vault: Vault) -> None:
        self._tools = tools
        self._vault = vault
        self._told: list[tuple[str, Future[Any]]] = []

    def stored(self, clip: StoredClip, *, recovered: bool) -> None:
        """A clip lies on the disk. Raises OSError."""
        manifest = clip.manifest
        data: dict[str, Json] = {
            "clip": clip.id,
            "state": "recovered" if recovered else "stored",
            "incidents": [incident.id for incident in manifest.incidents],
            "reason": manifest.reason,
            "start_s": round(manifest.video.start_s, 3),
            "duration_s": round(manifest.video.duration_s, 3),
            "ended": str(manifest.video.ended),
            "bytes": clip.bytes,
            "stills": [*manifest.stills],
            "manifest_sha256": sha256((self._vault.path(clip.id) / MANIFEST).read_bytes()),
        }
        event = Event("clip", self._tools.clock.monotonic(), manifest.level, data)
        self._told.append((clip.id, self._tools.announce(event)))

    def nothing(self, want: Want) -> None:
        """A clip was wanted, and there was no video."""
        data: dict[str, Json] = {"clip": None, "incidents": [*want.incidents], "state": "no_recording"}
        self._tools.announce(Event("clip", self._tools.clock.monotonic(), Severity.WARNING, data))

    def settle(self, wait_s: float = 0.0) -> None:
        """Take note of what the journal holds now; what it refused is told again at the next start. Raises OSError."""
        told, self._told = self._told, []
        for clip_id, done in told:
            if wait_s:
                wait([done], wait_s)
            if not done.done():
                self._told.append((clip_id, done))
            elif not done.cancelled() and done.exception() is None and done.result() is not None:
                self._vault.announced(clip_id)
