"""Bringing a model from a directory and from a real HTTP server that may cut, refuse ranges, lie or be busy."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agent.errors import ModelError
from agent.models import fetch
from agent.models.download import ATTEMPTS, CHUNK
from agent.vision.spec import ModelSpec, parse_manifest
from tests.models.entries import manifest

CONTENT = b"".join(hashlib.sha256(bytes([n % 256, n // 256])).digest() for n in range(10_000))
SPEC: ModelSpec = parse_manifest(manifest(CONTENT))[0]


@dataclass
class Mirror:
    """A file server and its moods: `cut_at` ends every answer after so many bytes, `busy` refusals come first."""

    content: bytes = CONTENT
    ranges: bool = True
    cut_at: int = 0
    busy: int = 0
    status: int = 200
    skip: int = 0
    asked: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    address: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        span = request.headers.get("Range", "")
        self.asked.append(span)
        self.paths.append(request.path)
        if self.busy or self.status != 200:
            self.busy = max(0, self.busy - 1)
            request.send_error(503 if self.status == 200 else self.status)
            return
        start = int(span.removeprefix("bytes=").removesuffix("-")) + self.skip if span and self.ranges else 0
        if start >= len(self.content):
            request.send_error(416)
            return
        body = self.content[start:]
        request.send_response(206 if start else 200)
        if start:
            request.send_header("Content-Range", f"bytes {start}-{len(self.content) - 1}/{len(self.content)}")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body[: self.cut_at] if self.cut_at else body)


@pytest.fixture
def mirror() -> Iterator[Mirror]:
    """A server on loopback."""
    moods = Mirror()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            moods.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    moods.address = f"http://127.0.0.1:{server.server_port}/models"
    yield moods
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Watch:
    """Records progress and pauses instead of showing and sleeping."""

    seen: list[tuple[int, int]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def progress(self, done: int, wanted: int) -> None:
        self.seen.append((done, wanted))


def bring(source: str, directory: Path) -> tuple[Path, Watch]:
    watch = Watch()
    return fetch(SPEC, source, directory, progress=watch.progress, sleep=watch.pauses.append), watch


def left_over(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_a_whole_file_comes_with_progress(mirror: Mirror, tmp_path: Path) -> None:
    path, watch = bring(mirror.address, tmp_path / "new" / "store")
    assert path.read_bytes() == CONTENT
    assert left_over(path.parent) == ["tiny.tflite"]
    assert [done for done, _ in watch.seen] == sorted({done for done, _ in watch.seen})
    assert watch.seen[-1] == (len(CONTENT), len(CONTENT))
    assert len(watch.seen) >= len(CONTENT) // CHUNK
    assert mirror.paths == ["/models/tiny.tflite"]


def test_the_address_of_the_file_itself_will_do(mirror: Mirror, tmp_path: Path) -> None:
    bring(mirror.address + "/other.tflite?key=1", tmp_path)
    assert mirror.paths == ["/models/other.tflite?key=1"]


def test_what_is_there_is_not_brought_again(mirror: Mirror, tmp_path: Path) -> None:
    bring(mirror.address, tmp_path)
    _, watch = bring(mirror.address, tmp_path)
    assert len(mirror.asked) == 1
    assert watch.seen == [(len(CONTENT), len(CONTENT))]


def test_a_damaged_file_is_replaced(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "tiny.tflite").write_bytes(b"damaged")
    path, _ = bring(mirror.address, tmp_path)
    assert path.read_bytes() == CONTENT


def test_a_cut_transfer_goes_on_where_it_stopped(mirror: Mirror, tmp_path: Path) -> None:
    mirror.cut_at = 100_000
    path, watch = bring(mirror.address, tmp_path)
    assert path.read_bytes() == CONTENT
    assert mirror.asked == ["", "bytes=100000-", "bytes=200000-", "bytes=300000-"]
    assert watch.pauses == [0.5, 1.0, 2.0]


def test_a_later_call_goes_on_with_the_part(mirror: Mirror, tmp_path: Path) -> None:
    mirror.cut_at = 10_000
    with pytest.raises(ModelError, match=f"gave {10_000 * ATTEMPTS} of {len(CONTENT)} bytes") as caught:
        bring(mirror.address, tmp_path)
    assert "goes on where it stopped" in caught.value.hint
    assert left_over(tmp_path) == ["tiny.tflite.part"]
    mirror.cut_at = 0
    path, _ = bring(mirror.address, tmp_path)
    assert path.read_bytes() == CONTENT
    assert mirror.asked[-1] == f"bytes={10_000 * ATTEMPTS}-"


def test_a_server_without_ranges_is_read_from_the_start_again(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "tiny.tflite.part").write_bytes(CONTENT[:5000])
    mirror.ranges = False
    path, _ = bring(mirror.address, tmp_path)
    assert path.read_bytes() == CONTENT
    assert mirror.asked == ["bytes=5000-"]


def test_a_part_of_another_file_is_thrown_away_once(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "tiny.tflite.part").write_bytes(b"x" * 5000)
    path, _ = bring(mirror.address, tmp_path)
    assert path.read_bytes() == CONTENT
    assert mirror.asked == ["bytes=5000-", ""]


def test_a_part_that_is_too_long_is_thrown_away(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "tiny.tflite.part").write_bytes(CONTENT + b"more")
    path, _ = bring(mirror.address, tmp_path)
    assert path.read_bytes() == CONTENT
    assert mirror.asked == [""]


def test_a_whole_part_is_only_checked_and_named(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "tiny.tflite.part").write_bytes(CONTENT)
    path, _ = bring(mirror.address, tmp_path)
    assert path.read_bytes() == CONTENT
    assert mirror.asked == []


def test_a_busy_server_is_asked_again(mirror: Mirror, tmp_path: Path) -> None:
    mirror.busy = 2
    path, watch = bring(mirror.address, tmp_path)
    assert path.read_bytes() == CONTENT
    assert len(watch.pauses) == 2


def test_another_file_of_the_same_length_is_refused(mirror: Mirror, tmp_path: Path) -> None:
    mirror.content = CONTENT[::-1]
    with pytest.raises(ModelError, match=f"has SHA-256 [0-9a-f]+, {SPEC.sha256} is expected"):
        bring(mirror.address, tmp_path)
    assert left_over(tmp_path) == []


def test_a_file_of_another_length_is_refused_before_it_is_read(mirror: Mirror, tmp_path: Path) -> None:
    mirror.content = CONTENT + b"more"
    with pytest.raises(ModelError, match=f"has {len(CONTENT) + 4} bytes, {len(CONTENT)} are expected"):
        bring(mirror.address, tmp_path)


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_told_at_once(mirror: Mirror, tmp_path: Path, status: int) -> None:
    mirror.status = status
    with pytest.raises(ModelError, match=f"answered {status}"):
        bring(mirror.address, tmp_path)
    assert len(mirror.asked) == 1


def test_a_server_that_skips_bytes_gives_no_holes(mirror: Mirror, tmp_path: Path) -> None:
    (tmp_path / "tiny.tflite.part").write_bytes(CONTENT[:5000])
    mirror.skip = 7
    with pytest.raises(ModelError, match="began at byte 5007 instead of 5000"):
        bring(mirror.address, tmp_path)


def test_an_unreachable_server_is_told_after_some_tries(mirror: Mirror, tmp_path: Path) -> None:
    watch = Watch()
    with pytest.raises(ModelError, match="refused"):
        fetch(SPEC, "http://127.0.0.1:1/", tmp_path, progress=watch.progress, sleep=watch.pauses.append)
    assert len(watch.pauses) == ATTEMPTS - 1


def test_a_directory_and_a_file_are_sources_too(tmp_path: Path) -> None:
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "tiny.tflite").write_bytes(CONTENT)
    assert bring(str(stick), tmp_path / "a")[0].read_bytes() == CONTENT
    assert bring(str(stick / "tiny.tflite"), tmp_path / "b")[0].read_bytes() == CONTENT


def test_a_directory_without_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read .*tiny.tflite: No such file"):
        bring(str(tmp_path), tmp_path / "a")


def test_a_store_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ModelError, match="cannot write"):
        bring(str(tmp_path), tmp_path / "file" / "store")
