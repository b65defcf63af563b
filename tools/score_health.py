"""How well the camera notices that its own picture is covered, blurred, moved, dark or frozen, and foretells failures.

    python tools/score_health.py [--picture | --forecasts] [--json] [--quick] [--first-seed N] [--jobs N]
                                 [--document FILE]

Simulated: shops and cameras by seeds that nothing was tuned on (5000 and up were), rendered second by second with
everything harmless in them (crowds, deliveries, sunbeams, exposure that hunts, flicker, somebody close by, nights by
infrared and without light); hours without anything are left out. On real video: the Intel clips as they are, and with a
fault from a given second on, where the shared data is. Forecasts: simulated years of board and lens. What is measured
stands in tools/health_scores. Exit status 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from hal.errors import HalError
from tools.benchmarks.report import write_section
from tools.health_scores import clips, costs, forecasts, picture
from tools.rule_scores import table
from tools.rule_scores.section import HELD_OUT, Run
from tools.rule_scores.table import Row

PICTURE = (
    "Simulated unless a row says real clips; times are those of the pictures, not of the machine; a fault begins right "
    "after a look. Constants were chosen on seeds from 5000 on, figures taken on seeds from 1000 on. "
    "`python tools/score_health.py --picture`."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; see the module's own words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = parser.add_mutually_exclusive_group()
    parts.add_argument("--picture", action="store_true", help="only the health of the picture")
    parts.add_argument("--forecasts", action="store_true", help="only failures foretold")
    parser.add_argument("--quick", action="store_true", help="a quick look: under two minutes on two cores")
    parser.add_argument("--first-seed", type=int, default=HELD_OUT, help="other seeds, such as 5000 to tune on")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--document", type=Path, help="write the table into this document's section")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(options.jobs)) if options.jobs > 1 else None
        run = Run(options.quick, options.first_seed, pool)
        seen = [] if options.forecasts else shown(chain(picture.rows(run), clips.rows(), costs.rows()), options.json)
        foretold = [] if options.picture else shown(forecasts.rows(run), options.json)
    if options.document and seen:
        text = f"## Health of the picture\n\n{PICTURE}\n\n{table.as_markdown(seen)}"
        write_section(options.document, "health", text)
    if options.document and foretold:
        about = f"{forecasts.ABOUT} `python tools/score_health.py --forecasts`."
        text = f"## Failures foretold\n\n{about}\n\n{table.as_markdown(foretold)}"
        write_section(options.document, "forecasts", text)
    return int(any(row.verdict == "missed" for row in (*seen, *foretold)))


def shown(rows: Iterable[Row], as_json: bool) -> list[Row]:
    """The rows, each printed as soon as it is there."""
    told = []
    for row in rows:
        told.append(row)
        print(json.dumps(row.fields()) if as_json else table.as_text(row), flush=True)
    return told


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HalError as error:
        sys.exit(f"{error}: {getattr(error, 'hint', '')}")
