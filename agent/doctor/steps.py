"""What a check of network or disk has found: one answer a question, in the order in which they were asked; pure."""

from __future__ import annotations

from typing import NamedTuple

DEFAULT_NTP = "pool.ntp.org"
DEFAULT_PORTAL = "http://network-test.debian.org/nm"


class Step(NamedTuple):
    """One answer: `state` is ok, warning, fault, unknown or skipped."""

    name: str
    state: str
    detail: str
    advice: str = ""


class Checked(NamedTuple):
    """The answers, and how many seconds ago they were had: who asks again soon shares them."""

    steps: list[Step]
    age_s: float
