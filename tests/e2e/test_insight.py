"""A whole camera counts its customers; over the API and from the command line only aggregates come out."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest

from agent.config import parse_config
from agent.events.journal import Journal
from agent.insight.desk import KEY, Kept
from hal.simulated.clock import ManualClock
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera
from tests.e2e.test_review import aislewatch, get

pytestmark = pytest.mark.timeout(120)


async def test_before_a_period_is_over_nothing_is_told_and_the_map_is_blank(tmp_path: Path) -> None:
    async with camera(parse_config(config_text(tmp_path))) as running:
        await walked(running.url)
        status, found = await get(running.url, "/v1/insight?from=2020-01-01T00:00&to=4000000000")
        assert (status, found["rows"], found["period_s"], found["least_people"]) == (200, [], 300, 5)
        assert (await get(running.url, "/v1/insight?from=yesterday"))[0] == 400
        assert (await get(running.url, "/v1/insight?to=inf"))[0] == 400
        assert (await get(running.url, "/v1/insight?from=2026-11-22T20:00&to=2026-11-22T08:00"))[0] == 400
        code, out, _ = await aislewatch(running.url, "insight", "--json")
        assert (code, out) == (0, "")
        assert "nothing was told yet" in (await aislewatch(running.url, "insight"))[1]
        code, out, _ = await aislewatch(
            running.url, "insight", "heatmap", "--out", str(tmp_path / "heat.png"), "--json"
        )
        assert (code, json.loads(out)["type"]) == (0, "heatmap")
    picture = cv2.imread(str(tmp_path / "heat.png"))
    assert picture is not None
    assert picture.shape[1] == 960
    assert np.median(picture) > 240


async def test_what_was_counted_survives_a_restart_of_the_camera(tmp_path: Path) -> None:
    config = parse_config(config_text(tmp_path))
    for _ in range(2):
        async with camera(config) as running:
            await walked(running.url)
    people = await counted(tmp_path)
    assert people["occupancy-everywhere"] >= 2, "both runs saw somebody"


async def walked(url: str) -> None:
    """Wait until the camera has looked at some frames."""
    async with asyncio.timeout(60):
        while (await get(url, "/v1/status"))[1]["camera"]["walked"] < 20:  # noqa: ASYNC110  nobody sends an event
            await asyncio.sleep(0.05)


async def counted(folder: Path) -> dict[str, int]:
    """The people in what is not told yet, as the camera has kept it."""
    async with await Journal.open(folder / "journal.db", ManualClock(0.0)) as journal:
        raw = await journal.kept(KEY)
    assert raw is not None
    return {name: state["people"] for name, state in msgspec.msgpack.decode(raw, type=Kept).series.items()}
