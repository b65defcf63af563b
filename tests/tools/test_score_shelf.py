"""The section of the score about shelves: its rows, and one short rendered day through all of it."""

from dataclasses import replace

from hal.simulated.scenario.noise import CLEAN
from hal.simulated.scenario.shelf_diary import ShelfPlan
from hal.simulated.scenario.ways import Happening
from tools.rule_scores.rendered import ShelfJob, ShelfOutcome, run_shelf
from tools.rule_scores.runs import Said
from tools.rule_scores.section import HELD_OUT, Run
from tools.rule_scores.sections.shelf import QUICK, jobs, judged

NOTHING = ShelfPlan(shoppers=0, sweeps=0, refills=0, tidies=0, left=0, removed=0, parked=0, fetched=0, lights=0)


def outcome(truth: tuple[Happening, ...], said: tuple[Said, ...]) -> ShelfOutcome:
    return ShelfOutcome(ShelfJob(0, 1, NOTHING, CLEAN), truth, said, 1800.0, 20.0)


def test_recall_and_false_alarms_a_day() -> None:
    sweeps = tuple(Happening("shelf_sweep", 0, at_s, at_s + 40, "spirits") for at_s in (100.0, 400.0))
    said = (Said("shelf_sweep", 110.0, "spirits"), Said("shelf_sweep", 900.0, "spirits"))
    rows = {(row.rule, row.figure): row for row in judged([outcome(sweeps, said), outcome((), ())])}
    assert rows["shelf_sweep", "recall"].value == 0.5
    assert rows["shelf_sweep", "false alarms a camera-day"].value == 0.5
    assert rows["left_object", "recall"].value is None
    assert rows["shelf rules", "rendered hours"].value == 1.0


def test_the_full_run_is_thirty_days_with_held_out_seeds() -> None:
    full = jobs(Run())
    assert len(full) == 30
    assert min(job.seed for job in full) >= HELD_OUT
    assert len({job.layout for job in full}) == 6
    assert [job.plan for job in jobs(Run(quick=True))] == [QUICK]


def test_a_rendered_sweep_is_found_and_nothing_else_is_said() -> None:
    plan = replace(NOTHING, sweeps=1, lights=2)
    found = run_shelf(ShelfJob(0, 6, plan, replace(CLEAN, fps=6.0)))
    (truth,) = found.truth
    assert truth.sure
    (said,) = found.said
    assert (said.kind, said.place) == ("shelf_sweep", "spirits")
    assert truth.start_s <= said.t_s <= truth.end_s
