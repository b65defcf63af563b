"""A whole camera with a past foretells a failure, draws it, and takes a service to its log."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import cv2
import msgspec
import pytest

from agent.config import parse_config
from agent.events.journal import Filed, Journal
from agent.health.foresight import READINGS
from agent.health.history import DAY_S, DayRecord
from hal.system import SystemClock
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera
from tests.e2e.test_evidence import audited
from tests.e2e.test_review import aislewatch, get

pytestmark = pytest.mark.timeout(180)

PAST_DAYS = 40


async def with_a_past(folder: Path) -> None:
    """Days on which the signal grew weaker, until yesterday."""
    clock = SystemClock()
    today = int(clock.wall().utc_s // DAY_S)
    async with await Journal.open(folder / "journal.db", clock) as journal:
        for ago in range(PAST_DAYS, 0, -1):
            signal_dbm = -76.0 + 0.5 * ago + (ago * 7 % 5 - 2) * 0.2
            record = DayRecord({"wifi_signal_dbm": signal_dbm})
            day = today - ago
            await journal.file(READINGS, [Filed(str(day), float(day * DAY_S), msgspec.msgpack.encode(record))])


async def foretold(url: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(60):
        while not (found := (await get(url, "/v1/health"))[1]["forecasts"]):  # noqa: ASYNC110  nobody sends an event
            await asyncio.sleep(0.1)
    assert isinstance(found, list)
    return found


async def test_a_weakening_signal_is_foretold_drawn_and_served(tmp_path: Path) -> None:
    await with_a_past(tmp_path)
    async with camera(parse_config(config_text(tmp_path))) as running:
        (told,) = await foretold(running.url)
        assert (told["metric"], told["what"]) == ("wifi_signal_dbm", "weak signal")
        assert told["low_days"] <= 8 <= told["high_days"]
        code, out, _ = await aislewatch(running.url, "health", "forecast")
        assert (code, "weak signal" in out, "look again" in out) == (0, True, True)
        assert "foreseen weak signal" in (await aislewatch(running.url, "health"))[1]
        for name in ("signal.png", "signal.svg"):
            code, out, _ = await aislewatch(
                running.url, "health", "plot", "wifi_signal_dbm", "--out", str(tmp_path / name), "--json"
            )
            assert (code, json.loads(out)["type"]) == (0, "plot")
        assert cv2.imread(str(tmp_path / "signal.png")) is not None
        assert "threshold -80" in (tmp_path / "signal.svg").read_text()
        code, _, complaint = await aislewatch(
            running.url, "health", "plot", "wifi_signal_dbm", "--out", str(tmp_path / "x.gif")
        )
        assert (code, ".svg or .png" in complaint) == (3, True)
        code, out, _ = await aislewatch(running.url, "service", "log", "turned antenna", "--by", "Kim")
        assert (code, "wifi_signal_dbm begins anew" in out) == (0, True)
        assert (await get(running.url, "/v1/health"))[1]["forecasts"] == []
        assert "turned antenna  (Kim)" in (await aislewatch(running.url, "service", "list"))[1]
        assert "nothing is foretold" in (await aislewatch(running.url, "health", "forecast"))[1]
    assert "service" in [entry["kind"] for entry in audited(tmp_path)]
