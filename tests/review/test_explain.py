"""Why an incident is what it is, in facts and sentences."""

from __future__ import annotations

import pytest

from agent.domain import Json, Severity
from agent.review.entry import Entry, Stamp
from agent.review.explain import explain
from agent.rule_config import (
    RULE_TABLES,
    AfterHoursRule,
    ConcealmentRule,
    CrowdingRule,
    FallRule,
    LineCrossingRule,
    LoiteringRule,
    PosExceptionRule,
    QueueRule,
    RestrictedRule,
    RevisitRule,
    RuleConfig,
    RunningRule,
    TailgatingRule,
    UnusualForHourRule,
)

STAMP = Stamp(1_800_000_000.0, True)
LOITERING = LoiteringRule(kind="loitering", name="stay", zone="spirits")


def entry(rule: RuleConfig, factors: dict[str, Json], severity: str = "warning", **about: object) -> Entry:
    """An incident that is over."""
    made = Entry("i-1", rule.kind, rule.name, "boot", 0.0, 60.0, STAMP, STAMP, over=True, severity=severity)
    made.factors, made.opening = factors, {**factors}
    for key, value in about.items():
        setattr(made, key, value)
    return made


def sentences(rule: RuleConfig, factors: dict[str, Json], heading: str, **about: object) -> list[Json]:
    said = explain(entry(rule, factors, **about), rule, 100.0)["sentences"]  # type: ignore[arg-type]  # severity is text
    assert isinstance(said, dict)
    lines = said[heading]
    assert isinstance(lines, list)
    return lines


def test_what_was_measured_against_what() -> None:
    factors: dict[str, Json] = {"dwell_s": 44.2, "gyration_h": 0.81}
    assert sentences(LOITERING, factors, "measured", opening={"dwell_s": 30.0, "gyration_h": 0.81}) == [
        "dwell_s was 44.2 s (30 s when it opened); after_s asks for at least 30",
        "gyration_h was 0.81 body heights; max_gyration_h asks for at most 1.5",
    ]


def test_with_what_setting_it_would_not_have_opened() -> None:
    factors: dict[str, Json] = {"dwell_s": 44.2, "gyration_h": 0.81}
    assert sentences(LOITERING, factors, "would_not_have_opened") == ["after_s = 45", "max_gyration_h = 0.8"]


def test_whole_numbers_stay_whole() -> None:
    rule = RevisitRule(kind="revisit", name="again", zone="spirits")
    said = sentences(rule, {"visits": 3, "span_s": 431.0}, "would_not_have_opened")
    assert said == ["min_visits = 4", "within_s = 430"]


def test_where_one_of_several_is_enough_all_of_them_must_change() -> None:
    rule = QueueRule(kind="queue", name="line", zone="till")
    both = sentences(rule, {"length": 6, "wait_s": 320.0}, "would_not_have_opened")
    assert both == ["max_length = 7 and max_wait_s = 330"]
    assert sentences(rule, {"length": 6, "wait_s": 100.0}, "would_not_have_opened") == ["max_length = 7"]


def test_only_what_may_be_set_is_named() -> None:
    assert sentences(LOITERING, {"dwell_s": 44.2, "gyration_h": 0.0}, "would_not_have_opened") == ["after_s = 45"]
    crowd = CrowdingRule(kind="crowding", name="crowd")
    assert sentences(crowd, {"people": 1000, "lasted_s": 20.0}, "would_not_have_opened") == ["after_s = 21"]


def test_a_limit_that_was_learned_is_told_by_what_stays_below_it() -> None:
    rule = UnusualForHourRule(kind="unusual_for_hour", name="busy", zone="till")
    factors: dict[str, Json] = {"count": 14.0, "usual": 3.2, "limit": 12, "minutes": 45, "learning": False}
    assert sentences(rule, factors, "would_not_have_opened") == ["count below 12"]
    assert sentences(rule, factors, "noted") == ["usual = 3.2", "minutes = 45", "learning = False"]


def test_a_fast_fall_that_were_slower_would_be_judged_by_its_lying() -> None:
    rule = FallRule(kind="fall", name="fall")
    fast = sentences(rule, {"lying_s": 5.2, "tilt_deg": 75, "hip_speed_h_s": 1.1}, "would_not_have_opened")
    assert fast == ["after_s = 5.3", "min_tilt_deg = 76"], "without the speed it opens after 8 s"
    slow = sentences(rule, {"slow_lying_s": 9.4, "tilt_deg": 90}, "would_not_have_opened")
    assert slow == ["slow_after_s = 9.5"], "nothing is further off vertical than 90 degrees"


def test_what_is_neither_compared_nor_weighed_is_told_as_it_is() -> None:
    rule = PosExceptionRule(kind="pos_exception", name="till", zone="till")
    factors: dict[str, Json] = {"booked": "refund", "customer": "unknown", "absent": False, "reason": "clock"}
    said = sentences(rule, factors, "noted", severity="info")
    assert said == ["booked = refund", "customer = unknown", "reason = clock"]
    line = LineCrossingRule(kind="line_crossing", name="door", line="door")
    went = sentences(line, {"direction": "in", "crossed_s": 797.5}, "noted", opened_s=798.0)
    assert went == ["direction = in", "crossed_s: 0.5 s before it opened"]
    assert sentences(LOITERING, {"dwell_s": 44.2, "after_s": 30.0, "stage": 1}, "noted") == ["stage = 1"]


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            RestrictedRule(kind="restricted", name="r", zone="stock"),
            ["an access grant within 30 s before they came in", "an active staff input"],
        ),
        (
            TailgatingRule(kind="tailgating", name="t", line="door"),
            ["a grant of their own, from 6 s before to 1 s after they came in", "turning back"],
        ),
    ],
)
def test_what_else_would_have_kept_it_from_opening(rule: RuleConfig, said: list[str]) -> None:
    assert sentences(rule, {}, "would_not_have_opened") == said


