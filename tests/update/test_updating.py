"""What `aislewatch update` is given: a file, an address, a bundle of an image or of a model."""

from __future__ import annotations

import functools
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.updating import fetched, take
from agent.errors import OperatorError
from tests.models.signers import made, signer


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_bundle_is_fetched_from_an_address(served: str, tmp_path: Path) -> None:
    (tmp_path / "a.model").write_bytes(b"bundle")
    (tmp_path / "in").mkdir()
    assert fetched(f"{served}/a.model", tmp_path / "in").read_bytes() == b"bundle"
    with pytest.raises(OperatorError, match="cannot be fetched"):
        fetched(f"{served}/none.model", tmp_path / "in")
    assert not list((tmp_path / "in").iterdir())
    with pytest.raises(OperatorError, match="no http"):
        fetched("file:///etc/passwd", tmp_path / "in")


def test_a_model_is_told_from_an_image(tmp_path: Path) -> None:
    model, image = tmp_path / "a", tmp_path / "b"
    model.write_bytes(made(signer()))
    image.write_bytes(b"hsqs" + bytes(4096))
    with pytest.raises(OperatorError, match="taken over on the camera itself"):
        take(model, "till-4", None, lambda per_cent, doing: None, as_json=False)
    with pytest.raises(OperatorError, match="b is refused"):
        take(image, "till-4", None, lambda per_cent, doing: None, as_json=False)
