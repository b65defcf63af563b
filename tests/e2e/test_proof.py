"""The real thing: the clip of a real loiterer, recorded, exported, verified, and played by an independent program."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest

from agent.app import Running
from agent.config import Config, parse_config
from hal.mp4 import Muxer, examine
from hal.packets import PacketTap
from hal.ports import U8, HalSettings
from hal.simulated.clock import ManualClock
from hal.video import VideoFile
from tests.data import DATA, needs_data
from tests.e2e.programs import aislewatch
from tests.e2e.test_agent import camera

VIDEO = DATA / "video" / "intel_one-by-one-person-detection.mp4"
CONFIG = Path(__file__).with_name("one_by_one.toml")
FROM_S, TO_S = 21.0, 62.0
"""The second person comes at 22.6 s, loiters from 37.7 s on and leaves the table at 44.4 s."""

pytestmark = [needs_data, pytest.mark.timeout(240)]


def excerpt(path: Path) -> Path:
    """The part of the real video, its packets untouched."""
    tap = PacketTap()
    found: list[Any] = []
    tap.send_to(found.append)
    source = VideoFile(HalSettings(str(VIDEO), paced=False), ManualClock(), tap)
    source.open()
    while source.read(1.0) is not None:
        pass
    starts = [i for i, packet in enumerate(found) if packet.keyframe]
    first = max(i for i in starts if found[i].t_s <= FROM_S)
    last = min(i for i in starts if found[i].t_s >= TO_S)
    with path.open("wb") as file:
        muxer = Muxer(lambda data: [file.write(data)].clear(), found[0].shape)
        for packet in found[first:last]:
            muxer.write(packet)
        muxer.close()
    return path


def config_for(folder: Path) -> Config:
    config = parse_config(CONFIG.read_text())
    return replace(
        config,
        camera=replace(config.camera, source=str(excerpt(folder / "shop.mp4"))),
        api=replace(config.api, port=0, announce=False),
        storage=replace(config.storage, data_dir=str(folder / "data")),
        evidence=replace(config.evidence, min_free_mb=0.0),
    )


async def stored_clip(running: Running) -> dict[str, Any]:
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{running.url}/v1/clips") as response:
                clips = (await response.json())["clips"]
            if clips:
                return dict(clips[0])
            await asyncio.sleep(0.2)


def lumas(path: Path) -> list[U8]:
    source = VideoFile(HalSettings(str(path), paced=False), ManualClock())
    source.open()
    return [frame.main.y for frame in iter(lambda: source.read(1.0), None)]


def probed(path: Path) -> dict[str, Any]:
    """What ffprobe says of the video."""
    command = ["ffprobe", "-v", "error", "-count_frames", "-of", "json"]
    command += ["-show_entries", "stream=codec_name,width,height,nb_read_frames,duration"]
    done = subprocess.run([*command, str(path)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return dict(json.loads(done.stdout)["streams"][0])


async def test_a_real_loiterers_clip_is_recorded_exported_and_verified(tmp_path: Path) -> None:
    config, report = config_for(tmp_path), tmp_path / "report.zip"
    async with camera(config) as running, aiohttp.ClientSession() as session:
        clip = await stored_clip(running)
        async with session.get(f"{running.url}/v1/key") as response:
            (tmp_path / "camera.pem").write_bytes(await response.read())
        incident = clip["incidents"][0]
        await aislewatch("export", incident, "--out", str(report), "--url", running.url)
        covered = ["--out", str(tmp_path / "covered.zip"), "--blur", "everyone", "--url", running.url]
        await aislewatch("export", incident, *covered)
    said = await aislewatch("verify", str(report), "--key", str(tmp_path / "camera.pem"), "--json")
    finding = json.loads(said)
    assert (finding["sound"], finding["key_known"], finding["incident"]) == (True, True, incident)
    assert clip["ended"] == "complete"
    assert 16.0 <= clip["duration_s"] <= 19.0, "5 s before, 6.5 s of loitering, 5 s after, up to a group more"
    with zipfile.ZipFile(report) as parcel:
        parcel.extractall(tmp_path / "out")
    facts = json.loads((tmp_path / "out" / "report.json").read_text())
    assert facts["incident"]["kind"] == "loitering"
    assert facts["explanation"]["measures"][0]["factor"] == "dwell_s"
    assert facts["clips"][0]["sound"]
    assert facts["clips"][0]["video"]["method"] == "camera"
    assert {still.split("-")[-1] for still in clip["stills"]} == {"onset.jpg", "peak.jpg", "end.jpg"}
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 3
    check_video(tmp_path, clip)
    await check_covered(tmp_path)


async def check_covered(folder: Path) -> None:
    """The report without recognisable people is signed as well, and says what it is."""
    said = await aislewatch("verify", str(folder / "covered.zip"), "--key", str(folder / "camera.pem"), "--json")
    assert json.loads(said)["sound"]
    with zipfile.ZipFile(folder / "covered.zip") as parcel:
        parcel.extractall(folder / "covered")
    facts = json.loads((folder / "covered" / "report.json").read_text())
    assert facts["clips"][0]["blurred"] == "everyone"
    assert "everyone (a copy made for this report)" in (folder / "covered" / "report.html").read_text()


def check_video(folder: Path, clip: dict[str, Any]) -> None:
    """The clip plays, and its pictures are those of the source, bit by bit."""
    video = folder / "out" / "clips" / clip["id"] / "clip.mp4"
    own = examine(video)
    if shutil.which("ffprobe"):
        other = probed(video)
        assert (other["codec_name"], other["width"], other["height"]) == ("h264", 768, 432)
        assert int(other["nb_read_frames"]) == own.pictures
        assert float(other["duration"]) == pytest.approx(clip["duration_s"], abs=0.25)
    assert own.duration_s == pytest.approx(clip["duration_s"], abs=0.15)
    kept, source = lumas(video), lumas(folder / "shop.mp4")
    places = [n for n in range(len(source) - len(kept) + 1) if np.array_equal(source[n], kept[0])]
    assert any(all(np.array_equal(a, b) for a, b in zip(kept, source[n:], strict=False)) for n in places)
