"""A whole camera leaves evidence: a signed clip that plays, told to the journal, and an audit log that holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from agent.config import Config, parse_config
from agent.evidence.verify import verify_folder
from agent.keys import PUBLIC, read_public
from hal.mp4 import examine
from hal.simulated.latched import is_on
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera, events_of, eventually

pytestmark = pytest.mark.timeout(120)


def with_evidence(folder: Path, *, record: bool = True) -> Config:
    config = parse_config(config_text(folder))
    return replace(config, evidence=replace(config.evidence, min_free_mb=0.0, record=record))


async def test_an_intruder_leaves_a_signed_clip_with_stills(tmp_path: Path) -> None:
    async with camera(with_evidence(tmp_path)) as running, aiohttp.ClientSession() as session:
        await eventually(lambda: is_on(tmp_path / "lines", "siren"))
        await eventually(lambda: any((tmp_path / "evidence" / "clips").glob("*.part/*-onset.jpg")))
        async with session.get(f"{running.url}/v1/status") as response:
            facts = (await response.json())["evidence"]
        await eventually(lambda: any((tmp_path / "evidence" / "clips").glob("*.part/clip.mp4")))
    assert facts["recording"] == 1
    assert facts["method"] == "software"
    clips = events_of(tmp_path, "clip")
    assert [clip["state"] for clip in clips] == ["stored"]
    assert clips[0]["ended"] == "stopped"
    findings = verify_folder(tmp_path, read_public(tmp_path / "keys" / PUBLIC))
    assert [(finding.what, finding.problems, finding.known) for finding in findings] == [
        ("clip", [], True),
        ("audit log", [], True),
    ]
    video = tmp_path / "evidence" / "clips" / str(clips[0]["clip"]) / "clip.mp4"
    assert examine(video).duration_s == pytest.approx(clips[0]["duration_s"], abs=0.1)
    assert [event["what"] for event in events_of(tmp_path, "audit")][:2] == ["config", "start"]


async def test_without_recording_everything_else_goes_on(tmp_path: Path) -> None:
    async with camera(with_evidence(tmp_path, record=False)):
        await eventually(lambda: is_on(tmp_path / "lines", "siren"))
    assert events_of(tmp_path, "clip") == []
