"""Real people's boxes (CAVIAR, EC project IST 2001 37540) drive zones and crowding; the times are the reference's."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.config import Config, parse_config
from agent.domain import Box, Detection, IncidentState, Point, Track
from agent.rules.engine import RuleEngine
from agent.rules.incidents import IncidentBook
from agent.rules.zones import Stay, ZoneWatch
from agent.tables.places import ZoneConfig
from agent.vision.tracker import Tracker, TrackerSettings

FPS, WIDTH, HEIGHT = 25.0, 384, 288
FRAME_S = 1 / FPS
CLIPS = ("Meet_Crowd", "Meet_Split_3rdGuy", "Meet_WalkTogether1")


@dataclass(frozen=True)
class Clip:
    """One clip: boxes by frame and person, the crowd zone, and the reference event's times in seconds."""

    frames: dict[int, dict[int, Box]]
    polygon: tuple[Point, ...]
    start_s: float
    trigger_s: float
    end_s: float

    def tracks(self) -> Iterator[tuple[float, list[Track]]]:
        """The annotated people as perfect tracks."""
        for frame in range(max(self.frames) + 60):
            t_s = frame / FPS
            people = self.frames.get(frame, {}).items()
            yield (
                t_s,
                [Track(n, t_s, box, 0.9, True, True, True, box.height, t_s, t_s) for n, box in people],
            )

    def tracked(self) -> Iterator[tuple[float, list[Track]]]:
        """The same boxes as detections through the tracker."""
        tracker = Tracker(TrackerSettings(aspect=WIDTH / HEIGHT))
        for frame in range(max(self.frames) + 60):
            found = [Detection(box, 0.9) for box in self.frames.get(frame, {}).values()]
            yield frame / FPS, tracker.update(frame / FPS, found)

    def config(self) -> Config:
        polygon = [[point.x, point.y] for point in self.polygon]
        return parse_config(
            f'[[zone]]\nname = "roi"\npolygon = {polygon}\n[[rule]]\nkind = "crowding"\nzone = "roi"\n'
            "max_people = 2\nafter_s = 1.0"
        )


@pytest.fixture(params=CLIPS)
def clip(request: pytest.FixtureRequest, shared_data: Path) -> Clip:
    folder = shared_data / "caviar_gt"
    if not folder.is_dir():
        pytest.skip(f"the CAVIAR boxes are absent: no {folder}")
    return read_clip(folder, str(request.param))


def read_clip(folder: Path, name: str) -> Clip:
    zones = json.loads((folder / f"{name}.zones.json").read_text())
    (event,) = [json.loads(line) for line in (folder / f"{name}.events.jsonl").read_text().splitlines()]
    frames: dict[int, dict[int, Box]] = {}
    with (folder / f"{name}.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            x, y, w, h = (float(row[key]) for key in ("xc", "yc", "w", "h"))
            box = Box((x - w / 2) / WIDTH, (y - h / 2) / HEIGHT, (x + w / 2) / WIDTH, (y + h / 2) / HEIGHT)
            frames.setdefault(int(row["frame"]), {})[int(row["id"])] = box
    polygon = tuple(Point(x / WIDTH, y / HEIGHT) for x, y in zones["crowd"]["roi_polygon"])
    return Clip(frames, polygon, event["start_s"], event["trigger_time_s"], event["end_s"])


def all_stays(clip: Clip, tracks: Iterator[tuple[float, list[Track]]]) -> list[Stay]:
    watch = ZoneWatch([ZoneConfig(name="roi", polygon=clip.polygon)])
    return [stay for t_s, people in tracks for stay in watch.update(t_s, people)]


def longest_company(stays: Sequence[Stay]) -> tuple[float, float]:
    """From when until when at least two people were in the zone; the end is the last moment inside."""
    moments = sorted({round(t_s / FRAME_S) for stay in stays for t_s in (stay.entered_s, stay.seen_s)})
    together = [
        moment * FRAME_S
        for moment in range(moments[0], moments[-1] + 1)
        if sum(stay.entered_s - 1e-6 <= moment * FRAME_S <= stay.seen_s + 1e-6 for stay in stays) >= 2
    ]
    return together[0], together[-1]


def test_two_people_are_in_the_zone_when_the_reference_says_so_to_the_frame(clip: Clip) -> None:
    start_s, end_s = longest_company(all_stays(clip, clip.tracks()))
    assert start_s == pytest.approx(clip.start_s, abs=FRAME_S + 1e-6)
    assert end_s == pytest.approx(clip.end_s, abs=FRAME_S + 1e-6)


def test_the_tracker_in_between_costs_less_than_a_third_of_a_second(clip: Clip) -> None:
    start_s, end_s = longest_company(all_stays(clip, clip.tracked()))
    assert start_s == pytest.approx(clip.start_s, abs=0.33)
    assert end_s == pytest.approx(clip.end_s, abs=0.33)


@pytest.mark.parametrize("through_tracker", [False, True])
def test_crowding_opens_once_when_the_reference_triggers(clip: Clip, through_tracker: bool) -> None:
    config = clip.config()
    engine, book = RuleEngine(config, WIDTH / HEIGHT), IncidentBook(config.rules, "test")
    incidents = []
    for t_s, people in clip.tracked() if through_tracker else clip.tracks():
        incidents += book.update(t_s, engine.update(t_s, people).hits)
    opened = [incident for incident in incidents if incident.state is IncidentState.OPEN]
    assert [incident.kind for incident in opened] == ["crowding"]
    # The zone's own hysteresis (three observations and 0.2 s) comes before the second that it must last.
    assert clip.trigger_s <= opened[0].t_s <= clip.trigger_s + 0.5
