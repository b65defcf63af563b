import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from agent.domain import Point
from agent.rule_config import LoiteringRule
from agent.rules.lines import Polyline
from agent.tables.mount import MountConfig
from agent.tables.places import LineConfig
from hal.simulated.scenario.day import DayPlan
from hal.simulated.scenario.layouts import shop_layout
from hal.simulated.scenario.noise import CLEAN
from hal.simulated.scenario.truth import Happening
from tools import score_rules
from tools.rule_scores import table
from tools.rule_scores.bounds import poisson, wilson
from tools.rule_scores.match import Tally, match, tally
from tools.rule_scores.runs import Job, Said, run_day
from tools.rule_scores.section import HELD_OUT, Run, Section
from tools.rule_scores.sections import SECTIONS, days, doors, lines, nights
from tools.rule_scores.site import config_of
from tools.rule_scores.walked import fitted_mount

RULES = ("restricted", "loitering", "line_crossing")


def test_wilson_agrees_with_published_figures() -> None:
    """Newcombe (1998), table I."""
    for hits, total, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(hits, total) == pytest.approx((low, high), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_poisson_agrees_with_published_figures() -> None:
    """Garwood's exact limits."""
    for count, low, high in ((0, 0.0, 3.6889), (1, 0.0253, 5.5716), (5, 1.6235, 11.6683), (10, 4.7954, 18.3904)):
        assert poisson(count, 1.0) == pytest.approx((low, high), abs=1e-3)
    assert poisson(0, 30.0)[1] == pytest.approx(0.12296, abs=1e-4)


def happening(start_s: float, end_s: float, *, sure: bool = True, direction: str = "") -> Happening:
    return Happening("loitering", 1, start_s, end_s, "spirits", direction, sure)


def said(t_s: float, place: str = "spirits") -> Said:
    return Said("loitering", t_s, place)


def test_what_is_said_in_time_is_found_once() -> None:
    counts = match([happening(100, 130)], [said(100.4), said(120.0)])
    assert (counts.found, counts.repeats, counts.false) == (1, 1, 0)
    assert counts.onset_s == [pytest.approx(0.4)]
    assert counts.f1 == 1.0
    assert table.accuracy("line_crossing", "counted right", counts, 0.97, "").value == 0.0, "counted once too often"


def test_too_early_too_late_or_elsewhere_is_false() -> None:
    counts = match([happening(100, 130)], [said(97.0), said(136.0), said(110.0, "till")])
    assert (counts.found, counts.false) == (0, 3)
    assert counts.f1 == 0.0


def test_a_doubtful_happening_is_neither_right_nor_wrong() -> None:
    counts = match([happening(100, 130, sure=False)], [said(110.0)])
    assert (counts.happened, counts.found, counts.false, counts.unsure) == (0, 0, 0, 1)


def test_a_sure_happening_goes_before_a_doubtful_one() -> None:
    counts = match([happening(100, 130, sure=False), happening(101, 130)], [said(100.0)])
    assert (counts.found, counts.unsure) == (1, 0)


def test_directions_must_agree() -> None:
    crossing = Happening("line_crossing", 1, 10.0, 10.0, "entrance", "in")
    counts = match([crossing], [Said("line_crossing", 10.3, "entrance", "out")])
    assert (counts.found, counts.false) == (0, 1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_in_is_into_the_shop(seed: int) -> None:
    layout = shop_layout(seed)
    (line,) = config_of(layout, DayPlan(), RULES).lines
    assert isinstance(line, LineConfig)
    aspect = layout.optics.aspect
    x, y = layout.lines[0].inside
    assert Polyline(line.points, aspect).signed_distance(Point(x * aspect, y)) > 0


def test_every_shop_has_its_rules() -> None:
    config = config_of(shop_layout(1), DayPlan(after_s=45.0), RULES)
    assert {(rule.kind, rule.place) for rule in config.rules} >= {("restricted", "stock"), ("loitering", "spirits")}
    assert [rule.after_s for rule in config.rules if isinstance(rule, LoiteringRule)] == [45.0]


def test_a_camera_is_fitted_as_it_truly_hangs_or_not_at_all_where_it_sees_nobody() -> None:
    layout = shop_layout(1)
    mount = fitted_mount(layout, CLEAN, 1)
    config = config_of(layout, DayPlan(), RULES, mount)
    assert config.mount.height_m == pytest.approx(layout.optics.position[2], abs=0.1)
    assert config.mount.view_deg == pytest.approx(layout.optics.hfov_deg, rel=0.03)
    assert fitted_mount(layout, replace(CLEAN, score=0.3), 1) is None
    assert config_of(layout, DayPlan(), RULES).mount == MountConfig()


def test_a_perfect_detector_lets_the_rules_find_everything() -> None:
    day = DayPlan(8, 0, 0, 2, 2, 2, 0, 0, 0, 0)
    outcome = run_day(Job(1, 1, day, CLEAN, RULES))
    for kind in RULES:
        counts = tally([outcome], kind)
        assert counts.happened > 0
        assert counts.found == counts.happened
        assert counts.false == 0
        assert sum(abs(late_s) <= 1.0 for late_s in counts.onset_s) > 0.9 * counts.found


def test_a_blind_detector_finds_nothing() -> None:
    day = DayPlan(2, 0, 0, 1, 0, 1, 0, 0, 0, 0)
    outcome = run_day(Job(1, 1, day, replace(CLEAN, score=0.3), RULES))
    assert outcome.said == ()
    assert tally([outcome], "loitering").recall == 0.0


def test_a_day_is_the_same_whenever_it_is_run() -> None:
    job = days.jobs(Run(quick=True))[0]
    job = replace(job, plan=DayPlan(4, 1, 0, 1, 0, 1, 0, 0, 0, 0))
    first, second = run_day(job), run_day(job)
    assert (first.truth, first.said, first.frames) == (second.truth, second.said, second.frames)


def test_verdicts() -> None:
    counts = Tally(happened=20, found=20, false=1, onset_s=[0.2] * 18 + [3.0] * 2)
    rows = list(table.presence("loitering", counts, 10.0))
    assert [row.verdict for row in rows] == ["met", "met", "missed", "not measured"]
    assert rows[0].value == pytest.approx(40 / 41)
    assert rows[1].bounds == pytest.approx(poisson(1, 10.0))
    assert table.share("x", "recall", 0, 0, 0.9).verdict == "not measured"


DAY_S, VISIT_S = 36_000.0, 30.0
TRUTH = [happening(start_s, start_s + VISIT_S) for start_s in range(2000, 34_000, 4000)]
"""Eight happenings of half a minute on a day of ten hours, and one that may be counted either way."""
DOUBTFUL = happening(9000.0, 9030.0, sure=False)


def verdicts(words: Iterable[Said], days: float = 1.0) -> dict[str, str]:
    """What the table says about a rule that says these words on such a day: judged both ways in which rules are."""
    counts = match([*TRUTH, DOUBTFUL], words)
    rows = [*table.presence("loitering", counts, days), *table.precision_recall("loitering", counts, days, 0.9, 0.9)]
    return {row.figure: row.verdict for row in rows}


def test_a_rule_that_never_fires_is_not_good() -> None:
    found = verdicts([])
    assert (found["F1"], found["recall"]) == ("missed", "missed")
    assert (found["precision"], found["onset within 1 s of truth"]) == ("not measured", "not measured")


@pytest.mark.parametrize("every_s", [10.0, 60.0, 600.0])
def test_a_rule_that_always_fires_is_not_good(every_s: float) -> None:
    words = [said(k * every_s) for k in range(int(DAY_S / every_s))]
    found = verdicts(words)
    assert (found["F1"], found["precision"], found["false alarms a camera-day"]) == ("missed",) * 3


def test_a_rule_that_fires_once_and_for_all_is_not_good() -> None:
    found = verdicts([said(0.0)])
    assert found["F1"] == found["recall"] == found["false alarms a camera-day"] == "missed"


@given(times_s=st.lists(st.floats(0.0, DAY_S), min_size=8, max_size=40))
@settings(max_examples=30)
def test_a_rule_that_fires_by_chance_is_not_good(times_s: list[float]) -> None:
    near = [any(one.start_s - 2 <= t_s <= one.end_s + 5 for one in [*TRUTH, DOUBTFUL]) for t_s in times_s]
    assume(sum(near) < len(times_s) / 2)
    assert verdicts(map(said, times_s))["F1"] == "missed"


def test_a_rule_that_fires_only_where_it_may_gains_nothing() -> None:
    """What is unsure is neither right nor wrong, however often it is said; the remark tells how much it could be."""
    counts = match([*TRUTH, DOUBTFUL], [said(9000.0 + k) for k in range(20)])
    assert (counts.found, counts.false, counts.unsure, counts.f1) == (0, 0, 20, 0.0)
    precision, recall = table.precision_recall("loitering", counts, 1.0, 0.9, 0.9)
    assert (precision.verdict, recall.verdict) == ("not measured", "missed")
    assert precision.note == "0 repeated, 20 unsure: 0.00 if they were false, 1.00 if right"


def test_every_row_with_a_share_or_a_rate_has_bounds() -> None:
    counts = match([*TRUTH, DOUBTFUL], [said(one.start_s) for one in TRUTH])
    rows = [*table.presence("loitering", counts, 1.0), *table.precision_recall("loitering", counts, 1.0, 0.9, 0.9)]
    assert all(row.bounds is not None and row.bounds[0] <= row.value <= row.bounds[1] for row in rows if row.value)
    assert {row.prevalence for row in rows if row.figure in ("F1", "precision", "recall")} == {"8 a camera-day"}


def test_the_full_run_is_long_enough_and_held_out() -> None:
    run = Run()
    assert len(days.jobs(run)) >= 30
    assert len(nights.jobs(run)) >= 300
    jobs = [*days.jobs(run), *nights.jobs(run), *doors.jobs(run), *lines.jobs(run, 0.05)]
    assert all(job.seed >= HELD_OUT and (job.layout == 0 or job.layout > HELD_OUT) for job in jobs)


def test_other_seeds_mean_other_shops_people_and_errors() -> None:
    scored, tuned = days.jobs(Run()), days.jobs(Run(first_seed=5000))
    assert not {job.seed for job in scored} & {job.seed for job in tuned}
    assert {job.layout for job in scored} & {job.layout for job in tuned} == {0}


def test_elsewhere_are_other_shops_and_seeds_than_here_and_than_those_tuned_on() -> None:
    here, *others = ({(job.layout, job.seed) for job in days.jobs(there)} for there in Run().elsewhere(3))
    assert len(others) == 2
    tuned = {job.layout for job in days.jobs(Run(first_seed=5000))}
    for other in others:
        assert not {seed for _, seed in here} & {seed for _, seed in other}
        assert {layout for layout, _ in other} & ({layout for layout, _ in here} | tuned) == {0}


def small(run: Run) -> Iterator[table.Row]:
    plan = DayPlan(4, 0, 0, 1, 1, 1, 1, 1, 0, 0)
    yield from days.judged(run.map(run_day, [replace(days.jobs(run)[0], plan=plan)]))


def test_the_tool_prints_a_row_for_every_rule_and_fails_when_a_target_is_missed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    document = tmp_path / "benchmarks.md"
    document.write_text("# Benchmarks\n\n<!-- bench: begin -->\nkept\n<!-- bench: end -->\n")
    sections = (Section("days", "One short day.", small),)
    status = score_rules.main(["--json", "--jobs", "1", "--document", str(document)], sections)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert status == int(any(row["verdict"] == "missed" for row in rows))
    assert {"loitering", "restricted"} <= {row["rule"] for row in rows}
    assert all(row["data"] == "simulated" for row in rows)
    assert all(row["note"] for row in rows if row["verdict"] == "not measured")
    text = document.read_text()
    assert "kept" in text
    assert "| loitering | F1 |" in text
    assert "- One short day." in text


def test_sections_may_be_measured_by_themselves(capsys: pytest.CaptureFixture[str]) -> None:
    def rows(run: Run) -> Iterator[table.Row]:
        found, happened = run.map(len, ["123456789", "1234567890"])
        yield table.share("fall", "sensitivity", found, happened, 0.9)

    sections = (Section("pose", "Ten falls.", rows), Section("other", "", lambda run: ()))
    assert score_rules.main(["--json", "--jobs", "1"], sections) == 0
    (row,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (row["rule"], row["value"], row["verdict"]) == ("fall", 0.9, "met")
    assert score_rules.main(["--only", "other", "--jobs", "1"], sections) == 0
    assert "sensitivity" not in capsys.readouterr().out


def test_sections_have_names_of_their_own() -> None:
    names = [section.name for section in SECTIONS]
    assert len(set(names)) == len(names)
