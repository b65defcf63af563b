"""A camera that dies young again and again starts without seeing, can be asked why, and sees again when told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.cli.asking import ask, tell
from agent.cli.boundary import RESTART_EXIT
from tests.e2e.camera import config_text
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)
DEATHS = 2
"""As many short lives as the test's configuration bears."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class Supervised:
    """A camera under something that listens as systemd does."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._config = folder / "camera.toml"
        self._config.write_text(config_text(folder, port=self._port) + f"[health]\nsafe_after = {DEATHS}\n")
        self._notify = folder / "notify"
        self.url = f"http://127.0.0.1:{self._port}"

    def change(self) -> None:
        """Another configuration."""
        self._config.write_text(self._config.read_text().replace('name = "test"', 'name = "other"'))

    @contextmanager
    def life(self) -> Iterator[subprocess.Popen[bytes]]:
        """One life, from when it is ready until it is killed or has ended."""
        self._notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.bind(str(self._notify))
            channel.settimeout(60.0)
            command = [sys.executable, "-m", "agent", "run", "--config", str(self._config)]
            environment = {**os.environ, "NOTIFY_SOCKET": str(self._notify)}
            process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                while b"READY=1" not in channel.recv(512):
                    pass
                yield process
            finally:
                process.kill()
                process.wait()


def findings(url: str) -> dict[str, str]:
    return {one["what"]: one["state"] for one in ask(url, "/v1/health")["findings"]}


def test_short_lives_end_in_safety_and_a_word_leads_out(tmp_path: Path) -> None:
    camera = Supervised(tmp_path)
    for _ in range(DEATHS):
        with camera.life():
            assert "safe_mode" not in findings(camera.url)
    with camera.life() as process:
        assert findings(camera.url)["safe_mode"] == "fault"
        status = ask(camera.url, "/v1/status")
        assert (status["camera"]["open"], status["camera"]["captured"]) == (False, 0)
        assert status["model"]["device"] == "none"
        assert [output["on"] for output in status["outputs"]] == [False]
        tell(camera.url, "/v1/health/resume", {"reason": "the cause is gone", "by": "Kim"})
        assert process.wait(30) == RESTART_EXIT
    with camera.life():
        assert "safe_mode" not in findings(camera.url)
        eventually(lambda: ask(camera.url, "/v1/status")["camera"]["captured"] > 0)


def test_another_configuration_begins_the_count_anew_and_an_orderly_end_does_not_count(tmp_path: Path) -> None:
    camera = Supervised(tmp_path)
    for _ in range(DEATHS):
        with camera.life():
            pass
    camera.change()
    for _ in range(DEATHS + 1):
        with camera.life() as process:
            assert "safe_mode" not in findings(camera.url)
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
