"""MOTA, IDF1, HOTA, switches and cost of our tracker and of others, on the same detections, side by side in one run.

    python tools/score_tracking.py [--json] [--quick] [--groups NAME,...] [--only-ours]

The scorer is first proven on tracks whose scores are published. Then every tracker runs with one global setting over
all sequences of AISLEWATCH_DATA; where a peer comes in two settings the better figure counts for each target. Starts
itself anew in `.venv-peers` where that exists. Exit status 1 when a target is missed, 2 when the data is absent.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from tools import mot_sequences
from tools.mot_metrics import Score, score
from tools.mot_sequences import GROUPS, data_root, load_group, read_rows
from tools.peers import OURS, PEERS, Contender, enter_environment
from tools.tracker_cost import COST_TARGETS, costs

JUDGED = ("MOT17", "CAMPUS")
QUICK_FRAMES = {"MOT17": 400, "CAMPUS": 2500, "TUD": 200}
HEAD = "group   tracker               setting    MOTA   IDF1   HOTA switches ms/frame"
PROOF = {
    "TUD-Campus": {"MOTA": 52.6, "IDF1": 55.8, "HOTA": 39.1, "switches": 7},
    "TUD-Stadtmitte": {"MOTA": 56.4, "IDF1": 64.5, "HOTA": 39.8, "switches": 7},
}
"""Published scores of reference_tracker_test.txt (py-motmetrics and TrackEval), rounded as there."""


@dataclass(frozen=True, slots=True)
class Result:
    """One tracker on one group: means over its sequences."""

    name: str
    setting: str
    group: str
    mota: float
    idf1: float
    hota: float
    switches: float
    update_ms: float


@dataclass(frozen=True, slots=True)
class Target:
    """One target with its figure and verdict; `wanted` says the target in words."""

    figure: str
    value: float | None
    wanted: str
    met: bool | None

    @property
    def verdict(self) -> str:
        return {None: "not measured", True: "met", False: "missed"}[self.met]


def run(contender: Contender, sequence: mot_sequences.Sequence) -> tuple[Score, float]:
    """The score of a tracker on a sequence, and the mean time of one update in ms."""
    tracker = contender.begin(sequence.video)
    rows = {}
    spent_s = 0.0
    for frame, boxes, scores in sequence.frames():
        prepared = tracker.prepare(boxes, scores)
        start_s = time.perf_counter()
        result = tracker.update(prepared)
        spent_s += time.perf_counter() - start_s
        rows[frame] = tracker.rows(result)
    return score(sequence.truth, rows), 1e3 * spent_s / sequence.length


def measure(contender: Contender, group: str, sequences: Sequence[mot_sequences.Sequence]) -> Result:
    """One tracker on all sequences of a group."""
    runs = [run(contender, sequence) for sequence in sequences]
    scores = [found for found, _ in runs]
    return Result(
        contender.name,
        contender.setting,
        group,
        fmean(one.mota for one in scores),
        fmean(one.idf1 for one in scores),
        fmean(one.hota for one in scores),
        fmean(one.switches for one in scores),
        fmean(update_ms for _, update_ms in runs),
    )


def proof() -> Iterator[Target]:
    """Our scorer against the published scores of known tracks."""
    for name, published in PROOF.items():
        folder = data_root() / "mot" / name
        found = score(read_rows(folder / "gt" / "gt.txt"), read_rows(folder / "reference_tracker_test.txt"))
        values = {"MOTA": found.mota, "IDF1": found.idf1, "HOTA": found.hota, "switches": found.switches}
        for metric, expected in published.items():
            value = round(values[metric], 1)
            yield Target(f"scorer, {name}: {metric}", value, f"= {expected:g}", value == expected)


def targets(results: Sequence[Result]) -> Iterator[Target]:
    """Ours against the best of the others, for each figure of each judged group."""
    for group in JUDGED:
        ours = next((row for row in results if row.group == group and row.name == OURS.name), None)
        others = [row for row in results if row.group == group and row.name != OURS.name]
        if ours is None:
            continue
        for metric in ("mota", "idf1", "hota"):
            value = getattr(ours, metric)
            best = max((getattr(row, metric) for row in others), default=None)
            wanted = "> the best peer" if best is None else f"> {best:.1f}"
            yield Target(f"{group}: {metric.upper()}", value, wanted, None if best is None else value > best)
        fewest = min((row.switches for row in others), default=None)
        wanted = "< the fewest of the peers" if fewest is None else f"< {fewest:.1f}"
        met = None if fewest is None else ours.switches < fewest
        yield Target(f"{group}: switches", ours.switches, wanted, met)


def cost_targets(quick: bool) -> Iterator[Target]:
    """Goal 5 of performance.md: time of one update over norfair's, taken in turn."""
    ratios = costs(quick)
    for what, most in COST_TARGETS.items():
        ratio = ratios.get(what)
        met = None if ratio is None else ratio <= most
        yield Target(f"cost / norfair, {what}", ratio, f"<= {most:g}", met)


