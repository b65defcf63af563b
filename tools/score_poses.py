"""Scores a file of poses with labels: our concealment score beside controls that know nothing of what anybody does.

    python tools/score_poses.py FILE.npz --labels LABELS.csv [--json]
    python tools/score_poses.py --simulated SEED [--json]

LABELS.csv holds person,frame,label (0 or 1), one row a pose. Beware of what such sets reward: where people who hide
something are filmed longer or further away, time in view or size alone rank well. So every figure is printed for such
blind controls too, once over all frames, once over pairs of frames alike in time in view and in size ("matched"), and
once over clips cut to equal length. Exit status 1 when the best control ranks above our score in matched pairs.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from agent.cli.scoring import load
from agent.errors import AislewatchError, OperatorError
from agent.vision.pose_file import PoseTable, concealment_scores
from hal.simulated.scenario.pose_day import PosePlan
from tools.rule_scores.blind import Ranking, rankings
from tools.rule_scores.pose_tables import Labelled, simulated
from tools.rule_scores.ranking import Flags

OURS = "concealment score"
LABELS = {"0": False, "1": True}
PLAN = PosePlan(shoppers=30, hiders=10)
HEAD = ("", "ROC AUC", "AP", "matched AUC", "clip AUC", "clip AP")


def read_labels(path: Path, table: PoseTable) -> Flags:
    """The label of every pose. Raises OperatorError for a file that does not fit the poses."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = {(row["person"], int(row["frame"])): LABELS[row["label"]] for row in csv.DictReader(stream)}
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}", hint="check the path") from None
    except (KeyError, ValueError, TypeError) as error:
        hint = "wanted is person,frame,label, with a label of 0 or 1"
        raise OperatorError(f"{path} is no table of labels: {error}", hint=hint) from None
    keys = list(zip(map(str, table.person.tolist()), table.frame.tolist(), strict=True))
    missing = next((key for key in keys if key not in rows), None)
    if missing:
        raise OperatorError(f"{path} has no label for person {missing[0]} in frame {missing[1]}")
    return np.array([rows[key] for key in keys], np.bool_)


def as_text(ranking: Ranking) -> str:
    """One line for a terminal."""
    figures = "".join(f"{'-' if value is None else format(value, '.3f'):>13}" for value in ranking[1:])
    return f"{ranking.name:<22}{figures}"


def verdict(found: Sequence[Ranking]) -> bool:
    """Whether our score ranks above every control among frames that are alike in time in view and size."""
    ours = found[0].matched
    return ours is not None and all(abs((other.matched or 0.5) - 0.5) < ours - 0.5 for other in found[1:])


def main(arguments: Sequence[str] | None = None) -> int:
    """Score and print; see the module's own words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?", help="poses, as `aislewatch score-poses` takes them")
    parser.add_argument("--labels", type=Path, help="person,frame,label")
    parser.add_argument("--simulated", type=int, metavar="SEED", help="simulated poses instead of a file")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args(arguments)
    if (options.simulated is None) == (options.file is None) or (options.file is None) != (options.labels is None):
        parser.error("give either a file with --labels or --simulated")
    try:
        labelled = _labelled(options)
    except AislewatchError as error:
        parser.error(f"{error} {getattr(error, 'hint', '')}".strip())
    found = list(rankings(labelled.table, labelled.labels, {OURS: concealment_scores(labelled.table)}))
    _show(labelled, found, as_json=options.json, simulated=options.simulated is not None)
    return int(not verdict(found))


def _labelled(options: argparse.Namespace) -> Labelled:
    if options.simulated is not None:
        return simulated(options.simulated, options.simulated, PLAN)
    table = load(options.file)
    return Labelled(table, read_labels(options.labels, table))


def _show(labelled: Labelled, found: Sequence[Ranking], *, as_json: bool, simulated: bool) -> None:
    if as_json:
        for ranking in found:
            print(json.dumps({"type": "ranking", "data": "simulated" if simulated else "file", **ranking._asdict()}))
        return
    what = "simulated poses" if simulated else "poses"
    print(f"{len(labelled.labels)} {what}, {labelled.labels.mean():.2%} labelled")
    print(f"{HEAD[0]:<22}" + "".join(f"{name:>13}" for name in HEAD[1:]))
    for ranking in found:
        print(as_text(ranking))


if __name__ == "__main__":
    sys.exit(main())
