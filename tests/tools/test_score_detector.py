"""The scoring tool: figures by hand, verdicts, and a short real run."""

import json
from pathlib import Path

import numpy as np
import pytest

from models.train.metrics import Found
from tools import score_detector
from tools.detector_scores import figures
from tools.score_detector import at_least, at_most


def found(*rows: tuple[float, float, float, float, float], truth: list[list[float]]) -> Found:
    """Boxes with their scores, best first."""
    boxes = np.array([row[:4] for row in rows], np.float32).reshape(-1, 4)
    scores = np.array([row[4] for row in rows], np.float32)
    return Found(boxes, scores, np.array(truth, np.float32).reshape(-1, 4))


def test_figures_of_two_pictures_by_hand() -> None:
    """Three people, one missed; one false box; a weak box below the operating point finds nobody new."""
    tall, low, third = [0.1, 0.1, 0.3, 0.7], [0.6, 0.6, 0.7, 0.75], [0.5, 0.1, 0.55, 0.15]
    first = found((*tall, 0.9), (0.8, 0.1, 0.9, 0.3, 0.8), (*low, 0.1), truth=[tall, low])  # type: ignore[arg-type]
    second = found((*third, 0.7), truth=[third])  # type: ignore[arg-type]
    row = figures([first, second], score=0.5)
    assert row.recall == pytest.approx(2 / 3)
    assert row.precision == pytest.approx(2 / 3)
    assert row.misses == pytest.approx(1 / 2)
    assert row.false_alarms == pytest.approx(1 / 2)
    assert row.recall_by_size == {"small": 1.0, "middle": 0.0, "large": 1.0}
    assert row.ap50 == pytest.approx(1 / 3 + 1 / 3 * 0.75 + 1 / 3 * 0.75)
    assert row.ap50_95 == pytest.approx(row.ap50)


def test_verdicts() -> None:
    assert at_least("a", 0.11, 0.11).verdict == "met"
    assert at_least("a", 0.10, 0.11).verdict == "missed"
    assert at_most("b", 0.5, 0.5).verdict == "met"
    assert at_most("b", 0.6, 0.5).verdict == "missed"


def test_an_unknown_model_or_condition_ends_with_2(capsys: pytest.CaptureFixture[str], shared_data: Path) -> None:
    assert score_detector.main(["person-x"]) == 2
    assert "no model is called 'person-x'" in capsys.readouterr().err
    assert score_detector.main(["--conditions", "fog"]) == 2
    assert "no condition is called fog" in capsys.readouterr().err


def test_a_real_run_prints_scores_targets_and_costs(
    shared_data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AISLEWATCH_DATA", str(shared_data))
    monkeypatch.setenv("AISLEWATCH_MODELS", str(shared_data / "models"))
    status = score_detector.main(["person-m", "--every", "80", "--json", "--conditions", "clean"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    scores = [line for line in lines if line["type"] == "score"]
    targets = [line for line in lines if line["type"] == "target"]
    assert {line["model"] for line in scores} == {"coco-ssd", "person-m"}
    assert all(0.0 <= line["ap50_95"] <= line["ap50"] <= 1.0 for line in scores)
    assert any(line["figure"].startswith("person-m AP50 clean") for line in targets)
    assert status == int(any(line["verdict"] == "missed" for line in targets))
    assert {line["model"] for line in lines if line["type"] == "cost"} == {"coco-ssd", "person-m"}
