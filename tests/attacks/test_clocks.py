"""Clocks that are wrong by decades, on either side: hub and camera find together all the same."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.attacks.processes import HubProgram, camera_program, no_compiler, wrong_clock
from tests.attacks.shop import until

YEAR_S = 365.25 * 86_400
IN_1970 = 1000 - time.time()
"""From now to a quarter of an hour after the beginning of 1970."""
IN_TEN_YEARS = 10 * YEAR_S

pytestmark = pytest.mark.timeout(120)


@pytest.mark.parametrize(
    ("camera_ahead_s", "hub_ahead_s"),
    [(IN_1970, IN_TEN_YEARS), (IN_TEN_YEARS, IN_1970)],
    ids=["camera 1970, hub in ten years", "camera in ten years, hub 1970"],
)
async def test_they_pair_link_and_rotate(tmp_path: Path, camera_ahead_s: float, hub_ahead_s: float) -> None:
    if reason := no_compiler():
        pytest.skip(reason)
    hub = HubProgram(tmp_path, wrong_clock(tmp_path, hub_ahead_s))
    async with camera_program(tmp_path, wrong_clock(tmp_path, camera_ahead_s)) as camera:
        clock = (await camera.status())["clock"]
        assert abs(clock["utc_s"] - time.time() - camera_ahead_s) < 60, "the camera believes its clock"
        assert "claimed" in await hub.command("claim", await camera.code())
        async with hub.running() as events:
            await until(lambda: any(event.get("kind") == "start" for event in events), 30)
        assert "done" in await hub.command("rotate-ca", "--no-browse")
        async with hub.running() as events:
            await until(lambda: len(events) > 0, 30)
