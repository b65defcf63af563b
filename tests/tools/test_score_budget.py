"""The score of the alert budget: its shops are as told, and the budget is what makes the difference."""

from __future__ import annotations

from tools.rule_scores.sections.budget import CHANGE_DAY, DAYS, Job, judged, run_shop


def false(story_days: list[int]) -> float:
    return sum(story_days) / len(story_days)


def test_without_a_budget_twice_the_scores_drown_the_shop_and_with_it_they_do_not() -> None:
    bare, tuned = (run_shop(Job(3, larger=2.0, budget=budget)) for budget in (False, True))
    assert len(bare.false) == DAYS
    assert false(bare.false[CHANGE_DAY:]) > 5 * max(false(bare.false[:CHANGE_DAY]), 0.5)
    assert false(tuned.false[CHANGE_DAY + 7 :]) < 0.2 * false(bare.false[CHANGE_DAY + 7 :])
    assert bare.found == bare.happened
    assert tuned.critical_held == 0


def test_a_shop_is_the_same_whenever_it_is_run() -> None:
    first, second = run_shop(Job(4, more=2.0)), run_shop(Job(4, more=2.0))
    assert (first.false, first.found) == (second.false, second.found)


def test_rows_have_targets_bounds_and_the_price() -> None:
    stories, bare = [run_shop(Job(5, larger=2.0))], [run_shop(Job(5, larger=2.0, budget=False))]
    alarms, before, after = judged(stories, "twice the scores", bare)
    assert alarms.target == 1.0
    assert alarms.bounds is not None
    assert "untuned" in alarms.note
    assert before.value is not None
    assert after.value is not None
    assert 0 <= before.value <= after.value <= 1
