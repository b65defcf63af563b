"""Brings a model file from a directory or over HTTP; it goes on where it stopped and is named only when whole.

What has arrived lies in `NAME.part`. After the last byte its hash is checked, the file synced, renamed, and the
directory synced, so that a power cut leaves either nothing, a part, or the right file.
"""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from agent.errors import ModelError
from agent.vision.spec import ModelSpec

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and the bytes wanted."""

CHUNK = 64 * 1024
ATTEMPTS = 5
TIMEOUT_S = 30.0
_RETRIED_STATUS = {408, 425, 429, 500, 502, 503, 504}


class _Body(NamedTuple):
    """An open source: where it starts, how long the whole file is there (0: not told), and its bytes."""

    start: int
    total: int
    stream: BinaryIO | http.client.HTTPResponse


class _Interrupted(Exception):
    """The transfer ended early; what came is kept."""


def fetch(
    spec: ModelSpec,
    source: str,
    directory: Path,
    *,
    progress: Progress = lambda done, wanted: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Path:
    """Bring a model into `directory`; `source` is a directory, a file, or an http(s) address of either.

    An interrupted transfer is tried again with growing pauses, and a later call goes on with the part that is there.
    Raises ModelError when the source has no such file, another file, or stays unreachable.
    """
    target = directory / spec.filename
    if target.is_file() and _digest(target) == spec.sha256:
        progress(spec.size_bytes, spec.size_bytes)
        return target
    part = target.with_name(target.name + ".part")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        resumed = _size(part) > 0
        _complete(spec, source, part, progress, sleep)
        if resumed and _digest(part) != spec.sha256:
            part.unlink()
            _complete(spec, source, part, progress, sleep)
        _publish(spec, source, part, target)
    except OSError as error:
        raise ModelError(f"model {spec.name}: cannot write {part}: {error.strerror}") from error
    return target


def _complete(spec: ModelSpec, source: str, part: Path, progress: Progress, sleep: Callable[[float], None]) -> None:
    """Append to the part until it has all its bytes."""
    for attempt in range(ATTEMPTS):
        if attempt:
            sleep(0.25 * 2**attempt)
        try:
            _transfer(spec, source, part, progress)
        except _Interrupted as interruption:
            reason = str(interruption)
        else:
            return
    raise ModelError(
        f"model {spec.name}: {source} gave {_size(part)} of {spec.size_bytes} bytes, then: {reason}",
        hint="run it again; it goes on where it stopped",
    )


def _transfer(spec: ModelSpec, source: str, part: Path, progress: Progress) -> None:
    have = _size(part)
    if have > spec.size_bytes:
        part.unlink()
        have = 0
    if have == spec.size_bytes:
        return
    with _open(spec, source, have) as body, part.open("ab") as file:
        if body.total not in (0, spec.size_bytes):
            raise _wrong(spec, source, f"has {body.total} bytes, {spec.size_bytes} are expected")
        if body.start > have:
            raise _Interrupted(f"the server began at byte {body.start} instead of {have}")
        file.truncate(body.start)
        have = body.start
        while have < spec.size_bytes:
            chunk = _read(body.stream, min(CHUNK, spec.size_bytes - have))
            file.write(chunk)
            have += len(chunk)
            progress(have, spec.size_bytes)


def _read(stream: BinaryIO | http.client.HTTPResponse, most: int) -> bytes:
    try:
        chunk = stream.read(most)
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(str(error) or type(error).__name__) from error
    if not chunk:
        raise _Interrupted("the connection ended early")
    return chunk


def _open(spec: ModelSpec, source: str, offset: int) -> AbstractContextManager[_Body]:
    if source.startswith(("http://", "https://")):
        return _open_http(spec, source, offset)
    return _open_file(spec, Path(source), offset)


@contextmanager
def _open_file(spec: ModelSpec, source: Path, offset: int) -> Iterator[_Body]:
    path = source / spec.filename if source.is_dir() else source
    try:
        file = path.open("rb")
    except OSError as error:
        raise ModelError(f"model {spec.name}: cannot read {path}: {error.strerror}", hint="check --from") from error
    with file:
        file.seek(offset)
        yield _Body(offset, path.stat().st_size, file)


@contextmanager
def _open_http(spec: ModelSpec, source: str, offset: int) -> Iterator[_Body]:
    request = urllib.request.Request(_address(spec, source))
    if offset:
        request.add_header("Range", f"bytes={offset}-")
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=TIMEOUT_S)
    except urllib.error.HTTPError as error:
        with error:
            if error.code in _RETRIED_STATUS:
                raise _Interrupted(f"the server answered {error.code} {error.reason}") from error
            raise _wrong(spec, request.full_url, f"answered {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        raise _Interrupted(str(getattr(error, "reason", error))) from error
    with response:
        yield _body(response)


def _address(spec: ModelSpec, source: str) -> str:
    """The file's address; an address that does not end in a model file is a directory."""
    if urllib.parse.urlsplit(source).path.endswith(".tflite"):
        return source
    return source.rstrip("/") + "/" + urllib.parse.quote(spec.filename)


def _body(response: http.client.HTTPResponse) -> _Body:
    """Where an answer starts: servers that know no ranges begin at 0 again (RFC 9110, 14.2)."""
    span = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
    if response.status == http.client.PARTIAL_CONTENT and span:
        return _Body(int(span[1]), 0 if span[2] == "*" else int(span[2]), response)
    return _Body(0, int(response.headers.get("Content-Length") or 0), response)


def _publish(spec: ModelSpec, source: str, part: Path, target: Path) -> None:
    digest = _digest(part)
    if digest != spec.sha256:
        part.unlink()
        raise _wrong(spec, source, f"has SHA-256 {digest}, {spec.sha256} is expected")
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(target)
    directory = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _wrong(spec: ModelSpec, source: str, what: str) -> ModelError:
    return ModelError(f"model {spec.name}: {source} {what}", hint=f"--from must lead to the right {spec.filename}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
