"""The medic takes the steps of the ladder: told first, counted durably, and only where they are allowed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from agent.build import Detectors, make_parts
from agent.config import parse_config
from agent.domain import Event, HealthSample, HealthState
from agent.events.journal import Journal
from agent.events.wire import Item
from agent.health.desk import HealthDesk
from agent.health.ladder import Step
from agent.health.medic import EVERY_S, KEY, STUCK_S, Medic, Patient
from agent.health.readings import reading
from agent.tables.camera import ModelConfig
from agent.vision.pipeline import Pipeline
from agent.vision.threads import CaptureThread, Counters, Mailbox, VisionThread
from hal.ports import Frame, HalSettings, Yuv420
from hal.simulated.camera import SimulatedCamera
from hal.simulated.clock import ManualClock
from hal.simulated.powers import RecordingPowers
from tests.models.spoilt import zeroed
from tests.models.test_reference import spoilt_catalogue
from tests.waiting import eventually


@dataclass
class Practice:
    """A medic whose patient's threads do not run: a test says how they are."""

    journal: Journal
    clock: ManualClock
    local: bool = True
    allowed: frozenset[Step] = frozenset(Step)
    refuses: bool = False
    spent: bytes | None = None
    patience_s: float = 10.0
    walk: Pipeline | None = None
    told: list[Item] = field(default_factory=list)
    ended: int = 0

    def __post_init__(self) -> None:
        self.mailbox, self.counters = Mailbox[Frame](), Counters()
        camera = SimulatedCamera(HalSettings("simulated", 64, 36), self.clock)
        self.capture = CaptureThread(camera, self.mailbox, self.clock, self.counters, self.told.append)
        self.vision = VisionThread(self._walked, self.mailbox, self.clock, self.counters, lambda _: None, lambda: None)
        self.powers = RecordingPowers(self.clock, refuses=self.refuses)
        self.desk = HealthDesk(self.clock)
        patient = Patient(self.capture, self.vision, None, self._end, self.powers, self.local)
        self.medic = Medic(
            patient,
            self.journal,
            self.clock,
            self.desk,
            self.told.append,
            allowed=self.allowed,
            spent=self.spent,
            patience_s=self.patience_s,
        )

    async def pass_time(self, seconds: float, *, beats: bool = True) -> None:
        for _ in range(round(seconds / EVERY_S)):
            self.clock.sleep(EVERY_S)
            if beats:
                self.capture.heartbeat_s = self.clock.monotonic()
            await self.medic.turn()

    def steps(self) -> list[str]:
        events = [item for item in self.told if isinstance(item, Event) and item.kind == "healing"]
        return [str(event.data["step"]) for event in events if "refused" not in event.data]

    def samples(self, what: str) -> list[str]:
        return [str(item.state) for item in self.told if isinstance(item, HealthSample) and item.what == what]

    def _end(self) -> None:
        self.ended += 1

    async def see(self) -> None:
        """Walk one frame."""
        grey = Yuv420(*(np.full(shape, 90, np.uint8) for shape in ((90, 160), (45, 80), (45, 80))))
        self.vision.start()
        self.mailbox.put(Frame(1, self.clock.monotonic(), grey, grey))
        await asyncio.to_thread(eventually, lambda: self.counters.walked == 1, 60.0)

    def end_seeing(self) -> None:
        self.mailbox.close()
        self.vision.stop()

    def _walked(self, _: float) -> Pipeline:
        assert self.walk, "nothing is walked here"
        return self.walk


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    async with await Journal.open(tmp_path / "journal.db", ManualClock(100.0)) as opened:
        yield opened


async def test_a_camera_that_stays_away_restarts_the_process_and_the_count_survives_it(journal: Journal) -> None:
    clock = ManualClock(1000.0)
    for number in range(3):
        ward = Practice(journal, clock, spent=await journal.kept(KEY))
        ward.capture.lost_since_s = clock.monotonic()
        await ward.pass_time(70)
        assert (ward.steps(), ward.ended, ward.medic.restarting) == (
            ["restart_process"],
            1,
            "the camera gives no picture",
        ), number
    ward = Practice(journal, clock, spent=await journal.kept(KEY))
    ward.capture.lost_since_s = clock.monotonic()
    await ward.pass_time(300)
    assert ward.steps()[0] == "reboot", "restarts are spent for this hour"
    assert len(ward.powers.asked_s) == 1
    assert ward.medic.restarting is not None


