"""Goal 5: what our tracker costs beside norfair, with better figures than any peer's (tools/score_tracking.py)."""

from __future__ import annotations

from typing import Any

from tools.benchmarks.footage import Bench
from tools.benchmarks.peers import RunFailed, run_in_peers
from tools.benchmarks.report import Row, not_measured

COSTS = {"5 objects": 0.05, "20 objects": 0.03, "MOT17": 0.10}
"""What is tracked, and the most that ours may cost beside norfair."""


def rows(bench: Bench) -> list[Row]:
    """The cost on made-up walkers and on MOT17; then MOTA, IDF1, HOTA and switches against the best peer."""
    try:
        found = run_in_peers(bench, "tools.benchmarks.peer_tracking", "quick" if bench.quick else "full")
    except RunFailed as failed:
        return [not_measured("5", _figure(what), most, str(failed)) for what, most in COSTS.items()]
    return [
        *(_cost(what, found["costs"].get(what), most) for what, most in COSTS.items()),
        *(_score(target) for target in found["targets"]),
    ]


def _figure(what: str) -> str:
    return f"our tracker / norfair, {what}"


def _cost(what: str, ratio: float | None, most: float) -> Row:
    if ratio is None:
        return not_measured("5", _figure(what), most, "norfair or the sequences are not there")
    return Row("5", _figure(what), ratio, most, "median time of an update, 20 frames each in turn, both warm")


def _score(target: dict[str, Any]) -> Row:
    """A target of tools/score_tracking.py, whose words are "> 29.7" or "< 33.2"."""
    sign, _, best = target["wanted"].partition(" ")
    if target["value"] is None or not best.replace(".", "").isdigit():
        return not_measured("5", target["figure"], None, "no peer ran beside ours")
    return Row("5", target["figure"], target["value"], float(best), "against the best peer", at_least=sign == ">")
