"""How incidents are told in a terminal."""

from __future__ import annotations

from agent.cli.reviewing import incident_line
from agent.review.entry import Entry, Stamp

STAMP = Stamp(1_800_000_000.0, True)


def an_incident(*, over: bool) -> Entry:
    """Loitering that opened at 100 s and was heard of last at 112 s."""
    return Entry("i-1", "loitering", "stay", "boot", 100.0, 112.0, STAMP, STAMP, over=over, zone="spirits")


def test_an_open_incident_tells_how_long_it_has_been_open() -> None:
    line = incident_line(an_incident(over=False).fields(160.0))
    assert line.endswith("stay in spirits, 60 s so far")


def test_one_that_is_over_tells_how_long_it_lasted() -> None:
    line = incident_line(an_incident(over=True).fields(160.0))
    assert line.endswith("stay in spirits, 12 s")
