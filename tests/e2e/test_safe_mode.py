"""A camera that dies young again and again starts without seeing, can be asked why, and sees again when told to."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from agent.cli.asking import ask, tell
from agent.cli.complaints import RESTART_EXIT
from tests.e2e.supervised import Supervised
from tests.waiting import eventually

pytestmark = pytest.mark.timeout(300)
DEATHS = 5
"""As many short lives as a camera bears without other words."""
FEWER = 2


def test_short_lives_end_in_safety_and_a_word_leads_out(tmp_path: Path) -> None:
    camera = Supervised(tmp_path)
    for _ in range(DEATHS):
        with camera.life():
            assert "safe_mode" not in camera.findings()
    with camera.life() as process:
        assert camera.findings()["safe_mode"] == "fault"
        status = ask(camera.url, "/v1/status")
        assert (status["camera"]["open"], status["camera"]["captured"]) == (False, 0)
        assert status["model"]["device"] == "none"
        assert [output["on"] for output in status["outputs"]] == [False]
        tell(camera.url, "/v1/health/resume", {"reason": "the cause is gone", "by": "Kim"})
        assert process.wait(30) == RESTART_EXIT
    with camera.life():
        assert "safe_mode" not in camera.findings()
        eventually(lambda: ask(camera.url, "/v1/status")["camera"]["captured"] > 0)


def test_another_configuration_begins_the_count_anew_and_an_orderly_end_does_not_count(tmp_path: Path) -> None:
    camera = Supervised(tmp_path, f"[health]\nsafe_after = {FEWER}\n")
    for _ in range(FEWER):
        with camera.life():
            pass
    camera.config.write_text(camera.config.read_text().replace('name = "test"', 'name = "other"'))
    for _ in range(FEWER + 1):
        with camera.life() as process:
            assert "safe_mode" not in camera.findings()
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
