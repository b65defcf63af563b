"""A camera that stalls, is unplugged or freezes, and an accelerator that hangs, crashes or is lost: noticed and healed.

The bounds are those of the issue and of slow machines: the figures are measured by tools/score_healing.py.
"""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise
from pathlib import Path

import pytest

from agent.domain import Event, Incident
from hal.simulated import accelerator
from hal.simulated.camera import Fault
from tests.e2e.patient import event, finding, grown, sick_config, ward

pytestmark = pytest.mark.timeout(180)
SLACK_S = 5.0
"""What a machine that does much else may add."""


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.LOST])
async def test_a_camera_that_is_gone_is_noticed_and_taken_up_again(tmp_path: Path, fault: Fault) -> None:
    async with ward(sick_config(tmp_path)) as patient:
        await patient.until(lambda item: isinstance(item, Incident))
        struck_s = time.monotonic()
        patient.camera.inject(fault)
        noticed_s = await patient.until(finding("signal_loss", "fault"), struck_s)
        assert noticed_s - struck_s <= 3.0 + SLACK_S
        await asyncio.sleep(2.0)
        patient.camera.heal()
        healed_s = time.monotonic()
        back_s = await patient.until(finding("signal_loss", "ok"), healed_s)
        assert back_s - healed_s <= 10.0 + SLACK_S
        assert patient.station.counters.reopened == 1


async def test_a_frozen_picture_is_noticed_by_its_content_and_the_camera_opened_anew(tmp_path: Path) -> None:
    async with ward(sick_config(tmp_path, scene="shop")) as patient:
        await patient.until(finding("image", "ok"))
        struck_s = time.monotonic()
        patient.camera.inject(Fault.FROZEN)
        noticed_s = await patient.until(finding("frozen", "fault"), struck_s)
        assert noticed_s - struck_s <= 5.0 + SLACK_S
        opened_s = await patient.until(event("healing", step="reopen_camera", trouble="frozen"), noticed_s)
        back_s = await patient.until(finding("frozen", "ok"), opened_s)
        assert back_s - opened_s <= 10.0 + SLACK_S
        assert patient.steps() == ["reopen_camera"], "one step was enough"
        assert patient.station.capture.receiving


@pytest.mark.parametrize("fault", accelerator.OF_DEVICE)
async def test_an_accelerator_that_fails_is_replaced_by_the_cpu_and_taken_up_again(
    tmp_path: Path, fault: accelerator.Fault
) -> None:
    walked: list[float] = []
    async with ward(sick_config(tmp_path, device="simulated")) as patient:
        station = patient.station
        station.desk.watch_frames(lambda outcome: walked.append(time.monotonic()) if outcome.inferred else None)
        await patient.until(lambda item: isinstance(item, Incident))
        assert station.accelerator().device == "simulated"
        struck_s = time.monotonic()
        accelerator.strike(patient.faults, fault)
        await patient.until(event("accelerator", state="lost", fallback="cpu"), struck_s)
        await patient.until(finding("accelerator", "warning"), struck_s)
        assert station.accelerator().device == "cpu"
        assert station.accelerator().degraded
        await grown(walked, len(walked) + 3)
        gaps = [later - before for before, later in pairwise(walked)]
        assert max(gaps) <= 5.0 + SLACK_S, "the walk went on"
        accelerator.heal(patient.faults)
        healed_s = time.monotonic()
        await patient.until(event("accelerator", state="back", device="simulated"), healed_s)
        await patient.until(finding("accelerator", "ok"), healed_s)
        assert station.accelerator().device == "simulated"
        assert set(patient.steps()) == {"restart_accelerator"}


@pytest.mark.parametrize(
    ("fault", "words"),
    [(accelerator.Fault.LOSS, "unplugged"), (accelerator.Fault.GARBAGE, "wrong results: it finds 0 of")],
)
async def test_an_accelerator_that_is_no_good_at_the_start_is_told_and_tried_again(
    tmp_path: Path, fault: accelerator.Fault, words: str
) -> None:
    config = sick_config(tmp_path, device="simulated")
    accelerator.strike(tmp_path / "accelerator", fault)
    async with ward(config) as patient:
        await patient.until(finding("accelerator", "warning"))
        assert words in patient.station.accelerator().degraded
        await patient.until(lambda item: isinstance(item, Incident))
        accelerator.heal(patient.faults)
        await patient.until(event("accelerator", state="back"))
        assert not patient.station.accelerator().degraded


async def test_a_driver_that_does_not_come_back_is_noticed_and_the_station_still_ends(tmp_path: Path) -> None:
    async with ward(sick_config(tmp_path)) as patient:
        await patient.until(lambda item: isinstance(item, Incident))
        struck_s = time.monotonic()
        patient.camera.inject(Fault.STUCK)
        noticed_s = await patient.until(finding("healing", "fault"), struck_s)
        assert noticed_s - struck_s <= 8.0 + SLACK_S, "before the watchdog ends the process"
        patient.camera.heal()
        await patient.until(finding("healing", "ok"), noticed_s)


async def test_the_board_is_looked_at_and_everything_told_about_it_has_words(tmp_path: Path) -> None:
    async with ward(sick_config(tmp_path)) as patient:
        await patient.until(finding("board", "ok"))
        facts = patient.station.health.facts()
        assert isinstance(facts["readings"], dict)
        assert {"process_rss_mb", "disk_free_mb", "journal_pending"} <= facts["readings"].keys()
        events = [item for _, item in patient.told if isinstance(item, Event)]
        assert not [item for item in events if item.kind == "healing"]
