"""Runs in the peers' environment: what our tracker costs beside norfair, and how well it and the peers track.

`python -m tools.benchmarks.peer_tracking full|quick` prints one JSON object; `quick` leaves the scores out.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from tools.mot_sequences import load_group
from tools.score_tracking import JUDGED, contenders, scored, targets
from tools.tracker_cost import costs


def main(quick: bool) -> dict[str, Any]:
    """The cost ratios by what was tracked, and the score targets where the shared sequences are."""
    found: dict[str, Any] = {"costs": costs(quick), "targets": []}
    groups = {group: load_group(group) for group in JUDGED}
    if not quick and all(groups.values()):
        results = list(scored(groups, contenders(quick=False, only_ours=False)[0]))
        found["targets"] = [asdict(target) for target in targets(results)]
    return found


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1] == "quick")))
