"""How soon the camera notices its own failures and is well again, and what looking after the board costs.

    python tools/score_healing.py [--times N] [--json] [--document FILE]

A whole station on the simulated shop in real time: its camera stalls, is unplugged or freezes; its accelerator hangs,
crashes or is lost. `noticed` counts from the fault, `recovered` from the end of its cause, `interrupted` is the longest
time without a look at a frame. The board's cost is processor time of a look at this machine's own sources with all that
judges them. Exit status 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # run as a file, this folder's parent is unknown

from agent.domain import HealthSample, Incident
from agent.events.wire import Item
from agent.models import Catalogue
from hal.isolated import Recipe, open_isolated
from hal.simulated import accelerator
from hal.simulated.camera import Fault
from hal.tflite import open_accelerator
from tests.e2e.patient import Ward, event, finding, grown, sick_config, ward
from tools.benchmarks.report import Row, as_json, as_markdown, as_text, exit_code, write_section
from tools.benchmarks.timing import in_turn, percentile
from tools.health_scores.costs import BOARD_MS, LOOKS, board_ms

NOTICED_S = {Fault.STALL: 3.0, Fault.LOST: 3.0, Fault.FROZEN: 5.0}
RECOVERED_S, INTERRUPTED_S = 10.0, 5.0
CALM = 0.1
OUTAGES_S = (1.0, 4.0, 9.0)
"""For how long a camera is away, in turn: the waits between tries differ."""


class Trial(NamedTuple):
    """One fault: seconds until it was noticed and, from the end of its cause, until all was well."""

    noticed_s: float
    recovered_s: float
    interrupted_s: float = 0.0


async def camera_trial(fault: Fault, number: int) -> Trial:
    """The camera fails; a frozen one wakes up when it is opened anew, which is then the end of the cause."""
    what = "frozen" if fault == Fault.FROZEN else "signal_loss"
    with tempfile.TemporaryDirectory() as folder:
        async with ward(sick_config(Path(folder), scene="shop")) as patient:
            await patient.until(finding("image", "ok"))
            await asyncio.sleep(0.37 * number)
            struck_s = time.monotonic()
            patient.camera.inject(fault)
            noticed_s = await patient.until(finding(what, "fault"), struck_s)
            healed_s = await _end_of_cause(patient, fault, noticed_s, OUTAGES_S[number % len(OUTAGES_S)])
            well_s = await patient.until(finding(what, "ok"), healed_s)
    return Trial(noticed_s - struck_s, well_s - healed_s)


async def _end_of_cause(patient: Ward, fault: Fault, noticed_s: float, outage_s: float) -> float:
    if fault == Fault.FROZEN:
        return await patient.until(event("healing", step="reopen_camera"), noticed_s)
    await asyncio.sleep(outage_s)
    patient.camera.heal()
    return time.monotonic()


async def accelerator_trial(fault: accelerator.Fault, number: int) -> Trial:
    """The accelerator fails in the middle of a crowd, and comes back."""
    looks: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        async with ward(sick_config(Path(folder), device="simulated")) as patient:
            patient.station.desk.watch_frames(
                lambda outcome: looks.append(time.monotonic()) if outcome.inferred else None
            )
            await patient.until(lambda item: isinstance(item, Incident))
            await asyncio.sleep(0.37 * number)
            struck_s = time.monotonic()
            accelerator.strike(patient.faults, fault)
            noticed_s = await patient.until(event("accelerator", state="lost"), struck_s)
            await grown(looks, len(looks) + 10)
            interrupted_s = max(later - before for before, later in pairwise(looks))
            accelerator.heal(patient.faults)
            healed_s = time.monotonic()
            well_s = await patient.until(_is_back, healed_s)
    return Trial(noticed_s - struck_s, well_s - healed_s, interrupted_s)


def _is_back(item: Item) -> bool:
    return isinstance(item, HealthSample) and (item.what, item.state) == ("accelerator", "ok")


async def trials(work: Callable[[int], Awaitable[Trial]], times: int) -> list[Trial]:
    """The same fault again and again."""
    return [await work(number) for number in range(times)]


def camera_rows(times: int) -> Iterator[Row]:
    """Stall, unplug, frozen."""
    for fault, limit_s in NOTICED_S.items():
        found = asyncio.run(trials(lambda number, fault=fault: camera_trial(fault, number), times))  # type: ignore[misc]
        worst = max(trial.noticed_s for trial in found)
        yield Row("7", f"camera {fault}: noticed, s, worst of {times}", worst, limit_s, _words(found))
        worst = max(trial.recovered_s for trial in found)
        yield Row("7", f"camera {fault}: recovered, s, worst of {times}", worst, RECOVERED_S, _words(found))


def accelerator_rows(times: int) -> Iterator[Row]:
    """Hang, crash, loss."""
    for fault in accelerator.OF_DEVICE:
        found = asyncio.run(trials(lambda number, fault=fault: accelerator_trial(fault, number), times))  # type: ignore[misc]
        worst = max(trial.interrupted_s for trial in found)
        yield Row("7", f"accelerator {fault}: longest without a look, s", worst, INTERRUPTED_S, _words(found))
        worst = max(trial.recovered_s for trial in found)
        yield Row("7", f"accelerator {fault}: on it again, s", worst, None, _words(found))


def _words(found: Sequence[Trial]) -> str:
    shown = "; ".join(f"{trial.noticed_s:.1f} and {trial.recovered_s:.1f}" for trial in found)
    return f"noticed and recovered, s: {shown}"


def cost_rows() -> Iterator[Row]:
    """A look at the board, and what another process adds to a run of the model."""
    yield Row("7", "board probes and judge, ms of processor a minute", board_ms(), BOARD_MS, f"mean of {LOOKS} looks")
    catalogue = Catalogue.load()
    content = catalogue.read(catalogue.spec("person-s"))
    apart, here = open_isolated(content, Recipe("litert")), open_accelerator(content, runtime="litert")
    contest = in_turn(apart.invoke, here.invoke, 200)
    apart.close()
    yield Row("7", "model in a process of its own / here", contest.ratio, None, contest.words("the same here"))
    times = f"{percentile(contest.ours_ms, CALM):.4g} ms against {percentile(contest.floor_ms, CALM):.4g} ms"
    yield Row(
        "7", "the same, of the quickest tenth", contest.ratio_at(CALM), None, f"{times}; least disturbed by others"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; see the module's own words."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=3, help="how often each fault strikes")
    parser.add_argument("--document", type=Path, help="write the table into this document's section")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    options = parser.parse_args(arguments)
    rows = []
    for row in (*cost_rows(), *camera_rows(options.times), *accelerator_rows(options.times)):
        rows.append(row)
        print(as_json(row) if options.json else as_text(row), flush=True)
    if options.document:
        about = "A whole station in real time, simulated camera and accelerator; `python tools/score_healing.py`."
        write_section(options.document, "healing", f"## Healing\n\n{about}\n\n{as_markdown(rows)}")
    return exit_code(rows)


if __name__ == "__main__":
    sys.exit(main())
