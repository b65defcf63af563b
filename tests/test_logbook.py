"""The last lines of the log, for those who ask."""

from __future__ import annotations

import logging

import pytest

from agent.logbook import MOST_CHARACTERS, MOST_LINES, LogBook
from hal.simulated.clock import ManualClock

log = logging.getLogger("agent.tests.logbook")


def test_lines_are_numbered_graded_and_timed_while_they_are_kept() -> None:
    book = LogBook(ManualClock())
    log.warning("before")
    with book.kept():
        log.warning("the disk is full")
        log.error("the disk is %s", "gone")
    log.warning("after")
    lines = book.after(0)
    assert [(line.number, line.text) for line in lines] == [(1, "the disk is full"), (2, "the disk is gone")]
    assert [line.text for line in book.after(1)] == ["the disk is gone"]
    assert [line.number for line in book.after(0, logging.ERROR)] == [2]
    facts = lines[1].facts()
    assert (facts["level"], facts["name"], str(facts["utc"])[-1]) == ("error", log.name, "Z")


def test_a_traceback_belongs_to_its_line() -> None:
    book = LogBook(ManualClock())
    with book.kept():
        try:
            raise ValueError("what happened")
        except ValueError:
            log.exception("it failed")
    assert "ValueError: what happened" in book.after(0)[0].text


@pytest.mark.parametrize("count", [MOST_LINES + 5])
def test_a_flood_costs_bounded_memory(count: int) -> None:
    book = LogBook(ManualClock())
    with book.kept():
        for _ in range(count):
            log.error("x" * 3 * MOST_CHARACTERS)
    lines = book.after(0)
    assert (len(lines), lines[-1].number, len(lines[-1].text)) == (MOST_LINES, count, MOST_CHARACTERS)