async def test_where_neither_is_allowed_a_person_is_asked(journal: Journal) -> None:
    ward = Practice(journal, ManualClock(1000.0), allowed=frozenset({Step.REOPEN}))
    ward.capture.lost_since_s = 1000.0
    await ward.pass_time(120)
    assert (ward.steps(), ward.samples("healing")) == ([], ["fault"])
    ward.capture.lost_since_s = None
    await ward.pass_time(5)
    assert ward.samples("healing") == ["fault", "ok"]


async def test_a_reboot_that_is_refused_is_told_and_nothing_ends(journal: Journal) -> None:
    ward = Practice(journal, ManualClock(1000.0), allowed=frozenset({Step.REBOOT}), refuses=True)
    ward.capture.lost_since_s = 1000.0
    await ward.pass_time(200)
    refusals = [item for item in ward.told if isinstance(item, Event) and "refused" in item.data]
    assert (ward.steps(), len(refusals), ward.ended) == (["reboot"], 1, 0)


async def test_another_computers_camera_costs_no_restart(journal: Journal) -> None:
    ward = Practice(journal, ManualClock(1000.0), local=False)
    ward.capture.lost_since_s = 1000.0
    await ward.pass_time(600)
    assert ward.steps() == []


async def test_a_driver_that_does_not_come_back_restarts_the_process_before_the_watchdog(journal: Journal) -> None:
    ward = Practice(journal, ManualClock(1000.0))
    await ward.pass_time(STUCK_S, beats=False)
    assert ward.steps() == []
    await ward.pass_time(2 * EVERY_S, beats=False)
    assert ward.steps() == ["restart_process"]


async def test_under_a_watchdog_that_waits_longer_so_does_the_medic(journal: Journal) -> None:
    ward = Practice(journal, ManualClock(1000.0), patience_s=90.0)
    await ward.pass_time(60.0, beats=False)
    assert ward.steps() == []
    await ward.pass_time(5.0, beats=False)
    assert ward.steps() == ["restart_process"]


async def test_a_frozen_picture_opens_the_camera_anew(journal: Journal) -> None:
    ward = Practice(journal, ManualClock(1000.0))
    ward.desk.take(HealthSample("frozen", HealthState.FAULT, 1000.0, 995.0, 0.99))
    await ward.pass_time(5)
    assert ward.steps() == ["reopen_camera"]
    ward.desk.take(HealthSample("frozen", HealthState.OK, 1010.0, 1010.0, 1.0))
    await ward.pass_time(100)
    assert ward.steps() == ["reopen_camera"]


async def test_an_accelerator_is_told_once_lost_and_once_back(journal: Journal) -> None:
    ward = Practice(journal, ManualClock(1000.0))
    lost = Event("accelerator", 1000.0, data={"state": "lost", "error": "no answer"})
    for _ in range(2):
        ward.medic.take(lost)
    await ward.pass_time(10)
    assert ward.steps() == ["restart_accelerator"]
    ward.medic.take(Event("accelerator", 1010.0, data={"state": "back"}))
    await ward.pass_time(100)
    assert ward.samples("accelerator") == ["warning", "ok"]
    assert ward.steps() == ["restart_accelerator"]


async def test_a_model_that_does_not_see_is_told_and_the_program_begun_anew(journal: Journal, tmp_path: Path) -> None:
    clock = ManualClock(1000.0)
    config = replace(parse_config(""), model=ModelConfig(name="person-s"))
    detectors = Detectors(config.model, clock, spoilt_catalogue(tmp_path, zeroed))
    parts = make_parts(config, detectors, detectors.open(), aspect=16 / 9, prefix="t")
    ward = Practice(journal, clock, walk=Pipeline(parts, clock.monotonic))
    await ward.see()
    await ward.pass_time(250)
    assert (ward.samples("model"), ward.steps()) == (["fault"], [])
    await ward.pass_time(60)
    assert ward.steps() == ["restart_process"]
    parts.detector.blind = ""
    await ward.pass_time(1)
    assert ward.samples("model") == ["fault", "ok"]
    ward.end_seeing()


async def test_heat_before_the_first_frame_changes_nothing(journal: Journal) -> None:
    ward = Practice(journal, ManualClock(1000.0))
    ward.medic.look([reading("soc_temp_c", 1000.0, 99.0)])
    assert ward.told == []
