"""How things look on a terminal: marks, colours and bars that lose nothing where there is only plain text.

A mark is a symbol and a word; colour only repeats it. `NO_COLOR`, `TERM=dumb` and a pipe switch colour off; an output
that is not UTF-8, and `TERM=dumb`, get ASCII.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import textwrap
import time
from collections.abc import Awaitable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

MARKS = {
    "ok": ("✔", "+", "32"),
    "warning": ("▲", "!", "33"),
    "fault": ("✘", "x", "31"),
    "unknown": ("?", "?", "36"),
    "skipped": ("·", "-", "2"),
}
"""By state: the symbol, the same in ASCII, and the colour (SGR)."""
MOST_COLUMNS = 100
TICK_S = 0.5


def colourful() -> bool:
    """Whether colours and cursor movements are wanted."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb" and not os.environ.get("NO_COLOR")


def symbolic() -> bool:
    """Whether symbols beyond ASCII can be shown."""
    plain = os.environ.get("TERM") == "dumb"
    return not plain and (sys.stdout.encoding or "ascii").lower().replace("-", "") == "utf8"


def columns() -> int:
    """The width that lines may have."""
    return min(shutil.get_terminal_size((80, 24)).columns, MOST_COLUMNS)


def mark(state: str, word: str | None = None) -> str:
    """A state as a symbol and a word, in colour where there is some."""
    symbol, plain, colour = MARKS[state]
    text = f"{symbol if symbolic() else plain} {word or state}"
    return f"\x1b[{colour}m{text}\x1b[0m" if colourful() else text


def bar(share: float, width: int = 30) -> str:
    """A share 0..1 as a bar."""
    full = round(min(max(share, 0.0), 1.0) * width)
    filled, empty = ("█", "░") if symbolic() else ("#", ".")
    return filled * full + empty * (width - full)


def beside(head: str, width: int, text: str) -> Iterator[str]:
    """A text beside a head that looks so wide, folded so that no word is broken at the edge."""
    room = max(columns() - 1 - width, 20)
    first, *rest = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    yield f"{head}{first}"
    yield from (f"{'':{width}}{line}" for line in rest)


class Board:
    """Lines that are shown again and again in the same place; one after the other where the terminal cannot do that."""

    def __init__(self) -> None:
        self._height = 0

    @property
    def moves(self) -> bool:
        """Whether lines are replaced."""
        return colourful()

    def show(self, lines: Sequence[str], brief: str) -> None:
        """Show the lines in place of those before; `brief` is said where they cannot be replaced."""
        if not colourful():
            print(brief, flush=True)
            return
        up = f"\x1b[{self._height}A\r" if self._height else ""
        self._height = len(lines)
        print(up + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J", end="", flush=True)


class Waiting:
    """Says on stderr how long work goes on; nothing where nobody sees it move."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._shown = sys.stderr.isatty()
        if not self._shown:
            print(f"{doing} ...", file=sys.stderr, flush=True)

    async def during(self, work: Awaitable[T]) -> T:
        """What the work comes to; says meanwhile how long it goes on."""
        task, begun_s = asyncio.ensure_future(work), time.monotonic()
        try:
            while not (await asyncio.wait({task}, timeout=TICK_S))[0]:
                self.tick(time.monotonic() - begun_s)
        finally:
            self.end()
        return task.result()

    def tick(self, for_s: float) -> None:
        """It still goes on."""
        if self._shown:
            print(f"\r{self._doing} ... {for_s:3.0f} s", end="", file=sys.stderr, flush=True)

    def end(self) -> None:
        """It is over."""
        if self._shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