def test_what_it_missed_the_next_severity_by() -> None:
    assert sentences(LOITERING, {"dwell_s": 48.0}, "severity") == ["it missed critical by 12 s of dwell_s"]
    assert sentences(LOITERING, {"dwell_s": 61.0}, "severity", severity="critical") == ["dwell_s made it critical"]
    night = AfterHoursRule(kind="after_hours", name="night", schedule="opening")
    assert sentences(night, {"sensor": False}, "severity") == ["it would have been critical with sensor"]
    assert sentences(night, {"sensor": True}, "severity", severity="critical") == ["sensor made it critical"]
    told = sentences(night, {"sensor": False}, "severity", severity="critical")
    assert told == ["it was critical without sensor"]


def test_the_shift_of_the_budget_is_said() -> None:
    factors: dict[str, Json] = {"dwell_s": 50.0}
    raised = sentences(LOITERING, factors, "budget", bar=45.0)
    assert raised == ["the alert budget had raised after_s from 30 to 45 s when it opened"]
    assert sentences(LOITERING, factors, "budget") == ["the alert budget had not changed this rule when it opened"]
    assert "after_s asks for at least 45" in str(sentences(LOITERING, factors, "measured", bar=45.0)[0])


def test_the_settings_of_its_time_count_not_those_of_now() -> None:
    now = LoiteringRule(kind="loitering", name="stay", zone="spirits", after_s=90.0)
    assert "after_s asks for at least 30" in str(
        sentences(now, {"dwell_s": 50.0}, "measured", settings={"after_s": 30.0})[0]
    )


def test_weights_are_told_the_heaviest_first_and_what_would_have_been_without_them() -> None:
    weighing = ConcealmentRule(kind="concealment", name="w", threshold=0.7)
    factors: dict[str, Json] = {
        "score": 0.88,
        "put_back": {"value": 1.0, "weight": 1.0, "log_odds": -0.5},
        "reach": {"value": 1.0, "weight": 1.0, "log_odds": 1.9},
        "shelf": {"value": 0.4, "weight": 0.5, "log_odds": 0.6},
    }
    assert sentences(weighing, factors, "weights") == [
        "reach spoke for it (log-odds +1.90, weight 1)",
        "shelf spoke for it (log-odds +0.60, weight 0.5)",
        "put_back spoke against it (log-odds -0.50, weight 1)",
    ]
    assert sentences(weighing, factors, "would_not_have_opened") == ["threshold = 0.89", "no reach"]


def test_a_sensor_that_is_not_there_says_so_and_the_sum_has_its_prior() -> None:
    night = AfterHoursRule(kind="after_hours", name="night", schedule="opening", fuse=True)
    factors: dict[str, Json] = {
        "followed_s": 12.0,
        "log_odds": 1.4,
        "prior": -3.0,
        "pir": {"value": True, "weight": 1.0, "log_odds": 2.89},
        "score": {"value": 0.8, "weight": 1.0, "log_odds": 1.51},
        "door": {"value": None, "weight": 0.0, "log_odds": 0.0},
    }
    assert sentences(night, factors, "weights")[-1] == (
        "door had nothing to say: it is not there, is stuck, or was silent for too long"
    )
    said = sentences(night, factors, "would_not_have_opened")
    hours = "opening hours that cover the time"
    assert said == ["after_s = 13", "min_log_odds = 1.5", hours, "no pir", "no score"]


def test_the_camera_s_own_state_is_told() -> None:
    assert sentences(LOITERING, {}, "camera") == ["nothing was known to be wrong with the camera when it opened"]
    assert sentences(LOITERING, {}, "camera", health={"defocused": "fault"}) == [
        "not well when it opened: defocused (fault)"
    ]


def test_what_the_inputs_had_told_is_told() -> None:
    said = sentences(LOITERING, {}, "camera", inputs={"back-door": True, "reader": False})
    assert said[1:] == ["its inputs had told last: back-door active, reader quiet"]


def test_a_rule_that_is_configured_no_longer_leaves_what_is_known() -> None:
    explained = explain(entry(RunningRule(kind="running", name="run"), {"speed_h_s": 2.0}), None, 100.0)
    assert explained["factors"] == {"speed_h_s": 2.0}
    assert explained["measures"] == []


@pytest.mark.parametrize("kind", sorted(RULE_TABLES))
def test_every_kind_names_factors_settings_and_words_that_exist(kind: str) -> None:
    """A comparison is with a setting or, where the limit is learned, with a factor; words name settings only."""
    rule = RULE_TABLES[kind]
    fields = dict.fromkeys(rule.__dataclass_fields__, 1.0)
    for compare in rule.compares:
        assert compare.op in (">=", "<=")
        assert compare.setting in fields or compare.setting == "limit"
    for words in rule.otherwise:
        assert "{" not in words.format(**fields)


def test_severities_in_rises_are_above_the_configured_one() -> None:
    assert all(rise.severity > Severity.WARNING for rise in LOITERING.rises())
