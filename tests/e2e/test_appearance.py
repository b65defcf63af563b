"""The real clip of six people, twice in a row: nobody is taken for another, and everybody is known again."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from agent.build import Detectors, make_parts
from agent.config import parse_config
from agent.domain import Track
from agent.hardware import hal_settings
from agent.rules.senses import Senses
from agent.vision.pipeline import Outcome, Parts, Pipeline
from hal.ports import Frame
from hal.system import SystemClock
from hal.video import open_video
from tests.data import DATA, needs_data

VIDEO = DATA / "video" / "intel_one-by-one-person-detection.mp4"
CONFIG = f"""
[camera]
name = "table"
source = "{VIDEO}"
[model]
name = "person-s"
[[zone]]
name = "table"
kind = "high_value"
polygon = [[0.05, 0.3], [0.95, 0.3], [0.95, 1.0], [0.05, 1.0]]
[[rule]]
kind = "revisit"
zone = "table"
min_visits = 2
"""
AGAIN_S = 145.0

pytestmark = [needs_data, pytest.mark.timeout(240)]


class Notes:
    """Notes what the senses before it say: links, and nothing else of the memory."""

    sense = "appearance"

    def __init__(self) -> None:
        self.links: dict[int, int] = {}
        self.born_s: dict[int, float] = {}

    def look(self, frame: Frame, tracks: Sequence[Track], senses: Senses) -> Senses:
        assert senses.appearance is not None
        assert all(type(number) is int for link in senses.appearance.items() for number in link)
        self.links |= senses.appearance
        self.born_s |= {track.id: track.born_s for track in tracks if track.confirmed and track.id not in self.born_s}
        return senses


def frames(config_text: str, later_s: float) -> Iterator[Frame]:
    """Every second frame of the clip, that much later."""
    camera = open_video(hal_settings(parse_config(config_text), paced=False), SystemClock())
    camera.open()
    while (frame := camera.read(10.0)) is not None:
        if frame.index % 2 == 0:
            yield replace(frame, t_s=frame.t_s + later_s)
    camera.close()


@pytest.fixture(scope="module")
def walked() -> tuple[Notes, list[Outcome], Parts]:
    """The clip twice through the walk as on a camera."""
    config, notes = parse_config(CONFIG), Notes()
    detectors = Detectors(config.model, SystemClock())
    parts = make_parts(config, detectors, detectors.open(), aspect=768 / 432, prefix="t", others=[notes])
    pipeline = Pipeline(parts, SystemClock().monotonic)
    outcomes = [pipeline.process(frame) for later_s in (0.0, AGAIN_S) for frame in frames(CONFIG, later_s)]
    return notes, outcomes, parts


def test_nobody_is_taken_for_another_and_everybody_is_known_again(walked: tuple[Notes, list[Outcome], Parts]) -> None:
    notes, _, _ = walked
    first = sorted(number for number, born_s in notes.born_s.items() if born_s < AGAIN_S)
    second = sorted(number for number, born_s in notes.born_s.items() if born_s >= AGAIN_S)
    assert len(first) == len(second) == 6
    assert not notes.links.keys() & set(first), "six people, none the same as another"
    expected = dict(zip(second, first, strict=True))
    assert notes.links.items() <= expected.items(), "nobody is taken for another the second time either"
    assert len(notes.links) >= 5


def test_their_second_visit_is_a_revisit_and_says_possible_same(walked: tuple[Notes, list[Outcome], Parts]) -> None:
    notes, outcomes, _ = walked
    opened = [i for outcome in outcomes for i in outcome.incidents if i.state == "open" and i.kind == "revisit"]
    assert {incident.tracks[0] for incident in opened} == set(notes.links)
    assert all(incident.factors["possible_same"] is True for incident in opened)
    assert all(incident.t_s > AGAIN_S for incident in opened)


def test_nothing_of_what_people_look_like_is_told_or_kept(walked: tuple[Notes, list[Outcome], Parts]) -> None:
    """Snapshots hold where people stand and when they came; events and incidents say no more than "possible same"."""
    _, outcomes, parts = walked
    state = parts.rules.snapshot(outcomes[-1].frame.t_s)
    assert state.keys() == {"last_track", "people", "rules"}
    assert state["rules"]
    rows = json.loads(json.dumps(state["rules"]))["revisit-table"]
    assert rows
    assert all(len(row) == 3 for row in rows)
    told = [event.data for outcome in outcomes for event in outcome.events]
    told += [incident.factors for outcome in outcomes for incident in outcome.incidents]
    assert {key for facts in told for key in facts} <= {
        "visits",
        "min_visits",
        "span_s",
        "possible_same",
        "track",
        "gap_s",
    }
