"""What is done at a start about clips that a crash left behind: closed up to the last whole fragment, or removed."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from agent.durable import sync_all, sync_file
from agent.errors import WireError
from agent.evidence.job import recovered_manifest
from agent.evidence.manifest import MANIFEST, SIGNATURE, VIDEO, Begun, Ended, FileFacts, Video, sha256
from agent.evidence.people import PEOPLE, decode_people
from agent.evidence.seal import seal, sealed_by
from agent.evidence.segments import Span, whole_segments
from agent.evidence.vault import StoredClip, Vault
from agent.keys import DeviceKey
from hal.errors import MediaUnreadable

log = logging.getLogger(__name__)


class Examined(Protocol):
    """What a video file truly holds (hal.mp4.VideoFacts)."""

    @property
    def pictures(self) -> int: ...
    @property
    def duration_s(self) -> float: ...


Examine = Callable[[Path], Examined]


def recover(vault: Vault, key: DeviceKey, examine: Examine) -> list[StoredClip]:
    """Finish what a crash interrupted; the clips of which the journal may not know. Raises OSError."""
    vault.finish_erasing()
    for clip_id, begun in list(vault.unfinished()):
        if not _is_signed(vault.part(clip_id)) and not (begun and _close(vault.part(clip_id), begun, key, examine)):
            log.warning("clip %s held no whole fragment when the last run ended, it is removed", clip_id)
            vault.drop(clip_id)
            continue
        vault.store(clip_id)
    return vault.unannounced()


def _is_signed(folder: Path) -> bool:
    """Whether the manifest had been written as a whole: then all its files had been, before it."""
    try:
        return sealed_by((folder / MANIFEST).read_bytes(), (folder / SIGNATURE).read_bytes()) is not None
    except FileNotFoundError:
        return False


def _close(folder: Path, begun: Begun, key: DeviceKey, examine: Examine) -> bool:
    """Cut a clip to what can be played and sign it; false where nothing can."""
    spans = _playable(folder / VIDEO, examine)
    if not spans:
        return False
    facts = examine(folder / VIDEO)
    video = Video(
        start_s=begun.start_s,
        start_utc_s=begun.start_utc_s,
        clock_synchronised=begun.clock_synchronised,
        duration_s=round(facts.duration_s, 6),
        pictures=facts.pictures,
        width=begun.width,
        height=begun.height,
        method=begun.method,
        ended=Ended.CRASH,
    )
    content = recovered_manifest(begun, video, _hashes(folder / VIDEO, spans), _beside(folder)).encode()
    sync_all(folder)  # what is signed is on the disk first: a signature says that nothing is missing
    (folder / MANIFEST).write_bytes(content)
    (folder / SIGNATURE).write_bytes(seal(key, content))
    return True


def _playable(path: Path, examine: Examine) -> list[Span]:
    """Cut the file after its last fragment that can be decoded, and give the fragments that stay."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        spans = whole_segments(file)
    while spans:
        os.truncate(path, spans[-1].offset + spans[-1].length)
        try:
            examine(path)
        except MediaUnreadable:
            spans.pop()
        else:
            sync_file(path)
            return spans
    return []


def _hashes(path: Path, spans: list[Span]) -> dict[Span, str]:
    with path.open("rb") as file:
        return {span: sha256(file.read(span.length)) for span in spans}


def _beside(folder: Path) -> tuple[FileFacts, ...]:
    """The files beside the video that were written as a whole; others are removed."""
    found = []
    for path in sorted(path for path in folder.iterdir() if path.name not in (VIDEO, MANIFEST, SIGNATURE)):
        content = path.read_bytes()
        if _is_whole(path.name, content):
            found.append(FileFacts(path.name, len(content), sha256(content)))
        else:
            path.unlink()
    return tuple(found)


def _is_whole(name: str, content: bytes) -> bool:
    """Whether a picture has its end, and a file of people can be read."""
    if name != PEOPLE:
        return content.endswith(b"\xff\xd9")
    try:
        decode_people(content)
    except WireError:
        return False
    return True
