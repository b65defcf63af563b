"""Measures the goals of performance side by side with the peers and floors they are compared to.

Every row is a ratio of medians taken in turn within this run, so that it carries over to other machines better than
times do. Exit status 1 when a target is missed. What cannot be measured here is said so, with the reason. A full run
writes its table into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import cv2

from agent.app import SWITCH_S
from hal import memory
from tools.benchmarks import (
    alarm,
    background,
    drain,
    evidence,
    gates,
    messages,
    picture,
    pin,
    poses,
    process,
    siege,
    storage,
    tracking,
    walk,
)
from tools.benchmarks.footage import ROOT, Bench
from tools.benchmarks.report import Row, as_json, as_markdown, as_text, exit_code, write_section

GOALS: dict[str, Callable[[Bench], list[Row]]] = {
    "1": walk.rows,
    "2": pin.paced_rows,
    "3": pin.saturated_rows,
    "4": gates.rows,
    "5": tracking.rows,
    "6": picture.rows,
    "8": process.rows,
    "9": storage.rows,
    "10": messages.rows,
    "11": evidence.rows,
    "12": alarm.rows,
    "13": background.rows,
    "pose": poses.rows,
    "siege": siege.rows,
    "drain": drain.rows,
}
"""What measures each goal; the gates measure goal 7 as well."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; see the module's own words."""
    options = _parser().parse_args(arguments)
    bench = Bench(quick=options.quick, frigate=options.frigate)
    _run_like_the_agent()
    rows = []
    for goal in options.goals or GOALS:
        for row in GOALS[goal](bench):
            print(as_json(row) if options.json else as_text(row), flush=True)
            rows.append(row)
    if options.out:
        write_section(options.out, "bench", _document(bench, rows))
    elif not options.quick and not options.goals:
        write_section(ROOT / "docs" / "benchmarks.md", "bench", _document(bench, rows))
    return exit_code(rows)


def _run_like_the_agent() -> None:
    """Its settings for memory and threads; what the benchmark itself holds is kept out of its garbage collections."""
    memory.settle()
    sys.setswitchinterval(SWITCH_S)
    cv2.setNumThreads(1)
    gc.freeze()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few repetitions, under 50 s on 2 cores; writes nothing")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--frigate", type=Path, metavar="DIR", help="a checkout of Frigate, for its motion gate")
    parser.add_argument(
        "--goals", type=_goals, metavar="N,N...", help=f"only these ({', '.join(GOALS)}); writes nothing"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the table here, whatever was measured")
    return parser


def _goals(text: str) -> list[str]:
    chosen = text.split(",")
    unknown = [goal for goal in chosen if goal not in GOALS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no goal {', '.join(unknown)}; there are {', '.join(GOALS)}")
    return chosen


def _document(bench: Bench, rows: Sequence[Row]) -> str:
    """The section for docs/benchmarks.md."""
    effort = "quick" if bench.quick else "full"
    machine = f"{_processor()}, {os.cpu_count()} cores, Python {platform.python_version()}, {sys.platform}"
    head = f"## Performance (`make bench`)\n\nA {effort} run on {machine}; model {bench.model}."
    return f"{head}\n\n{as_markdown(rows)}"


def _processor() -> str:
    """The processor as Linux names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