def result_line(row: Result, as_json: bool) -> str:
    """One tracker's figures on one group."""
    if as_json:
        fields = {name: getattr(row, name) for name in Result.__slots__}
        rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in fields.items()}
        return json.dumps({"type": "tracking"} | rounded)
    return (
        f"{row.group:7} {row.name:21} {row.setting:8} {row.mota:6.2f} {row.idf1:6.2f} {row.hota:6.2f} "
        f"{row.switches:8.1f} {row.update_ms:8.3f}"
    )


def target_line(row: Target, as_json: bool) -> str:
    """One target with its verdict."""
    value = None if row.value is None else round(row.value, 3)
    if as_json:
        fields = {"figure": row.figure, "value": value, "target": row.wanted, "verdict": row.verdict}
        return json.dumps({"type": "target"} | fields)
    return f"{row.verdict:12} {'-' if value is None else value:>8} {row.wanted:>12}  {row.figure}"


def contenders(quick: bool, only_ours: bool) -> tuple[list[Contender], list[str]]:
    """The trackers that can run here, and why the others cannot."""
    wanted = [] if only_ours else [peer for peer in PEERS if peer.setting == "tuned" or not quick]
    missing = {peer.missing for peer in wanted} - {""}
    return [OURS, *(peer for peer in wanted if not peer.missing)], sorted(missing)


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--quick", action="store_true", help="the beginnings of the sequences, tuned settings only")
    parser.add_argument("--groups", default=",".join(GROUPS), help="which groups of sequences, by name")
    parser.add_argument("--only-ours", action="store_true", help="leave the peers out")
    return parser


def scored(groups: Mapping[str, Sequence[mot_sequences.Sequence]], wanted: Sequence[Contender]) -> Iterator[Result]:
    """Every tracker on every group."""
    for group, sequences in groups.items():
        for contender in wanted:
            yield measure(contender, group, sequences)


def main(argv: Sequence[str] | None = None) -> int:
    """Print every figure and target; returns the exit status."""
    options = arguments().parse_args(argv)
    groups = {group: load_group(group) for group in options.groups.split(",")}
    if not all(groups.values()):
        print(f"no tracking sequences under {data_root()}; set AISLEWATCH_DATA", file=sys.stderr)
        return 2
    if options.quick:
        groups = {name: [one.first(QUICK_FRAMES[name]) for one in group] for name, group in groups.items()}
    wanted, missing = contenders(options.quick, options.only_ours)
    for reason in missing:
        print(f"left out: {reason}", file=sys.stderr)
    if not options.json:
        print(HEAD)
    results = []
    for row in scored(groups, wanted):
        results.append(row)
        print(result_line(row, options.json), flush=True)
    verdicts = [*proof(), *targets(results), *cost_targets(options.quick)]
    for verdict in verdicts:
        print(target_line(verdict, options.json))
    return int(any(verdict.met is False for verdict in verdicts))


if __name__ == "__main__":
    enter_environment(__file__, sys.argv[1:])
    sys.exit(main())
