"""Where clips lie on the disk, and the crash-safe steps of their life (docs/design/evidence.md).

clips/ID.begun   what was known when the clip began; there until the clip is announced
clips/ID.part/   a clip that is being written
clips/ID/        a clip: video, stills, manifest, signature; never changed any more
clips/ID.hold    a legal hold, with its reason
clips/ID.gone/   a clip that is being erased
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent.domain import Severity
from agent.durable import sync_all, sync_folder, write_durably
from agent.errors import WireError
from agent.evidence.manifest import MANIFEST, Begun, Manifest, decode_manifest

_PART, _GONE, _BEGUN, _HOLD = ".part", ".gone", ".begun", ".hold"
_MEGABYTE = 1 << 20


@dataclass(slots=True)
class StoredClip:
    """A clip on the disk, as the catalogue knows it. `bytes` is all of its files."""

    manifest: Manifest
    bytes: int
    held: bool

    @property
    def id(self) -> str:
        return self.manifest.id

    @property
    def severity(self) -> Severity:
        return self.manifest.level

    @property
    def kept_s(self) -> float:
        return self.manifest.kept_s


@dataclass(frozen=True, slots=True)
class Space:
    """The disk as it is now."""

    free_mb: float
    read_only: bool


class Vault:
    """The folder of all clips. Used from one thread; every method may raise OSError where the disk fails."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clips: dict[str, StoredClip] = {}

    def load(self) -> None:
        """Read the catalogue of what is there; a folder that is no clip is left alone."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._clips = {}
        for folder in sorted(path for path in self._folder.iterdir() if path.is_dir() and not path.suffix):
            self._enter(folder.name)

    @property
    def clips(self) -> list[StoredClip]:
        """Every clip, oldest first by the retention clock."""
        return sorted(self._clips.values(), key=lambda clip: clip.kept_s)

    def clip(self, clip_id: str) -> StoredClip | None:
        """The clip of that name."""
        return self._clips.get(clip_id)

    @property
    def bytes(self) -> int:
        """The space all clips take."""
        return sum(clip.bytes for clip in self._clips.values())

    def space(self) -> Space:
        """How much room the disk has. Raises OSError where it does not answer."""
        facts = os.statvfs(self._folder if self._folder.exists() else self._folder.parent)
        return Space(facts.f_bavail * facts.f_frsize / _MEGABYTE, bool(facts.f_flag & os.ST_RDONLY))

    def path(self, clip_id: str) -> Path:
        """The folder of a clip that is stored."""
        return self._folder / clip_id

    def part(self, clip_id: str) -> Path:
        """The folder of a clip that is being written."""
        return self._folder / (clip_id + _PART)

    def begin(self, begun: Begun) -> None:
        """Make a clip's folder, and note what is known of it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        write_durably(self._beside(begun.id, _BEGUN), msgspec.json.encode(begun))
        self.part(begun.id).mkdir(exist_ok=True)
        sync_folder(self._folder)

    def store(self, clip_id: str) -> StoredClip:
        """A clip whose files are all written: bring them to the disk and give it its name."""
        part = self.part(clip_id)
        if part.is_dir():
            sync_all(part)
            part.rename(self.path(clip_id))
        sync_folder(self._folder)
        self._enter(clip_id)
        return self._clips[clip_id]

    def announced(self, clip_id: str) -> None:
        """The journal holds the clip's announcement."""
        self._beside(clip_id, _BEGUN).unlink(missing_ok=True)

    def hold(self, clip_id: str, reason: str) -> None:
        """Keep a clip whatever its age. Raises KeyError for an unknown one."""
        self._clips[clip_id].held = True
        write_durably(self._beside(clip_id, _HOLD), reason.encode())

    def release(self, clip_id: str) -> None:
        """Take a hold back. Raises KeyError for an unknown clip."""
        self._beside(clip_id, _HOLD).unlink(missing_ok=True)
        sync_folder(self._folder)
        self._clips[clip_id].held = False

    def erase(self, clip_id: str) -> None:
        """Remove a clip and all that belongs to it; a crash in between is made good at the next start."""
        path, gone = self.path(clip_id), self._folder / (clip_id + _GONE)
        if path.is_dir():
            path.rename(gone)
            sync_folder(self._folder)  # lest a clip lose files and keep its name
        self._clips.pop(clip_id, None)
        self._remove(gone)
        for suffix in (_BEGUN, _HOLD):
            self._beside(clip_id, suffix).unlink(missing_ok=True)
        sync_folder(self._folder)

    def drop(self, clip_id: str) -> None:
        """Remove a clip that was never finished."""
        self._remove(self.part(clip_id))
        self._beside(clip_id, _BEGUN).unlink(missing_ok=True)
        sync_folder(self._folder)

    def finish_erasing(self) -> None:
        """Remove what a crash left of clips that were being erased, and half-written small files."""
        for path in list(self._folder.iterdir()):
            if path.suffix == _GONE:
                self._remove(path)
            elif path.is_file() and (path.suffix == _PART or not self._belongs(path.stem)):
                path.unlink(missing_ok=True)

    def unfinished(self) -> Iterator[tuple[str, Begun | None]]:
        """The clips that a crash left unfinished, each with what was known of it."""
        for path in sorted(self._folder.glob("*" + _PART)):
            if path.is_dir():
                yield path.stem, self._begun(path.stem)

    def unannounced(self) -> list[StoredClip]:
        """The clips that are stored and of which the journal may not know."""
        return [clip for clip in self.clips if self._beside(clip.id, _BEGUN).exists()]

    def _enter(self, clip_id: str) -> None:
        folder = self.path(clip_id)
        try:
            manifest = decode_manifest((folder / MANIFEST).read_bytes())
        except (WireError, FileNotFoundError):
            return
        size = sum(file.stat().st_size for file in folder.iterdir())
        self._clips[clip_id] = StoredClip(manifest, size, self._beside(clip_id, _HOLD).exists())

    def _begun(self, clip_id: str) -> Begun | None:
        try:
            return msgspec.json.decode(self._beside(clip_id, _BEGUN).read_bytes(), type=Begun)
        except (msgspec.DecodeError, FileNotFoundError):
            return None

    def _belongs(self, clip_id: str) -> bool:
        return self.path(clip_id).is_dir() or self.part(clip_id).is_dir()

    def _beside(self, clip_id: str, suffix: str) -> Path:
        return self._folder / (clip_id + suffix)

    @staticmethod
    def _remove(folder: Path) -> None:
        if folder.is_dir():
            shutil.rmtree(folder)
