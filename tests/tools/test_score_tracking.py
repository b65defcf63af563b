"""The metrics on tracks whose scores are published or can be counted by hand, and the program on real sequences."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools import score_tracking
from tools.mot_metrics import Rows, best_pairs, overlaps, score
from tools.mot_sequences import read_rows
from tools.peers import PEERS
from tools.score_tracking import Result, proof, targets
from tools.tracker_cost import walkers


def row(track: int, x: float) -> tuple[int, float, float, float, float]:
    return (track, x, 0.0, 10.0, 20.0)


TRUTH: Rows = {frame: [row(1, 0.0), row(2, 100.0)] for frame in range(1, 11)}


def test_perfect_tracks() -> None:
    result = score(TRUTH, {frame: [row(8, 0.0), row(9, 100.0)] for frame in TRUTH})
    assert (result.mota, result.idf1, result.hota) == pytest.approx((100, 100, 100))
    assert (result.switches, result.false_positives, result.misses) == (0, 0, 0)


def test_nothing_found() -> None:
    result = score(TRUTH, {})
    assert (result.mota, result.idf1, result.hota) == (0, 0, 0)
    assert result.misses == 20


def test_false_boxes_and_a_switch_by_hand() -> None:
    found = {f: [row(5 if f <= 5 else 6, 0.0), row(7, 500.0)] for f in TRUTH}
    result = score(TRUTH, found)
    assert (result.switches, result.false_positives, result.misses) == (1, 10, 10)
    assert result.mota == pytest.approx(100 * (1 - 21 / 20))
    assert result.idf1 == pytest.approx(100 * 2 * 5 / 40)
    # 10 true boxes of 30, each associated with half of its person's ten boxes.
    assert result.hota == pytest.approx(100 * np.sqrt(10 / 30 * 0.5))


def test_two_people_who_swap_their_tracks_are_two_switches() -> None:
    found = {f: [row(1 if f <= 5 else 2, 0.0), row(2 if f <= 5 else 1, 100.0)] for f in TRUTH}
    result = score(TRUTH, found)
    assert result.switches == 2
    assert result.idf1 == pytest.approx(50)


def test_a_gap_is_no_switch() -> None:
    found = {f: [row(5, 0.0), row(6, 100.0)] for f in TRUTH if not 4 <= f <= 6}
    assert score(TRUTH, found).switches == 0


def test_overlap_by_hand() -> None:
    a, b = np.array([[0.0, 0, 10, 10]]), np.array([[5.0, 0, 10, 10], [20, 20, 5, 5]])
    assert overlaps(a, b) == pytest.approx(np.array([[1 / 3, 0.0]]))


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_no_pairing_gains_more(rows: int, columns: int, data: st.DataObject) -> None:
    cells = st.one_of(st.just(0.0), st.floats(0.01, 1.0))
    gain = np.array(data.draw(st.lists(cells, min_size=rows * columns, max_size=rows * columns)))
    gain = gain.reshape(rows, columns)
    chosen = best_pairs(gain)
    assert len(set(chosen[0].tolist())) == len(chosen[0]) == len(set(chosen[1].tolist()))
    square = np.zeros((max(rows, columns),) * 2)
    square[:rows, :columns] = gain
    best = max(sum(square[i, j] for i, j in enumerate(some)) for some in permutations(range(len(square))))
    assert gain[chosen].sum() == pytest.approx(best)


def test_the_scorer_agrees_with_published_scores(shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AISLEWATCH_DATA", str(shared_data))
    rows = list(proof())
    assert len(rows) == 8
    assert {target.verdict for target in rows} == {"met"}


def test_only_marked_truth_is_read(tmp_path: Path) -> None:
    path = tmp_path / "gt.txt"
    path.write_text("1,1,0,0,9,9,1,1,1\n1,2,0,0,9,9,0,1,1\n1,3,0,0,9,9,1,7,1\n\n2 1 0 0 9 9 1 1 1\n")
    assert read_rows(path, marked=True) == {1: [(1, 0, 0, 9, 9)], 2: [(1, 0, 0, 9, 9)]}
    assert len(read_rows(path)[1]) == 3


def result(name: str, setting: str, *figures: float) -> Result:
    mota, idf1, hota, switches = figures
    return Result(name, setting, "MOT17", mota, idf1, hota, switches, 0.1)


def test_each_figure_is_held_against_the_best_of_the_others() -> None:
    ours = result("aislewatch", "global", 30, 40, 30, 9)
    others = [result("a", "default", 29, 41, 10, 12), result("a", "tuned", 28, 20, 29, 10)]
    verdicts = {one.figure: one.verdict for one in targets([ours, *others])}
    assert verdicts == {
        "MOT17: MOTA": "met",
        "MOT17: IDF1": "missed",
        "MOT17: HOTA": "met",
        "MOT17: switches": "met",
    }


def test_without_others_nothing_is_claimed() -> None:
    assert {one.verdict for one in targets([result("aislewatch", "global", 30, 40, 30, 9)])} == {"not measured"}


def test_a_peer_that_is_absent_says_so() -> None:
    absent = type(PEERS[0])("nobody", "a_package_that_nobody_has", PEERS[0].start)
    assert "a_package_that_nobody_has is not installed" in absent.missing


def test_walkers_are_the_same_every_time_and_inside_the_picture() -> None:
    first, second = walkers(5, 50), walkers(5, 50)
    for (a, _), (b, _) in zip(first, second, strict=True):
        assert np.array_equal(a, b)
    boxes = np.concatenate([boxes for boxes, _ in first])
    assert 200 < len(boxes) <= 250
    assert boxes[:, 0].min() > -50
    assert boxes[:, 2].max() < 1380


def test_the_program_scores_real_sequences(
    shared_data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AISLEWATCH_DATA", str(shared_data))
    score_tracking.main(["--json", "--quick", "--only-ours", "--groups", "TUD"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (ours,) = [one for one in rows if one["type"] == "tracking"]
    assert ours["name"] == "aislewatch"
    assert ours["mota"] > 60
    assert ours["idf1"] > 70
    assert ours["hota"] > 50
    assert {one["verdict"] for one in rows if one["type"] == "target" and "scorer" in one["figure"]} == {"met"}


def test_without_data_the_program_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AISLEWATCH_DATA", str(tmp_path))
    assert score_tracking.main(["--quick", "--only-ours"]) == 2
    assert "AISLEWATCH_DATA" in capsys.readouterr().err
