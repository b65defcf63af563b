"""The benchmark's own arithmetic, its verdicts, its section of the document, and its stand-ins for Frigate."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hal.ports import Yuv420
from tools.benchmarks import command
from tools.benchmarks.footage import ROOT, Bench, again, frame_of, shop_frames
from tools.benchmarks.gates import rows as gate_rows
from tools.benchmarks.peers import RunFailed, run_python
from tools.benchmarks.report import Row, as_json, as_markdown, exit_code, not_measured, write_section
from tools.benchmarks.timing import Contest, Sample, calm_contest, percentile
from tools.benchmarks.timing import in_turn as timed_in_turn
from tools.benchmarks.tracking import rows as tracking_rows

MET, MISSED = Row("6", "small", 0.2, 0.3), Row("6", "large", 0.4, 0.3)
TOLD, UNKNOWN = Row("9", "told", 7.0, None), not_measured("4", "gate", 0.06, "no checkout")


def test_a_row_is_judged_by_its_target() -> None:
    assert [row.verdict for row in (MET, MISSED, TOLD, UNKNOWN)] == ["met", "missed", "", "not measured"]
    assert Row("5", "MOTA", 30.0, 29.7, at_least=True).verdict == "met"
    assert Row("5", "MOTA", 29.0, 29.7, at_least=True).verdict == "missed"


def test_only_a_missed_target_fails_the_run() -> None:
    assert exit_code([MET, TOLD, UNKNOWN]) == 0
    assert exit_code([MET, MISSED]) == 1


def test_a_row_as_json_says_figure_target_and_verdict() -> None:
    fields = json.loads(as_json(UNKNOWN))
    assert fields == {
        "type": "benchmark",
        "goal": "4",
        "figure": "gate",
        "value": None,
        "target": "<= 0.06",
        "verdict": "not measured",
        "detail": "no checkout",
    }


def test_a_section_is_replaced_and_the_rest_of_the_document_stays(tmp_path: Path) -> None:
    document = tmp_path / "docs" / "benchmarks.md"
    write_section(document, "bench", as_markdown([MET]))
    document.write_text(f"# Benchmarks\n\n{document.read_text()}\nBy another program.\n")
    write_section(document, "bench", as_markdown([MISSED]))
    write_section(document, "other", "Its own.")
    text = document.read_text()
    assert "| large | 0.400 | <= 0.3 | missed |" in text
    assert "small" not in text
    assert text.startswith("# Benchmarks\n")
    assert "By another program." in text
    assert text.endswith("<!-- other: begin -->\nIts own.\n<!-- other: end -->\n")


def test_ratios_are_of_medians_and_percentiles() -> None:
    contest = Contest([2.0, 4.0, 100.0], [1.0, 2.0, 50.0])
    assert contest.ratio == 2.0
    assert contest.ratio_at(0.99) == 2.0
    assert percentile(list(range(100)), 0.99) == 99


def test_times_in_which_another_program_ran_are_left_out_while_enough_remain() -> None:
    calm, disturbed = [Sample(2.0, False)] * 10, [Sample(9.0, True)] * 30
    contest, words = calm_contest(calm + disturbed, calm)
    assert set(contest.ours_ms) == {2.0}
    assert words.startswith("30 of 50 times left out")
    contest, words = calm_contest(calm[:9] + disturbed, calm)
    assert (len(contest.ours_ms), words) == (39, "all 49 times count")


def test_two_works_are_timed_in_turn_after_a_first_call_that_does_not_count() -> None:
    calls: list[str] = []
    contest = timed_in_turn(lambda: calls.append("ours"), lambda: calls.append("floor"), rounds=3, repeats=2)
    assert len(contest.ours_ms) == len(contest.floor_ms) == 3
    assert calls.count("ours") == calls.count("floor") == 8
    assert calls[4:8] == ["ours", "ours", "floor", "floor"]
    assert calls[8:12] == ["floor", "floor", "ours", "ours"]


def test_frames_are_played_to_and_fro_without_a_jump() -> None:
    grey = np.zeros((4, 4), np.uint8)
    frames = [frame_of(Yuv420(grey + shade, grey, grey), shade, 15.0) for shade in range(3)]
    played = list(again(frames, 7, 10.0))
    assert [int(frame.lores.y[0, 0]) for frame in played] == [0, 1, 2, 1, 0, 1, 2]
    assert [frame.t_s for frame in played] == pytest.approx([number / 10 for number in range(7)])


def test_what_needs_peers_says_so_without_them(tmp_path: Path) -> None:
    bench = Bench(quick=True, peers=tmp_path / "nothing")
    found = [*tracking_rows(bench), *gate_rows(bench)]
    assert {row.goal for row in found} == {"4", "5", "7"}
    assert {row.verdict for row in found} == {"not measured"}
    assert all(row.detail for row in found)


FRIGATE = {
    "motion/__init__.py": "from frigate.config import MotionConfig\nclass MotionDetector: pass\n",
    "motion/improved_motion.py": (
        "import numpy as np\n"
        "from frigate.camera import PTZMetrics\n"
        "from frigate.config.config import RuntimeMotionConfig\n"
        "from frigate.motion import MotionDetector\n"
        "from frigate.util.image import grab_cv2_contours\n"
        "class ImprovedMotionDetector(MotionDetector):\n"
        "    def __init__(self, shape, config, fps):\n"
        "        self.shape, self.config, self.before = shape, config, None\n"
        "    def is_calibrating(self):\n"
        "        return False\n"
        "    def detect(self, frame):\n"
        "        luma = frame[: self.shape[0]].astype(int)\n"
        "        before, self.before = self.before, luma\n"
        "        if before is None: return []\n"
        "        found = np.argwhere(abs(luma - before) > self.config.threshold)\n"
        "        return grab_cv2_contours((found, None))\n"
    ),
    "config/camera/motion.py": "class MotionConfig(Base):\n    threshold: int = Field(default=30, ge=1)\n",
    "util/image.py": "import unidecode\ndef grab_cv2_contours(found):\n    return found[0].tolist()\n",
}


def test_frigates_gate_runs_from_a_checkout_with_its_own_defaults(tmp_path: Path) -> None:
    for name, text in FRIGATE.items():
        path = tmp_path / "frigate" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    planes = np.full((3, 540, 640), 90, np.uint8)
    planes[2, 100:300, 100:200] += 40
    np.save(tmp_path / "planes.npy", planes)
    found = run_python("tools.benchmarks.peer_gate", str(tmp_path), str(tmp_path), str(tmp_path / "planes.npy"))
    assert found["theirs"] == [False, False, True]
    assert found["ours"] == [False, False, True]
    assert len(found["ours_ms"]) == len(found["theirs_ms"]) == 3


def test_a_checkout_that_is_none_is_reported_in_its_own_words(tmp_path: Path) -> None:
    np.save(tmp_path / "planes.npy", np.zeros((1, 540, 640), np.uint8))
    with pytest.raises(RunFailed, match="FileNotFoundError"):
        run_python("tools.benchmarks.peer_gate", str(tmp_path), str(tmp_path), str(tmp_path / "planes.npy"))


def test_the_simulated_frames_have_the_size_asked_for() -> None:
    frames = shop_frames("walker", 2, first_s=3.0, width=320, height=180)
    assert [(frame.main.width, frame.main.height) for frame in frames] == [(320, 180)] * 2


def test_one_goal_alone_prints_its_rows_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    document = tmp_path / "benchmarks.md"
    status = command.main(["--quick", "--json", "--goals", "10", "--out", str(document)])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["goal"] for row in rows] == ["10", "10"]
    assert status == int(rows[0]["verdict"] == "missed")
    assert rows[0]["value"] > 0
    assert "event encode + decode" in document.read_text()


def test_an_unknown_goal_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        command.main(["--goals", "99"])
    assert refused.value.code == 2
    assert "there are 1, 2, 3" in capsys.readouterr().err


def test_the_program_runs_as_a_file() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "bench.py"), "--help"], capture_output=True, text=True, check=True
    )
    assert "--frigate" in done.stdout
