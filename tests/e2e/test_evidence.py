"""A whole camera leaves evidence: a signed clip that plays, told to the journal, and an audit log that holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from agent.config import Config, parse_config
from agent.evidence.verify import verify_folder
from agent.keys import PUBLIC, read_public
from hal.mp4 import examine
from hal.simulated.latched import is_on
from tests.e2e.camera import config_text
from tests.e2e.test_agent import camera, events_of, eventually

Wish = Mapping[str, object]
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
    held = examine(video)
    a_picture_s = held.duration_s / held.pictures  # how long the last one lasts, a file does not say
    assert held.duration_s == pytest.approx(clips[0]["duration_s"], abs=0.1 + a_picture_s)
    assert [event["what"] for event in events_of(tmp_path, "audit")][:2] == ["config", "start"]


async def test_without_recording_everything_else_goes_on(tmp_path: Path) -> None:
    async with camera(with_evidence(tmp_path, record=False)):
        await eventually(lambda: is_on(tmp_path / "lines", "siren"))
    assert events_of(tmp_path, "clip") == []


async def posted(session: aiohttp.ClientSession, url: str, body: Wish, status: int = 200) -> dict[str, Any]:
    async with session.post(url, json=body) as response:
        assert response.status == status, await response.text()
        return dict(await response.json(content_type=None)) if "json" in response.content_type else {}


async def clips_of(session: aiohttp.ClientSession, url: str) -> list[dict[str, Any]]:
    async with session.get(f"{url}/v1/clips") as response:
        return list((await response.json())["clips"])


def audited(folder: Path) -> list[dict[str, Any]]:
    lines = (folder / "audit.log").read_bytes().splitlines()
    return [json.loads(line.rpartition(b" ")[0]) for line in lines]


async def test_video_may_be_asked_for_held_and_erased_and_all_of_it_is_audited(tmp_path: Path) -> None:
    config = replace(with_evidence(tmp_path), rules=())
    async with camera(config) as running, aiohttp.ClientSession() as session:
        url = running.url
        await eventually(lambda: running.status.evidence()["ring_bytes"] != 0)
        now_s = running.status.clock.wall().utc_s
        wish: dict[str, object] = {"from": now_s - 30, "to": now_s + 1, "reason": "till 3: void", "by": "Ada"}
        made = (await posted(session, f"{url}/v1/clips", wish))["making"]
        await eventually(lambda: running.status.evidence()["clips"] == 1)
        (clip,) = await clips_of(session, url)
        assert (clip["id"], clip["reason"], clip["incidents"]) == (made, "till 3: void", [])
        for _ in range(2):
            async with session.get(f"{url}/live.jpg") as response:
                assert response.status == 200
        async with session.get(f"{url}/v1/clips/{made}/clip.mp4") as response:
            (tmp_path / "got.mp4").write_bytes(await response.read())
        assert examine(tmp_path / "got.mp4").duration_s == pytest.approx(clip["duration_s"], abs=0.2)
        await posted(session, f"{url}/v1/clips/{made}/hold", {"held": True, "reason": "police", "by": "Ada"})
        erased = await posted(session, f"{url}/v1/erase", {"everything": True, "reason": "asked by a customer"})
        assert erased == {"erased": [], "held": [made]}
        again = {"from": now_s - 30, "to": now_s + 1, "reason": "asked", "held_too": True}
        assert (await posted(session, f"{url}/v1/erase", again))["erased"] == [made]
        assert await clips_of(session, url) == []
    assert list((tmp_path / "evidence" / "clips").iterdir()) == []
    kinds = [entry["kind"] for entry in audited(tmp_path)]
    asked = ["clip_request", "video_access", "video_access", "hold", "erasure", "erase", "erasure"]
    assert kinds == ["config", "start", *asked, "stop"], "two looks within a minute are one line"
    assert all(finding.sound for finding in verify_folder(tmp_path, read_public(tmp_path / "keys" / PUBLIC)))


async def test_where_nothing_was_recorded_that_is_said(tmp_path: Path) -> None:
    async with camera(replace(with_evidence(tmp_path), rules=())) as running, aiohttp.ClientSession() as session:
        now_s = running.status.clock.wall().utc_s
        wish: dict[str, object] = {"from": now_s - 7200, "to": now_s - 7100, "reason": "till 3"}
        assert (await posted(session, f"{running.url}/v1/clips", wish))["said"] == "no recording"
        wrongs: tuple[Wish, ...] = ({**wish, "to": now_s - 9000}, {"from": 1, "to": 2}, {**wish, "more": 1})
        for wrong in wrongs:
            await posted(session, f"{running.url}/v1/clips", wrong, 400)
        doubtful: tuple[Wish, ...] = ({"from": 3}, {}, {"everything": True, "from": 3, "to": 4}, {"from": 4, "to": 4})
        for wrong in doubtful:
            await posted(session, f"{running.url}/v1/erase", {"reason": "half a wish", **wrong}, 400)
        for path in ("clips/none", "clips/none/clip.mp4", "incidents/none/report.zip"):
            async with session.get(f"{running.url}/v1/{path}") as response:
                assert response.status == 404
