"""A newcomer's path, timed: a camera fresh from its box is found, paired, aimed, drawn into, walked, and recorded.

`python -m tools.newcomer` types what docs/install.md tells a technician, on the camera, at the hub and on a laptop, as
commands of their own against a simulated camera that was started as the image starts one. It prints what each took;
`--write` puts the table into the page. It fails where a command does, where there are more than twelve, or where the
record does not say that everything was triggered.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from tools.newcomer_shop import ROOT, Shop, open_shop

PAGE = ROOT / "docs" / "install.md"
BEGIN, END = "<!-- begin: tools/newcomer.py -->", "<!-- end -->"
MOST_COMMANDS = 12
CODE = re.compile(r"AISLEWATCH:1:([^:\s]+):\S+")
LIMIT_S = 180.0
HELPS = 9
RED = "✘ WRONG"


class Typed(NamedTuple):
    """One command: where it is typed, its words, and what it is for."""

    where: str
    words: str
    does: str
    may_say_no: bool = False
    """Exit code 1 is an answer: here of a computer that no time server vouches for, and which is no camera's board."""


PATH = (
    Typed("laptop", "aislewatch find", "the new camera is listed, unclaimed"),
    Typed("camera", "sudo aislewatch pair", "shows a code for the hub"),
    Typed("hub", "python tools/hub.py claim {code}", "the hub takes it"),
    Typed("hub", "python tools/hub.py issue technician Kim --out kim.pass", "a pass for eight hours"),
    Typed("laptop", "export AISLEWATCH_PASS=kim.pass AISLEWATCH_CAMERA={id}", "which camera, and the pass"),
    Typed("laptop", "aislewatch aim --for 5", "focus, light and level while the lens is turned"),
    Typed("laptop", "aislewatch outputs test siren --confirm", "the siren is heard"),
    Typed(
        "laptop",
        'aislewatch zones set --name stock --kind restricted --points "0.3,0.3 0.9,0.3 0.9,0.95 0.3,0.95" '
        '--alarm siren --reason "first fitting"',
        "a restricted zone that sounds the siren, tried and kept",
    ),
    Typed("laptop", "aislewatch zones check", "nothing is doubtful about it"),
    Typed("laptop", "aislewatch walk-test --out commissioning", "somebody walks; the signed record is written"),
    Typed("laptop", "aislewatch verify commissioning", "the record is whole and signed"),
    Typed("laptop", "aislewatch doctor", "from sensor to siren to hub", may_say_no=True),
)


@dataclass(slots=True)
class Walked:
    """How it went: each command with its seconds, exit code and what it printed."""

    id: str = "aislewatch-..."
    rows: list[tuple[Typed, float, int, str]] = field(default_factory=list)

    @property
    def total_s(self) -> float:
        """All commands together."""
        return sum(took_s for _, took_s, _, _ in self.rows)


def walk(shop: Shop) -> Walked:
    """Type everything, one after the other; stops at the first command that fails."""
    walked, known, exported = Walked(), dict[str, str](), dict[str, str]()
    for typed in PATH:
        words = shlex.split(typed.words.format(**known) if known else typed.words)
        start_s = time.perf_counter()
        if words[0] == "export":
            exported = dict(word.split("=", 1) for word in words[1:])
            code, said = 0, ""
        else:
            code, said = _typed(shop, typed.where, words, exported)
        walked.rows.append((typed, time.perf_counter() - start_s, code, said))
        if found := CODE.search(said):
            known = {"code": found[0], "id": found[1]}
            walked.id = found[1]
        if code and not typed.may_say_no:
            break
    return walked


def _typed(shop: Shop, where: str, words: Sequence[str], exported: dict[str, str]) -> tuple[int, str]:
    """Exit code and what was printed of a command that is typed there."""
    environ = {**os.environ, **({"AISLEWATCH_CAMERA": f"unix:{shop.socket}"} if where == "camera" else {})}
    environ |= exported if where == "laptop" else {}
    done = subprocess.run(
        _argv(words), cwd=shop.folder, env=environ, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    return done.returncode, done.stdout + done.stderr


def _argv(words: Sequence[str]) -> list[str]:
    """The words as this computer runs them."""
    rest = [word for word in words if word != "sudo"]
    if rest[0] == "aislewatch":
        return [sys.executable, "-m", "agent", *rest[1:]]
    return [sys.executable, str(ROOT / rest[1]), *rest[2:]]


def problems(walked: Walked, shop: Shop) -> Iterator[str]:
    """What keeps this from being a newcomer's path."""
    for typed, _, code, said in walked.rows:
        if code > typed.may_say_no or RED in said:
            yield f"`{typed.words}` ended with {code}: {said.strip()}"
    if len(walked.rows) < len(PATH):
        yield f"{len(PATH) - len(walked.rows)} commands were not reached"
    if len(PATH) > MOST_COMMANDS:
        yield f"{len(PATH)} commands are more than {MOST_COMMANDS}"
    with contextlib.suppress(IndexError):
        if walked.id not in walked.rows[0][3]:
            yield f"`aislewatch find` did not list {walked.id}"
    record = shop.folder / "commissioning" / "record.json"
    if not record.is_file() or not json.loads(record.read_bytes())["passed"]:
        yield "the record does not say that the walk test was passed"


def table(walked: Walked) -> str:
    """The page's part."""
    lines = ["| | where | command | what for | took |", "|---|---|---|---|---|"]
    for number, (typed, took_s, _, _) in enumerate(walked.rows, 1):
        words = typed.words.format(code="AISLEWATCH:1:...", id="ID")
        lines.append(f"| {number} | {typed.where} | `{words}` | {typed.does} | {took_s:.1f} s |")
    return "\n".join([*lines, "", f"{len(walked.rows)} commands, {walked.total_s:.0f} s in all."])


def helped() -> str:
    """How long `aislewatch --help` takes, by the clock and of processor time: the middle of nine."""
    took_ms, worked_ms = [], []
    for _ in range(HELPS):
        start_s, worked_s = time.perf_counter(), _worked_s()
        subprocess.run([sys.executable, "-m", "agent", "--help"], capture_output=True, check=True, cwd=ROOT)
        took_ms.append(1e3 * (time.perf_counter() - start_s))
        worked_ms.append(1e3 * (_worked_s() - worked_s))
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    return (
        f"`aislewatch --help` takes {statistics.median(worked_ms):.0f} ms of processor time, and took "
        f"{min(took_ms):.0f} ms at best and {statistics.median(took_ms):.0f} ms in the middle of {HELPS} while the "
        f"computer had {load:.1f} programs a processor to run."
    )


def _worked_s() -> float:
    """Processor time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def page_with(text: str, part: str) -> str:
    """The page with its part made new."""
    head, rest = text.split(BEGIN)
    return f"{head}{BEGIN}\n\n{part}\n\n{END}{rest.split(END, 1)[1]}"


def main() -> None:
    """Walk, print, and write the table where that is asked for; exit code 1 where something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the table into docs/install.md")
    parser.add_argument("--verbose", action="store_true", help="print what every command said")
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, open_shop(Path(folder)) as shop:
        walked = walk(shop)
        wrong = list(problems(walked, shop))
    for typed, _, code, said in walked.rows if wish.verbose else ():
        print(f"$ {typed.words}\n{said}[{code}]\n")
    part = f"{table(walked)} {helped()}"
    print(part)
    for problem in wrong:
        print(f"WRONG: {problem}", file=sys.stderr)
    if wrong:
        raise SystemExit(1)
    if wish.write:
        PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), part), encoding="utf-8")


if __name__ == "__main__":
    main()
