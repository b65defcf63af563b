"""A whole camera with a status light: it shines on its own, no alarm's list names it, and it ends dark."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.config import parse_config
from hal.simulated.latched import is_on
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera, eventually

pytestmark = pytest.mark.timeout(90)
LIGHT = """
[[output]]
name = "led"
pin = 5
role = "status"
"""


async def test_the_light_shines_by_itself_and_is_dark_at_the_end(tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    async with camera(parse_config(config_text(tmp_path) + LIGHT)) as running:
        for _ in range(2):
            await eventually(lambda: is_on(lines, "led"))
            await eventually(lambda: not is_on(lines, "led"))
        await eventually(lambda: is_on(lines, "siren"))
        assert [output.name for output in running.status.alarms.status()] == ["siren"]
        await eventually(lambda: is_on(lines, "led"))
    assert not is_on(lines, "led")
    assert not is_on(lines, "siren")
