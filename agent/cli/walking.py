"""`aislewatch walk-test`: somebody walks, the camera tells what it noticed, and a signed record says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.cli.asking import Talk, talking, who
from agent.cli.files import writing
from agent.cli.looks import Board, mark
from agent.cli.printing import say
from agent.errors import OperatorError
from agent.fitting.record import FILES, JSON

EVERY_S = 0.5


def walk(url: str, seconds: float | None, out: Path, note: str, by: str | None, *, as_json: bool) -> None:
    """Follow a test until everything was triggered, the time is over or Ctrl-C; exit code 1 where something is missing.

    The record's files go into the folder `out`. A test that was begun elsewhere is followed and ended.
    """
    ended, files = asyncio.run(_walk(url, seconds, note, who(by), as_json=as_json))
    _tell(ended, _write(files, out), as_json=as_json)
    if not ended["record"]["passed"]:
        raise SystemExit(1)


async def _walk(
    url: str, seconds: float | None, note: str, by: str, *, as_json: bool
) -> tuple[dict[str, Any], dict[str, bytes]]:
    """How it ended, and the record's files."""
    async with talking(url) as talk:
        if not (await talk.get("/v1/walk-test"))["running"]:
            await talk.post("/v1/walk-test", {"by": by})
        try:
            await _follow(talk, seconds, as_json=as_json)
        except asyncio.CancelledError:  # Ctrl-C: the record tells what is missing
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
        ended = await talk.post("/v1/walk-test/end", {"note": note})
        return ended, await _brought(talk, signed=ended["signed"])


async def _follow(talk: Talk, seconds: float | None, *, as_json: bool) -> None:
    board, begun_s, before = Board(), time.monotonic(), None
    while True:
        facts = await talk.get("/v1/walk-test")
        if not facts["running"]:
            raise OperatorError("the walk test was ended elsewhere", hint="begin it again")
        noticed = [(place["name"], place["times"]) for place in facts["places"]]
        if as_json and noticed != before:
            say({"type": "walk_test", **facts}, (), as_json=True)
        elif not as_json and (board.moves or noticed != before):
            board.show([*lines(facts)], brief(facts))
        before = noticed
        if facts["passed"] or not facts["places"]:
            return
        if seconds is not None and time.monotonic() - begun_s >= seconds:
            return
        await asyncio.sleep(EVERY_S)


def lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """How the test stands."""
    yield f"walk through every zone and over every line; Ctrl-C ends it   {facts['for_s']:.0f} s"
    for place in facts["places"]:
        yield place_line(place)


def place_line(place: Mapping[str, Any]) -> str:
    """One zone or line: whether it was triggered, how often, and what opened there."""
    state = mark("ok", "triggered    ") if place["triggered"] else mark("warning", "not triggered")
    ways = f" ({', '.join(place['ways'])})" if place["ways"] else ""
    often = f"{place['times']}x{ways}" if place["times"] else ""
    opened = ", ".join(f"{name} {count}" for name, count in place["rules"].items() if count)
    return f"{state}  {place['what']:4} {place['name']:20} {often:12} {opened}".rstrip()


def brief(facts: Mapping[str, Any]) -> str:
    """The same in one line, for terminals without a cursor."""
    missing = ", ".join(facts["missing"])
    return f"{facts['for_s']:4.0f} s  " + (f"not yet: {missing}" if missing else "everything was triggered")


async def _brought(talk: Talk, *, signed: bool) -> dict[str, bytes]:
    """The record's files. Raises OperatorError."""
    names = FILES if signed else [name for name in FILES if not name.endswith(".sig")]
    return {name: await talk.content(f"/v1/walk-test/{name}") for name in names}


def _write(files: Mapping[str, bytes], out: Path) -> list[Path]:
    """Write them into a folder, which is made where it is missing. Raises OperatorError."""
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (out / name).write_bytes(content)
    return [out / name for name in files]


def _tell(ended: Mapping[str, Any], files: list[Path], *, as_json: bool) -> None:
    record = ended["record"]
    facts = {"type": "record", "sha256": ended["sha256"], "files": [str(path) for path in files], "record": record}
    say(facts, [*_ending(record), f"{files[0].parent / JSON} and {len(files) - 1} more files"], as_json=as_json)


def _ending(record: Mapping[str, Any]) -> Iterator[str]:
    yield from map(place_line, record["walk_test"]["places"])
    if record["passed"]:
        yield mark("ok", "passed: every zone and line was triggered")
    elif record["missing"]:
        yield mark("fault", f"not passed: {', '.join(record['missing'])}")
        yield "  -> walk there with your whole body in the picture"
        yield "     or see where they are: aislewatch zones show"
    else:
        yield mark("fault", "not passed: there is no zone and no line")
        yield "  -> draw one: aislewatch zones set"
