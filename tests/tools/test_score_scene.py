"""The scene's score: who counts, what is found and what is false, and the whole tool on a few pictures."""

from __future__ import annotations

import json

import pytest

from agent.domain import Box, Detection
from agent.models import Catalogue
from hal.simulated.scene import PersonTruth
from tests.data import DATA
from tools.score_scene import Tally, counts, main, moments, rows


def person(box: tuple[float, float, float, float], seen: float = 1.0) -> PersonTruth:
    return PersonTruth(1, box, box, seen, (0.5, 0.5), (1.0, 1.0), (), (), "walk")


NEAR, FAR = person((0.1, 0.2, 0.2, 0.8)), person((0.6, 0.3, 0.63, 0.4))


def test_only_people_well_seen_and_large_enough_count() -> None:
    assert counts(NEAR)
    assert not counts(FAR)
    assert not counts(person(NEAR.box, seen=0.5))


def test_a_detection_finds_one_person_and_a_stray_one_is_false() -> None:
    tally = Tally()
    tally.count([NEAR, FAR], [Detection(Box(0.1, 0.2, 0.2, 0.78), 0.9), Detection(Box(0.7, 0.7, 0.9, 0.9), 0.6)])
    assert (tally.people, tally.found, tally.false, tally.recall) == (1, 1, 1, 1.0)


def test_finding_someone_too_small_to_count_is_not_false() -> None:
    tally = Tally()
    tally.count([NEAR, FAR], [Detection(Box(*FAR.box), 0.9)])
    assert (tally.people, tally.found, tally.false) == (1, 0, 0)


def test_two_detections_do_not_find_one_person_twice() -> None:
    tally = Tally()
    other = person((0.12, 0.2, 0.22, 0.8))
    tally.count([NEAR, other], [Detection(Box(*NEAR.box), 0.9)])
    assert (tally.people, tally.found) == (2, 1)


def test_verdicts_follow_the_targets() -> None:
    good, bad = Tally(people=10, found=9, pictures=5), Tally(false=3, pictures=5)
    verdicts = {row["figure"]: row["verdict"] for row in rows(good, bad)}
    assert verdicts["recall"] == "met"
    assert verdicts["false finds a picture, empty shop"] == "missed"


def test_the_quick_run_is_a_part_of_the_whole() -> None:
    assert 10 < len(list(moments(True))) < len(list(moments(False))) / 3


def test_a_missing_model_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--model", "no-such-model"]) == 2
    assert "no-such-model" in capsys.readouterr().err


def test_the_coco_detector_sees_the_simulated_people(capsys: pytest.CaptureFixture[str]) -> None:
    catalogue = Catalogue.load(places=[DATA / "models"])
    if catalogue.find(catalogue.spec("coco-ssd")) is None:
        pytest.skip("the shared models are absent (AISLEWATCH_DATA)")
    main(["--models", str(DATA / "models"), "--quick", "--json", "--size", "640x360"])
    found = {row["figure"]: row["value"] for row in json.loads(capsys.readouterr().out)["rows"]}
    assert found["recall"] >= 0.7
    assert found["false finds a picture, empty shop"] == 0
