"""How far the rules can be trusted: scored on simulated shops with truth, through the real tracker and rules.

    python tools/score_rules.py [--json] [--quick] [--only SECTION]... [--first-seed N] [--jobs N] [--document FILE]

Shops, people and detector errors come from hal/simulated with seeds that nothing was tuned on. All figures are
simulated: they say how the rules do when the detector errs as described there, not how a shop will be. Exit status 1
when a target is missed. `--document` writes the table into its own section of a document. Each topic is a section, a
module of tools/rule_scores/sections.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from tools.benchmarks.report import write_section
from tools.rule_scores import table
from tools.rule_scores.section import HELD_OUT, Run, Section
from tools.rule_scores.sections import SECTIONS
from tools.rule_scores.table import Row


def measure(sections: Sequence[Section], run: Run) -> Iterator[Row]:
    """The rows of the sections, as they come; how long each took is told on the side."""
    for section in sections:
        start_s = time.monotonic()
        yield from section.rows(run)
        print(f"{section.name}: {time.monotonic() - start_s:.1f} s", file=sys.stderr)


def document(rows: Sequence[Row], sections: Sequence[Section]) -> str:
    """The section of a document."""
    about = "\n".join(f"- {section.about}" for section in sections)
    return f"## Rules\n\nAll simulated, by `python tools/score_rules.py`:\n\n{about}\n\n{table.as_markdown(rows)}"


def main(arguments: Sequence[str] | None = None, sections: Sequence[Section] = SECTIONS) -> int:
    """Measure and print; see the module's own words."""
    options = _parser(sections).parse_args(arguments)
    chosen = [section for section in sections if section.name in (options.only or [section.name])]
    with ExitStack() as stack:
        pool = stack.enter_context(ProcessPoolExecutor(options.jobs)) if options.jobs > 1 else None
        rows = []
        for row in measure(chosen, Run(options.quick, options.first_seed, pool)):
            _show(row, as_json=options.json)
            rows.append(row)
    if not options.json:
        print("all figures are simulated")
    if options.document:
        write_section(options.document, "rules", document(rows, chosen))
    return int(any(row.verdict == "missed" for row in rows))


def _parser(sections: Sequence[Section]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [section.name for section in sections]
    parser.add_argument("--quick", action="store_true", help="a quick look: under 50 s on two cores")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--only", action="append", choices=names, help="this section only; may be given again")
    what.add_argument("--document", type=Path, help="write the table into this document's section")
    parser.add_argument("--first-seed", type=int, default=HELD_OUT, help="other seeds, such as 5000 to tune on")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default 2)")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    return parser


def _show(row: Row, *, as_json: bool) -> None:
    print(json.dumps(row.fields()) if as_json else table.as_text(row), flush=True)


if __name__ == "__main__":
    sys.exit(main())
