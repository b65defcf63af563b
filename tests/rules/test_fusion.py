"""Camera, PIR, door and thermal array weighed together: what each adds, and what a missing or broken one does not."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.config import parse_config
from agent.domain import FactKind, Json, Track
from agent.rules.base import View
from agent.rules.engine import RuleEngine
from agent.rules.facts import Fact, FactBook
from agent.rules.fusion import ALIVE_S, CLIP, PRIOR, STUCK_S, Fusion, Weighed
from agent.rules.senses import Senses
from agent.vision.thermal import Warmth
from tests.rules.stage import ASPECT
from tests.rules.walks import person

NOW = 100_000.0
SENSORS = ("pir", "door", "thermal")


def weighed(
    facts: Sequence[Fact] = (),
    warm: Warmth | None = None,
    followed_s: float = 20.0,
    score: float = 0.8,
    inputs: Sequence[str] = (),
) -> Weighed:
    """Somebody who was followed for so long, with what the sensors told."""
    book = FactBook()
    for fact in facts:
        book.add(fact)
    somebody: Track = person(NOW, 0.5, 0.5)._replace(born_s=NOW - followed_s, score=score)
    view = View(NOW, {1: somebody}, {}, facts=book, senses=Senses(warm=warm))
    fusion = Fusion(10.0, inputs)
    fusion.watch(view)
    return fusion.weigh(view, somebody)


def pir(ago_s: float, *, active: bool = True, source: str = "pir") -> Fact:
    return Fact(FactKind.PIR, source, NOW - ago_s, active)


def door(ago_s: float) -> list[Fact]:
    return [Fact(FactKind.DOOR, "door", NOW - ago_s), Fact(FactKind.DOOR, "door", NOW - ago_s + 2, active=False)]


def test_without_sensors_only_the_camera_speaks() -> None:
    alone = weighed()
    assert [alone.terms[name].log_odds for name in SENSORS] == [0.0, 0.0, 0.0]
    assert alone.log_odds == pytest.approx(PRIOR + alone.terms["score"].log_odds + alone.terms["persistence"].log_odds)
    assert alone.log_odds > 0, "somebody clear who stays is believed on sight alone"
    assert weighed(followed_s=1.0).log_odds < 0, "a moment is not"
    assert weighed(score=0.56).log_odds < 0, "nor is a doubtful box"


@pytest.mark.parametrize(
    ("facts", "sign"),
    [
        ([pir(3)], 1),
        ([pir(300)], 1),
        ([pir(60), pir(55, active=False)], -1),
        ([pir(60), pir(9, active=False)], 1),
        ([pir(STUCK_S + 1)], 0),
        ([pir(ALIVE_S + 60), pir(ALIVE_S + 50, active=False)], 0),
        ([], 0),
    ],
    ids=["now", "on for minutes", "long over", "just over", "stuck", "dead", "none"],
)
def test_what_a_pir_adds(facts: list[Fact], sign: int) -> None:
    odds = weighed(facts).terms["pir"].log_odds
    assert (odds > 0) - (odds < 0) == sign


def test_one_stuck_pir_silences_no_other_and_only_named_ones_count() -> None:
    stuck = pir(5000, source="old")
    assert weighed([stuck, pir(3)]).terms["pir"].log_odds > 0
    assert weighed([stuck, pir(60), pir(55, active=False)]).terms["pir"].log_odds < 0
    assert weighed([pir(3)], inputs=["other"]).terms["pir"].log_odds == 0


def test_a_door_that_opens_says_much_and_one_that_stays_shut_little() -> None:
    opened, shut = weighed(door(5)).terms["door"].log_odds, weighed(door(500)).terms["door"].log_odds
    assert opened > 2
    assert -0.5 < shut < 0
    assert weighed(door(ALIVE_S + 100)).terms["door"].log_odds == 0


@pytest.mark.parametrize(
    ("warm", "sign"),
    [
        (Warmth(NOW - 1, 1, 5.0), 1),
        (Warmth(NOW - 1, 0, 0.0), -1),
        (Warmth(NOW - 1, 1, 5.0, "stuck"), 0),
        (Warmth(NOW - 11, 1, 5.0), 0),
        (None, 0),
    ],
)
def test_what_the_thermal_array_adds(warm: Warmth | None, sign: int) -> None:
    odds = weighed(warm=warm).terms["thermal"].log_odds
    assert (odds > 0) - (odds < 0) == sign


def test_silence_weighs_as_much_as_there_was_time_to_notice() -> None:
    quiet = [pir(60), pir(55, active=False)]
    odds = [weighed(quiet, followed_s=seconds).terms["pir"].log_odds for seconds in (0.0, 2.5, 5.0, 10.0, 100.0)]
    assert odds == sorted(odds, reverse=True)
    assert odds[0] == 0.0
    assert odds[-1] == odds[-2] < -1.5


def test_sensors_that_agree_are_faster_than_the_camera_and_those_that_deny_are_heard() -> None:
    assert weighed([pir(1)], followed_s=1.0).log_odds > 0 > weighed(followed_s=1.0).log_odds
    quiet, cold = [pir(60), pir(55, active=False)], Warmth(NOW - 1, 0, 0.0)
    assert weighed(quiet, cold, followed_s=300.0, score=0.9).log_odds < 0, "a poster that everybody else denies"


@given(
    st.floats(0, 1000),
    st.floats(0, 1),
    st.lists(
        st.tuples(st.sampled_from([FactKind.PIR, FactKind.DOOR]), st.floats(0, 2 * ALIVE_S), st.booleans()), max_size=6
    ),
    st.none() | st.integers(0, 3),
)
def test_no_term_passes_the_clip_and_the_factors_show_the_whole_sum(
    followed_s: float, score: float, told: list[tuple[FactKind, float, bool]], bodies: int | None
) -> None:
    facts = [Fact(kind, kind.value, NOW - ago_s, active) for kind, ago_s, active in told]
    warm = None if bodies is None else Warmth(NOW - 1, bodies, 3.0)
    found = weighed(facts, warm, followed_s, score)
    assert all(-CLIP <= term.log_odds <= CLIP for term in found.terms.values())
    factors = found.factors()
    parts = [part["log_odds"] for part in factors.values() if isinstance(part, dict)]
    assert len(parts) == 5
    assert factors["log_odds"] == pytest.approx(PRIOR + sum(float(str(part)) for part in parts), abs=0.03)


RULE = """
[[schedule]]
name = "open"
start = "08:00"
end = "20:00"
[[rule]]
kind = "after_hours"
schedule = "open"
"""


def after_hours(text: str, facts: Sequence[Fact], seconds: int = 12) -> list[dict[str, Json]]:
    """The factors of every hit while somebody with a fair score is there at night."""
    engine = RuleEngine(parse_config(text), ASPECT)
    for fact in facts:
        engine.feed(fact)
    found = []
    for k in range(seconds * 5):
        t_s = NOW + k / 5
        tracks = [person(t_s, 0.5, 0.5)._replace(born_s=NOW, score=0.72)]
        found += [dict(hit.factors) for hit in engine.update(t_s, tracks, 23 * 60).hits]
    return found


def test_after_hours_asks_all_sensors_when_told_to_fuse() -> None:
    quiet, moving = [pir(60), pir(55, active=False)], [pir(1)]
    assert after_hours(RULE, quiet)
    fused = RULE + "fuse = true\n"
    assert not after_hours(fused, quiet)
    hits = after_hours(fused, moving)
    assert hits[0]["sensor"] is True
    assert hits[0]["pir"] == {"value": True, "weight": 1.0, "log_odds": 2.89}
    assert not after_hours(fused + "min_log_odds = 5\n", moving)
    assert "log_odds" not in after_hours(RULE, moving)[0]
