"""The book of incidents as the journal's records make it."""

from __future__ import annotations

import msgspec
import pytest

from agent.domain import HealthSample, HealthState, IncidentState, Severity
from agent.events.wire import Record
from agent.review.book import DECISION, NOTE, ReviewBook
from agent.review.entry import Entry
from agent.rule_config import LoiteringRule
from tests.review.records import Tape, incident

RULE = LoiteringRule(kind="loitering", name="loitering-spirits", zone="spirits")


def book(tape: Tape, most: int = 100) -> ReviewBook:
    made = ReviewBook([RULE], most)
    made.apply(tape.records)
    return made


def one(tape: Tape, number: int = 1) -> Entry:
    entry = book(tape).get(f"i-{number:05d}")
    assert entry is not None
    return entry


def life(tape: Tape, number: int = 1, dwell_s: float = 44.0) -> Tape:
    """An incident from opening to closing."""
    tape.add(incident(number, dwell_s=30.0))
    tape.add(incident(number, IncidentState.CLOSED, t_s=74.0, dwell_s=dwell_s))
    return tape


def decided(tape: Tape, decision: str, number: int = 1, by: str = "kim", said: str = "d1") -> Record:
    return tape.said(DECISION, incident=f"i-{number:05d}", decision=decision, by=by, reason="staff", note="", id=said)


def test_an_incident_lives_open_updated_closed_and_is_decided() -> None:
    tape, states = Tape(), []
    for item in (
        incident(dwell_s=30.0),
        incident(state=IncidentState.UPDATED, severity=Severity.CRITICAL, dwell_s=60.0),
        incident(state=IncidentState.CLOSED, severity=Severity.CRITICAL, t_s=100.0, dwell_s=70.0),
    ):
        tape.add(item)
        states.append(one(tape).state)
    for number, decision in enumerate(("dismiss", "confirm")):
        decided(tape, decision, said=f"d{number}")
        states.append(one(tape).state)
    assert states == ["open", "updated", "closed", "dismissed", "confirmed"]
    entry = one(tape)
    assert (entry.severity, entry.factors, entry.opening) == ("critical", {"dwell_s": 70.0}, {"dwell_s": 30.0})
    assert [decision.decision for decision in entry.decisions] == ["dismiss", "confirm"]
    assert entry.lasted_s(500.0) == 70.0


def test_an_incident_that_is_open_lasts_until_now() -> None:
    tape = Tape()
    tape.add(incident(dwell_s=30.0))
    assert one(tape).fields(75.0)["lasted_s"] == 45.0
    tape.add(incident(state=IncidentState.UPDATED, t_s=60.0, dwell_s=60.0))
    decided(tape, "confirm")
    assert (one(tape).state, one(tape).fields(95.0)["lasted_s"]) == ("confirmed", 65.0)


def test_of_an_incident_that_another_run_closed_its_own_runs_last_word_tells_how_long() -> None:
    """The monotonic clocks of two runs have nothing to do with each other."""
    tape = Tape()
    tape.add(incident(dwell_s=30.0))
    tape.add(incident(state=IncidentState.UPDATED, t_s=50.0, dwell_s=50.0))
    tape.boot = "boot-2"
    tape.add(incident(state=IncidentState.CLOSED, t_s=9_000.0, dwell_s=50.0))
    assert (one(tape).over, one(tape).lasted_s(9_100.0)) == (True, 20.0)


def test_the_same_records_twice_change_nothing() -> None:
    tape = life(Tape())
    decided(tape, "dismiss")
    tape.said(NOTE, incident="i-00001", text="hello", by="kim", id="n1")
    tape.said("held_back", rule="loitering-spirits", value=33.0, bar=45.0)
    once = book(tape)
    tape.records *= 2
    twice = book(tape)
    assert [msgspec.to_builtins(entry) for entry in twice] == [msgspec.to_builtins(entry) for entry in once]
    assert twice.near_misses == once.near_misses


def test_what_is_said_about_unknown_incidents_or_in_unknown_words_is_passed_over() -> None:
    tape = life(Tape())
    decided(tape, "perhaps")
    decided(tape, "confirm", number=9)
    tape.said(NOTE, incident="i-00009", text="hello", by="kim", id="n1")
    tape.said("held_back", rule=3, value="x")
    assert one(tape).state == "closed"
    assert len(book(tape)) == 1


def test_circumstances_are_kept_with_the_incident() -> None:
    tape = Tape()
    tape.felt(HealthSample("defocused", HealthState.FAULT, 1.0, 1.0, 1.0))
    tape.felt(HealthSample("covered", HealthState.WARNING, 1.0, 1.0, 1.0))
    tape.felt(HealthSample("covered", HealthState.OK, 2.0, 2.0, 1.0))
    tape.said("budget", rule="loitering-spirits", to=45.0, configured=30.0)
    tape.said("input", input="back-door", what="door", active=True)
    life(tape)
    tape.said("budget", rule="loitering-spirits", to=30.0, configured=30.0)
    tape.said("start")
    life(tape, number=2)
    first, second = one(tape, 1), one(tape, 2)
    assert (first.inputs, second.inputs) == ({"back-door": True}, {})
    assert (first.health, first.bar, first.settings["after_s"]) == ({"defocused": "fault"}, 45.0, 30.0)
    assert (second.health, second.bar) == ({}, None)


def test_pages_go_backwards_from_the_newest() -> None:
    tape = Tape()
    for number in range(1, 8):
        life(tape, number)
    decided(tape, "confirm", number=3)
    full = book(tape)
    assert [entry.id[-1] for entry in full.page(limit=3)] == ["7", "6", "5"]
    assert [entry.id[-1] for entry in full.page(limit=3, before="i-00005")] == ["4", "3", "2"]
    assert [entry.id[-1] for entry in full.page(state="confirmed")] == ["3"]
    assert full.page(state="open") == []
    assert len(full.page(state="closed")) == 6
    with pytest.raises(KeyError):
        full.page(before="nothing")


def test_the_oldest_go_first() -> None:
    tape = Tape()
    for number in range(1, 8):
        life(tape, number)
    small = book(tape, most=3)
    assert [entry.id[-1] for entry in small] == ["5", "6", "7"]
    assert small.incidents_from_s() == small.page()[-1].opened.utc_s
    assert small.near_misses_from_s() is None
    small.forget_before(small.page()[0].opened.utc_s)
    assert len(small) == 1


def test_an_entry_outlives_being_written_down() -> None:
    tape = life(Tape())
    decided(tape, "dismiss")
    entry = one(tape)
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(entry), type=Entry)
    assert again.fields(100.0) == entry.fields(100.0)
