"""From decisions to bars: told, bounded, kept over a restart, and never for exempt rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import parse_config
from agent.domain import Event, IncidentState, Severity
from agent.events.journal import Journal
from agent.review.book import BUDGET, DECISION, ReviewBook
from agent.review.tuning import DAY_S, KEY, BudgetKeeper, Memory, tunables
from agent.rule_config import RULE_TABLES, LoiteringRule, RuleConfig
from agent.rules.bars import Bars
from agent.rules.base import Hit, Subject
from agent.tables.review import BudgetConfig
from hal.simulated.clock import ManualClock
from tests.review.records import Tape, incident

RULE = LoiteringRule(kind="loitering", name="loitering-spirits", zone="spirits", after_s=30.0)
EXEMPT = ("after_hours", "restricted", "fall", "panic", "tailgating", "pos_exception", "assistance", "queue")


class Shop:
    """A book, a budget and a clock; people come, are noticed, and somebody judges."""

    def __init__(self, config: BudgetConfig | None = None, memory: Memory | None = None) -> None:
        self.clock = ManualClock(1000.0)
        self.tape = Tape()
        self.book = ReviewBook([RULE], 2000)
        self.bars = Bars([RULE])
        self.told: list[Event] = []
        self.budget = BudgetKeeper(
            [RULE], config or BudgetConfig(), self.book, self.bars, self.clock, self.told.append, memory
        )

    def days(self, count: float) -> None:
        """Time passes while the camera watches."""
        for _ in range(round(count * 24)):
            self.clock.sleep(DAY_S / 24)
            self.budget.tick(watching=True)

    def noticed(self, number: int, dwell_s: float, decision: str | None, severity: Severity = Severity.WARNING) -> None:
        """An incident of so long a stay, and what people made of it."""
        at_s = self.clock.wall().utc_s
        before = len(self.tape.records)
        self.tape.add(incident(number, severity=severity, dwell_s=30.0), at_s)
        self.tape.add(incident(number, IncidentState.CLOSED, severity, dwell_s=dwell_s), at_s)
        if decision:
            self.tape.said(
                DECISION,
                at_s,
                incident=f"i-{number:05d}",
                decision=decision,
                by="",
                reason="x",
                note="",
                id=f"{number}",
            )
        self.book.apply(self.tape.records[before:])

    def opens(self, dwell_s: float, severity: Severity = Severity.WARNING) -> bool:
        """Whether such a stay would open an incident now."""
        return not self.bars.hold(Hit(Subject(RULE.name, 1), severity, factors={"dwell_s": dwell_s}))

    def noisy(self, a_day: int = 6, days: int = 4, decision: str = "dismiss") -> None:
        """Days of benign stays of 31 to 60 s that somebody judges."""
        for day in range(days):
            for n in range(a_day):
                self.noticed(1000 * day + n, 31.0 + 29.0 * n / a_day, decision)
            self.days(1)


def test_dismissals_raise_the_limit_and_every_change_is_told() -> None:
    shop = Shop()
    assert shop.opens(31.0)
    shop.noisy()
    assert not shop.opens(31.0)
    assert shop.opens(121.0)
    event = shop.told[-1]
    assert (event.kind, event.data["rule"], event.data["setting"]) == (BUDGET, RULE.name, "after_s")
    limit = event.data["to"]
    assert isinstance(limit, float)
    assert 30.0 < limit <= 120.0
    rules = shop.budget.status()["rules"]
    assert isinstance(rules, list)
    assert isinstance(rules[0], dict)
    said = {key: rules[0][key] for key in ("setting", "configured", "now")}
    assert said == {"setting": "after_s", "configured": 30.0, "now": pytest.approx(limit, abs=0.01)}


def test_critical_passes_whatever_was_dismissed() -> None:
    shop = Shop()
    shop.noisy(a_day=30)
    assert not shop.opens(31.0)
    assert shop.opens(31.0, Severity.CRITICAL)


def test_confirmations_change_nothing() -> None:
    shop = Shop()
    shop.noisy(decision="confirm")
    assert shop.opens(30.0)
    assert shop.told == []


def test_what_nobody_reviews_any_more_goes_back_to_what_is_configured() -> None:
    shop = Shop()
    shop.noisy()
    assert not shop.opens(31.0)
    shop.days(28)
    assert shop.opens(30.0)
    assert shop.told[-1].data["to"] == shop.told[-1].data["configured"] == 30.0


def test_critical_and_informing_incidents_make_their_rule_no_stricter() -> None:
    for severity in (Severity.CRITICAL, Severity.INFO):
        shop = Shop()
        for n in range(40):
            shop.noticed(n, 40.0, "dismiss", severity)
        shop.days(1)
        assert shop.opens(31.0)


def test_switched_off_it_holds_nothing_back() -> None:
    shop = Shop()
    shop.noisy()
    off = Shop(BudgetConfig(enabled=False), shop.budget.memory)
    assert off.opens(31.0)
    assert off.told[-1].data["to"] is None
    assert off.budget.status()["enabled"] is False


async def test_it_stands_where_it_stood_after_a_restart(tmp_path: Path) -> None:
    shop = Shop()
    shop.noisy()
    async with await Journal.open(tmp_path / "journal.db", shop.clock) as journal:
        await shop.budget.keep(journal)
    async with await Journal.open(tmp_path / "journal.db", shop.clock) as journal:
        again = Shop(memory=await BudgetKeeper.kept(journal))
        assert not again.opens(31.0)
        assert again.budget.memory == shop.budget.memory
        await journal.keep(KEY, b"\xc1")
        assert await BudgetKeeper.kept(journal) == Memory()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(30, 1000), st.sampled_from(["confirm", "dismiss", None]), st.floats(0, 3)), max_size=40
    ),
    st.floats(0.05, 5),
    st.floats(1, 10),
)
def test_no_feedback_moves_the_limit_out_of_its_bounds(
    story: list[tuple[float, str | None, float]], false_per_day: float, max_factor: float
) -> None:
    shop = Shop(BudgetConfig(false_per_day=false_per_day, max_factor=max_factor))
    for number, (dwell_s, decision, days) in enumerate(story):
        shop.noticed(number, dwell_s, decision)
        shop.days(days)
    most = 30.0 * min(4.0, max_factor)
    for event in shop.told:
        limit = event.data["to"]
        assert isinstance(limit, float)
        assert 30.0 <= limit <= most + 1e-3
    assert shop.opens(most + 0.001)


@pytest.mark.parametrize("kind", sorted(RULE_TABLES))
def test_what_a_rule_lets_the_budget_tune_is_one_of_its_comparisons(kind: str) -> None:
    rule = RULE_TABLES[kind]
    if kind in EXEMPT:
        assert rule.tuned is None, f"{kind} is exempt from the alert budget"
    if rule.tuned is not None:
        assert rule.tuned.most > 1
        assert [compare.op for compare in rule.compares if compare.setting == rule.tuned.setting] == [">="]


def test_services_and_rules_that_only_inform_are_not_tuned() -> None:
    text = """
    [[zone]]
    name = "till"
    kind = "queue"
    polygon = [[0, 0], [1, 0], [1, 1]]
    [[rule]]
    kind = "queue"
    zone = "till"
    [[rule]]
    kind = "loitering"
    zone = "till"
    severity = "info"
    [[rule]]
    kind = "running"
    """
    rules: tuple[RuleConfig, ...] = parse_config(text).rules
    assert [one.rule.kind for one in tunables(rules, 4.0)] == ["running"]
