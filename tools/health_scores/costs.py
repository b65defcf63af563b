"""What looking after the picture and the board costs: processor time, and how often flash is written."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from statistics import median

from agent.events.journal import Journal
from agent.health.board import BoardJudge
from agent.health.days import DayBook
from agent.health.desk import HealthDesk
from agent.health.foresight import Foresight
from agent.health.readings import reading
from agent.health.sampling import Figures, Sampling
from agent.health.watch import PictureWatch
from hal.board import LinuxBoard
from hal.ports import BoardSample, Frame
from hal.simulated.board import HEALTHY
from hal.simulated.clock import ManualClock
from hal.simulated.render import Renderer
from hal.simulated.shop import load_layout
from tools.benchmarks.timing import percentile
from tools.rule_scores.table import Row

NAME = "cost"
PICTURE_MS, BOARD_MS, FLASH_MIN = 2.0, 5.0, 10.0
SIZE, FPS, LEARN_S, SECONDS, LOOKS = (640, 360), 15, 20, 120, 60
HOURS = 6
CALM = 0.1
"""Other programs on the core's twin or in its caches double a time: the quicker tenth tells what the work takes."""


def rows() -> Iterator[Row]:
    """The rows of the table."""
    spent = picture_ms()
    note = f"{SIZE[0]}x{SIZE[1]}, {FPS} frames a second; the tenth of {len(spent)} seconds that others disturbed least"
    note += f", median {median(spent):.2f}"
    figure = "health of the picture, ms of processor a second"
    yield Row(NAME, figure, percentile(spent, CALM), PICTURE_MS, most=True, note=note)
    note = f"mean of {LOOKS} looks at this machine's own sources, judged"
    yield Row(NAME, "probes of the board, ms of processor a minute", board_ms(), BOARD_MS, most=True, note=note)
    gaps = asyncio.run(between_writes_min())
    note = f"{len(gaps) + 1} times in {HOURS} hours of scene, history and day; what is told as an event comes on top"
    yield Row(NAME, "least minutes between writes to flash", min(gaps), FLASH_MIN, note=note)


def picture_ms() -> list[float]:
    """Milliseconds of processor time that each second of video takes, once the scene is known."""
    renderer = Renderer(load_layout(), *SIZE)
    pictures = [renderer.render((), index) for index in range(FPS + 2)]
    watch, spent = PictureWatch(LEARN_S), []
    for second in range(SECONDS):
        frames = [second * FPS + number for number in range(FPS)]
        shown = [Frame(index, index / FPS, picture, picture) for index in frames for picture in [pictures[index % 17]]]
        begun = time.thread_time()
        for frame in shown:
            watch.check(frame, ())
        spent.append((time.thread_time() - begun) * 1e3)
    return spent[LEARN_S + 2 :]


def board_ms() -> float:
    """Milliseconds of processor time that a minute's look at this machine takes, with all that judges it."""
    board, sampling, judge = LinuxBoard("/"), Sampling(), BoardJudge()
    board.sample()
    begun = time.process_time()
    for number in range(LOOKS):
        judge.update(number * 60.0, sampling.readings(number * 60.0, board.sample(), Figures()))
    return (time.process_time() - begun) * 1e3 / LOOKS


async def between_writes_min() -> list[float]:
    """Minutes between changes of the journal's files, minute by minute of a quiet day on a clock by hand."""
    clock, renderer, written = ManualClock(), Renderer(load_layout(), 320, 180), list[float]()
    with tempfile.TemporaryDirectory() as folder:
        async with await Journal.open(Path(folder) / "journal.db", clock) as journal:
            foresight = await Foresight.open(journal, clock, lambda event: None)
            days = DayBook(journal, clock, HealthDesk(clock), lambda item: None, "UTC", 12)
            await days.turn()
            watch = PictureWatch(LEARN_S)
            foresight.beside += [days.unkept, watch.unkept]
            before = _state(Path(folder))
            for minute in range(HOURS * 60):
                await _live_a_minute(minute, clock, foresight, days, watch, renderer)
                if (now := _state(Path(folder))) != before:
                    written.append(float(minute))
                before = now
    return [later - earlier for earlier, later in pairwise(written)]


async def _live_a_minute(
    minute: int, clock: ManualClock, foresight: Foresight, days: DayBook, watch: PictureWatch, renderer: Renderer
) -> None:
    """A look at the picture every ten seconds, one at the board, and what the tasks do meanwhile."""
    for ten in range(6):
        clock.sleep(10.0)
        picture = renderer.render((), minute * 6 + ten)
        watch.check(Frame(minute * 6 + ten, clock.monotonic(), picture, picture), ())
    sample: BoardSample = HEALTHY
    for one in Sampling().readings(clock.monotonic(), sample, Figures()):
        foresight.take(reading(one.metric, one.t_s, one.value))
    await days.turn()
    if minute % 10 == 0:
        await foresight.turn()


def _state(folder: Path) -> list[tuple[str, int, int]]:
    """What tells whether anything was written."""
    return sorted((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in folder.glob("journal.db*"))
