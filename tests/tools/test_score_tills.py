"""The sections about tills and fusion: small runs through the real parts, and rows that say what was counted."""

import pytest

from hal.simulated.scenario.till import Booking, TillTruth
from tools.rule_scores.match import Tally
from tools.rule_scores.sections import fusion, till
from tools.rule_scores.sections.fusion import Job, Night, run_night
from tools.rule_scores.sections.till import Judged


def judged(customer: bool | None, verdict: str, *, knowable: bool = False, blind: bool = False) -> Judged:
    return Judged(TillTruth(Booking("1", "refund", "empty", 0, 0, 0), customer, knowable, blind), verdict, late=False)


def test_the_rows_of_a_day_at_the_till_are_counted_right() -> None:
    day = [
        judged(False, "absent", knowable=True),
        judged(False, "unknown", knowable=True),
        judged(True, "absent"),
        judged(None, "absent"),
        judged(False, "absent", blind=True),
        judged(True, "present"),
    ]
    rows = {row.figure: row for row in till.judged([day])}
    assert rows["recall"].value == 0.5
    assert rows["precision"].value == pytest.approx(2 / 3)
    assert rows['"absent" when blind'].value == 1.0
    assert rows['"absent" when blind'].verdict == "missed"
    assert rows['"absent" with a customer'].value == 0.5
    assert rows["exceptions with an incident"].value == 1.0


def test_the_rows_of_fusion_are_counted_right() -> None:
    nights = [
        Night(Tally(happened=1, found=1, false=6), Tally(happened=1, found=0, false=1)),
        Night(Tally(false=4), Tally(false=1)),
    ]
    rows = {row.figure: row for row in fusion.judged(nights)}
    assert rows["false alarms saved"].value == 0.8
    assert rows["detections lost"].value == 1.0
    assert rows["detections lost"].verdict == "missed"


def test_a_night_with_a_burglar_is_found_with_and_without_fusion() -> None:
    nights = [run_night(Job(0, seed, burglar=True)) for seed in (2, 4, 6)]
    assert sum(night.alone.found for night in nights) == sum(night.fused.found for night in nights) == 3
    assert sum(night.fused.false for night in nights) < sum(night.alone.false for night in nights)
