"""A configuration on trial, by its clock alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.trial import STEADY_S, TRIAL_S, Probation, Trial, TrialState

TRIAL = Trial("b" * 64, "a" * 64, "new zones", "kim")


def look(trial: Trial, *looks: tuple[float, str, bool]) -> Trial:
    """How it stands after these looks: when, what is wrong, whether a hub is linked."""
    probation = Probation(trial, 100.0)
    for after_s, trouble, linked in looks:
        trial = probation.look(100.0 + after_s, trouble, linked=linked)
    return trial


def test_a_camera_that_does_well_for_long_enough_confirms() -> None:
    assert look(TRIAL, (1, "", False), (1 + STEADY_S - 0.1, "", False)).pending
    assert look(TRIAL, (1, "", False), (1 + STEADY_S, "", False)).state == TrialState.CONFIRMED


def test_a_relapse_begins_the_time_anew() -> None:
    relapsed = look(TRIAL, (1, "", False), (9, "no pictures", False), (10, "", False), (12, "", False))
    assert relapsed.pending
    assert look(TRIAL, (1, "", False), (9, "no pictures", False), (10, "", False), (21, "", False)).state == "confirmed"


def test_what_is_still_wrong_at_the_end_is_why_it_goes_back() -> None:
    end = look(TRIAL, (1, "", False), (5, "no pictures", False), (TRIAL_S, "no pictures", False))
    assert (end.state, end.why) == (TrialState.ROLLED_BACK, "no pictures")


def test_doing_well_too_late_goes_back() -> None:
    end = look(TRIAL, (1, "no pictures", False), (TRIAL_S - 1, "", False), (TRIAL_S, "", False))
    assert end.state == TrialState.ROLLED_BACK
    assert "in a row" in end.why


def test_a_hub_that_asked_has_to_be_linked_again() -> None:
    asked = Trial("b" * 64, "a" * 64, "", "", linked=True)
    lonely = look(asked, (1, "", False), (TRIAL_S, "", False))
    assert (lonely.state, lonely.why) == (TrialState.ROLLED_BACK, "no hub has linked")
    assert look(asked, (1, "", True), (12, "", True)).state == TrialState.CONFIRMED


def test_a_second_start_takes_it_back() -> None:
    once = TRIAL.started()
    assert (once.pending, once.starts) == (True, 1)
    twice = once.started()
    assert twice.state == TrialState.ROLLED_BACK
    assert twice.started() == twice


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from(["", "no pictures"]), st.booleans()), max_size=40))
def test_a_verdict_comes_in_time_and_stands(looks: list[tuple[float, str, bool]]) -> None:
    trial, probation = TRIAL.started(), Probation(TRIAL.started(), 0.0)
    for at_s, trouble, linked in sorted(looks):
        later = probation.look(at_s, trouble, linked=linked)
        assert trial.pending or later == trial
        assert not later.pending or at_s < TRIAL_S
        trial = later


@pytest.mark.parametrize("end", ["confirmed", "rolled_back"])
def test_what_is_decided_stays(end: str) -> None:
    decided = TRIAL.confirmed() if end == "confirmed" else TRIAL.rolled_back("crash")
    assert look(decided, (1, "", False), (TRIAL_S + 1, "no pictures", False)) == decided
