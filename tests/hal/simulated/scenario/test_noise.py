from dataclasses import replace

import numpy as np
import pytest

from hal.simulated.scenario.day import SensorInput
from hal.simulated.scenario.frames import Frame, SeenPerson
from hal.simulated.scenario.noise import (
    CLEAN,
    FPS,
    JITTER,
    MISSES,
    Hidings,
    Noise,
    is_hidden,
    perturbed,
    random_noise,
    skewed,
)

BOX = (0.4, 0.3, 0.5, 0.8)


def standing(seconds: float = 400.0, fps: float = 10.0, *others: SeenPerson) -> list[Frame]:
    people = (SeenPerson(1, BOX, 1.0, 4.0), *others)
    return [Frame(index / fps, people) for index in range(int(seconds * fps))]


def test_a_perfect_detector_tells_what_is_there() -> None:
    frames = standing(5.0)
    for frame in perturbed(frames, CLEAN, 1):
        ((box, score, _),) = frame.found
        assert box == BOX
        assert score == CLEAN.score


def test_the_same_seed_gives_the_same_detections() -> None:
    noise = Noise(false_per_frame=0.2)
    assert list(perturbed(standing(), noise, 3)) == list(perturbed(standing(), noise, 3))
    assert list(perturbed(standing(), noise, 3)) != list(perturbed(standing(), noise, 4))


@pytest.mark.parametrize("misses", [0.05, 0.2, 0.3])
@pytest.mark.parametrize("fps", [3.0, 15.0])
def test_as_many_are_missed_as_asked_for_at_any_rate(misses: float, fps: float) -> None:
    frames = standing(4000.0 / fps * 5, fps)
    missed = np.mean([not frame.found for frame in perturbed(frames, replace(CLEAN, misses=misses), 1)])
    assert missed == pytest.approx(misses, abs=0.02)


def test_boxes_jitter_by_their_height() -> None:
    found = [frame.found[0].box for frame in perturbed(standing(), replace(CLEAN, jitter=0.05), 1)]
    feet = np.array([box[3] for box in found])
    assert feet.mean() == pytest.approx(BOX[3], abs=0.002)
    assert feet.std() == pytest.approx(0.05 * (BOX[3] - BOX[1]), rel=0.1)


def test_false_boxes_come_as_often_as_asked_for() -> None:
    noise = replace(CLEAN, false_per_frame=0.1)
    frames = [Frame(index / 10, ()) for index in range(20000)]
    new = sum(len(frame.found) for frame in perturbed(frames, noise, 1))
    assert 0.1 * 20000 <= new <= 0.35 * 20000


def test_people_are_hidden_for_seconds() -> None:
    noise = replace(CLEAN, hidden_every_s=30.0, hidden_s=(2.0, 4.0))
    seen = [bool(frame.found) for frame in perturbed(standing(2000.0), noise, 1)]
    edges = np.flatnonzero(np.diff(np.array([True, *seen, True]).astype(int)))
    gaps = (edges[1::2] - edges[::2]) / 10
    assert 30 < len(gaps) < 110
    assert gaps[:-1].min() >= 1.9
    assert gaps.max() <= 4.1


def test_who_is_hardly_seen_is_mostly_missed() -> None:
    frames = [frame._replace(people=(SeenPerson(1, BOX, 0.1, 4.0),)) for frame in standing()]
    found = np.mean([bool(frame.found) for frame in perturbed(frames, CLEAN, 1)])
    assert 0.1 < found < 0.4


def test_boxes_that_overlap_are_merged() -> None:
    beside = SeenPerson(2, (0.42, 0.3, 0.52, 0.8), 1.0, 5.0)
    frames = list(perturbed(standing(100.0, 10.0, beside), replace(CLEAN, merges=0.5), 1))
    merged = [frame.found for frame in frames if len(frame.found) == 1]
    assert len(merged) / len(frames) == pytest.approx(0.5, abs=0.06)
    assert merged[0][0].box == (0.4, 0.3, 0.52, 0.8)


def test_random_noise_stays_in_the_range_that_rules_must_bear() -> None:
    drawn = [random_noise(seed) for seed in range(50)]
    assert all(MISSES[0] <= noise.misses <= MISSES[1] for noise in drawn)
    assert all(JITTER[0] <= noise.jitter <= JITTER[1] for noise in drawn)
    assert all(FPS[0] <= noise.fps <= FPS[1] for noise in drawn)
    assert len({noise.fps for noise in drawn}) > 20
    assert random_noise(3, misses=0.2).misses == 0.2


def test_a_clock_that_is_off_moves_inputs() -> None:
    told = [SensorInput("door", "front door", 100.0)]
    assert [one.t_s for one in skewed(told, replace(CLEAN, skew_s=-2.5))] == [97.5]


def test_who_is_hidden_and_when_is_noted() -> None:
    hidings: Hidings = {}
    noise = replace(CLEAN, hidden_every_s=20.0, hidden_s=(1.0, 2.0))
    seen = {frame.t_s for frame in perturbed(standing(200.0), noise, 1, hidings) if frame.found}
    (spans,) = hidings.values()
    assert len(spans) > 2
    assert not any(start_s <= t_s < end_s for t_s in seen for start_s, end_s in spans)


def test_who_is_hidden_just_now_is_told_as_the_frames_come() -> None:
    noise = replace(CLEAN, hidden_every_s=20.0, hidden_s=(0.5, 5.0))
    hidings: Hidings = {}
    for frame in perturbed(standing(200.0), noise, 1, hidings):
        assert is_hidden(hidings, 1, frame.t_s) == (not frame.found)
    assert hidings


def test_a_thing_is_taken_for_a_person_as_often_as_asked_for() -> None:
    pram = (0.2, 0.5, 0.3, 0.7)
    frames = [Frame(index / 10, (), (pram,)) for index in range(4000)]
    found = [one for frame in perturbed(frames, replace(CLEAN, lures=0.25), 1) for one in frame.found]
    assert len(found) == pytest.approx(1000, rel=0.1)
    assert {one.box for one in found} == {pram}, "without jitter it is where the pram is"
    assert not any(frame.found for frame in perturbed(frames, CLEAN, 1))
