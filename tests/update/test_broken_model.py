"""An update whose model does not infer, or does not see, its hash in order: a real camera with it, the real judge."""

from __future__ import annotations

import hashlib
import math
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import models
from agent.cli.asking import ask
from agent.update.confirm import judge
from agent.update.slots import Phase, Slot
from tests.e2e.camera import config_text
from tests.models.spoilt import shuffled, zeroed
from tests.update.test_power_cuts import BUNDLE, machine
from tests.update.two_slots import System
from tools.loopback import free_port

NAME, SAID = "person-s", "said"
LOOKS = 12
"""So often the judge looks at a camera that sees pictures, and is not well."""
Spoil = Callable[[bytes], bytes]


def of_another_shape(_model: bytes) -> bytes:
    """A sound model that does not take the pictures that the manifest promises it."""
    return (models.DIRECTORY / "person-m.tflite").read_bytes()


def torn(model: bytes) -> bytes:
    """As a builder's full disk would leave it."""
    return model[: len(model) // 2]


def models_with(folder: Path, spoil: Spoil) -> Path:
    """A folder in which Python finds `models` with a spoiled one, named in the manifest with its size and hash."""
    package = folder / "models"
    shutil.copytree(models.DIRECTORY, package, ignore=shutil.ignore_patterns("train", "goldens", "*.md"))
    sound = (package / f"{NAME}.tflite").read_bytes()
    spoiled = spoil(sound)
    (package / f"{NAME}.tflite").write_bytes(spoiled)
    manifest = (package / "manifest.toml").read_text()
    for before, after in ((_sha256(sound), _sha256(spoiled)), (f"= {len(sound)}\n", f"= {len(spoiled)}\n")):
        assert manifest.count(before) == 1
        manifest = manifest.replace(before, after)
    (package / "manifest.toml").write_text(manifest)
    return folder


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def judged(folder: Path, spoil: Spoil) -> list[str]:
    """What the judge says of a camera with such a model; its patience ends with the program, or after some looks."""
    system, port = models_with(folder / "system", spoil), free_port()
    config = folder / "camera.toml"
    config.write_text(config_text(folder / "data", port=port) + f'[model]\nname = "{NAME}"\n')
    command = [sys.executable, "-m", "agent", "run", "--config", str(config)]
    environment = {**os.environ, "PYTHONPATH": str(system)}
    said = (folder / SAID).open("wb")
    with said, subprocess.Popen(command, cwd=system, env=environment, stdout=said, stderr=said) as camera:
        looks = Looks(f"http://127.0.0.1:{port}")
        try:
            return judge(
                looks.status,
                monotonic=lambda: 0.0 if camera.poll() is None and looks.inferring < LOOKS else math.inf,
                sleep=lambda _: time.sleep(0.5),
            )
        finally:
            camera.terminate()


class Looks:
    """Asks a camera, and counts at how many looks it had inferred."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.inferring = 0

    def status(self) -> dict[str, Any]:
        facts: dict[str, Any] = ask(self._url, "/v1/status")
        self.inferring += facts["camera"]["inferred"] > 0
        return facts


@pytest.mark.parametrize("spoil", [zeroed, shuffled])
def test_one_that_infers_and_does_not_see_is_left_with_the_reason(tmp_path: Path, spoil: Spoil) -> None:
    board = machine(tmp_path, 1)
    board.bundles[BUNDLE] = System("1.1", judged=lambda: judged(tmp_path, spoil))
    board.update(BUNDLE)
    record = board.store.load()
    assert (board.booted, board.kept_slot, record.phase) == (Slot.A, Slot.A, Phase.BACK)
    assert "the model does not see: it finds" in record.why


@pytest.mark.parametrize(("spoil", "why"), [(of_another_shape, "takes uint8"), (torn, "damaged")])
def test_it_is_left(tmp_path: Path, spoil: Spoil, why: str) -> None:
    board = machine(tmp_path, 1)
    board.bundles[BUNDLE] = System("1.1", judged=lambda: judged(tmp_path, spoil))
    board.update(BUNDLE)
    record = board.store.load()
    assert (board.booted, board.kept_slot, record.phase) == (Slot.A, Slot.A, Phase.BACK)
    assert record.why
    assert why in (tmp_path / SAID).read_text()


def test_the_same_camera_with_a_sound_model_is_kept(tmp_path: Path) -> None:
    board = machine(tmp_path, 1)
    board.bundles[BUNDLE] = System("1.1", judged=lambda: judged(tmp_path, lambda model: model))
    board.update(BUNDLE)
    assert (board.booted, board.kept_slot, board.store.load().phase) == (Slot.B, Slot.B, Phase.KEPT)
