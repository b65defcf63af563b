"""Ranking figures against their definitions, blind controls that know nothing, and the scores of simulated days."""

import csv
import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.vision.pose_file import PoseTable, concealment_scores
from hal.simulated.scenario.pose_day import Performed, PosePlan
from tools import score_poses
from tools.rule_scores import ranking
from tools.rule_scores.blind import controls, rankings, time_in_view
from tools.rule_scores.pose_tables import simulated
from tools.rule_scores.posed import PoseOutcome, Told, job, run_poses
from tools.rule_scores.sections import pose

rows = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 2)), min_size=2, max_size=40)


def columns(given_rows: list[tuple[int, bool, int]]) -> tuple[ranking.F64, ranking.Flags, np.ndarray]:
    scores, labels, strata = zip(*given_rows, strict=True)
    return np.array(scores, np.float64), np.array(labels, np.bool_), np.array(strata, np.int64)


def wins(scores: ranking.F64, labels: ranking.Flags, strata: np.ndarray) -> list[float]:
    """1, 1/2 or 0 for every pair of a positive and a negative of the same stratum."""
    pairs = product(np.flatnonzero(labels), np.flatnonzero(~labels))
    return [float(np.sign(scores[a] - scores[b]) + 1) / 2 for a, b in pairs if strata[a] == strata[b]]


@given(rows)
def test_roc_areas_are_the_share_of_pairs_won(given_rows: list[tuple[int, bool, int]]) -> None:
    scores, labels, strata = columns(given_rows)
    everything = wins(scores, labels, np.zeros(len(labels)))
    assert ranking.roc_auc(scores, labels) == (pytest.approx(np.mean(everything)) if everything else None)
    alike = wins(scores, labels, strata)
    assert ranking.matched_auc(scores, labels, strata) == (pytest.approx(np.mean(alike)) if alike else None)


@given(rows)
def test_average_precision_and_the_roc_curve_stay_in_bounds(given_rows: list[tuple[int, bool, int]]) -> None:
    scores, labels, _ = columns(given_rows)
    precision = ranking.average_precision(scores, labels)
    assert (precision is None) == (not labels.any())
    assert precision is None or 0.0 < precision <= 1.0 + 1e-9
    false, true = ranking.roc_curve(scores, labels)
    assert false[0] == true[0] == 0.0
    assert (np.diff(false) >= 0).all()
    assert (np.diff(true) >= 0).all()
    area = ranking.roc_auc(scores, labels)
    assert area is None or np.trapezoid(true, false) == pytest.approx(area)


def test_a_perfect_ranking_is_perfect() -> None:
    scores, labels = np.array([0.1, 0.2, 0.8, 0.9]), np.array([False, False, True, True])
    assert ranking.roc_auc(scores, labels) == ranking.average_precision(scores, labels) == 1.0


def table(people: int, frames: int) -> PoseTable:
    person = np.repeat(np.arange(people), frames)
    xy = np.random.default_rng(1).uniform(0, 400, (people * frames, 17, 2))
    return PoseTable(person, np.tile(np.arange(frames), people), xy, np.full((people * frames, 17), 0.9), 10.0)


def test_time_in_view_begins_anew_for_everybody_and_wins_only_unmatched() -> None:
    given = table(6, 300)
    assert time_in_view(given).reshape(6, 300)[:, -1] == pytest.approx(29.9)
    late = time_in_view(given) > 24.0
    found = {one.name: one for one in rankings(given, late, {"chance": np.zeros(len(late))})}
    assert found["time in view so far"].auc == 1.0, "where the late are labelled, waiting is enough"
    assert found["chance"].auc == 0.5
    assert set(found) == {"chance", *controls(given)}
    assert found["body size"].auc == pytest.approx(0.5, abs=0.1)


def test_our_score_ranks_hiding_before_the_rest_on_simulated_poses() -> None:
    day = simulated(1, 1, PosePlan(shoppers=6, hiders=8, sitters=0))
    assert 0.002 < day.labels.mean() < 0.2
    assert len(day.labels) == len(day.table.frame)
    ours = next(rankings(day.table, day.labels, {"ours": concealment_scores(day.table)}))
    assert ours.auc is not None
    assert ours.auc > 0.65
    assert ours.matched is not None
    assert ours.matched > 0.6


def test_the_tool_prints_every_figure(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    day = simulated(2, 2, PosePlan(shoppers=2, hiders=3, sitters=0))
    poses, labels = tmp_path / "poses.npz", tmp_path / "labels.csv"
    given = day.table
    np.savez(poses, person=given.person, frame=given.frame, xy=given.xy, conf=given.conf, fps=np.array(given.fps))
    with labels.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("person", "frame", "label"))
        writer.writerows(zip(given.person, given.frame, day.labels.astype(int), strict=True))
    assert score_poses.main([str(poses), "--labels", str(labels), "--json"]) in (0, 1)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines[0]["name"] == score_poses.OURS
    assert {line["name"] for line in lines[1:]} == set(controls(given))
    assert all(line["data"] == "file" for line in lines)
    labels.write_text("person,frame,label\n")
    with pytest.raises(SystemExit):
        score_poses.main([str(poses), "--labels", str(labels)])
    assert "no label for person" in capsys.readouterr().err
    labels.write_text("person,frame,label\n1,1,yes\n")
    with pytest.raises(SystemExit):
        score_poses.main([str(poses), "--labels", str(labels)])
    assert "no table of labels: 'yes'" in capsys.readouterr().err, "a word that is no label counts as no 0"


def test_a_day_of_poses_is_watched_by_the_real_parts() -> None:
    outcome = run_poses(job(1001, 7, PosePlan(shoppers=2, hiders=0, fallers=2, sitters=1), pose.FALL_TABLE))
    assert outcome.poses > 100
    assert [one.kind for one in outcome.truth] == ["fall", "fall"]
    counts = pose.counted([outcome], "fall", 5.0)
    assert counts.happened <= 2
    assert counts.false == 0


def test_thresholds_are_judged_by_moments() -> None:
    truth = (Performed("concealment", 1, 100.0, 102.0, "hide_in_bag", True),)
    told = [(101.0, 1, 0.4), (102.0, 1, 0.6), (300.0, 2, 0.5), (305.0, 2, 0.5), (400.0, 2, 0.5)]
    moments = tuple(Told("concealment", *one) for one in told)
    outcome = PoseOutcome(job(1, 1, PosePlan(), ""), truth, (), moments, 0)
    assert pose.at_threshold([outcome], 0.3) == (1, 1, 2), "two moments within the hold are one incident"
    assert pose.at_threshold([outcome], 0.55) == (1, 1, 0)
    assert pose.at_threshold([outcome], 0.7) == (0, 1, 0)
