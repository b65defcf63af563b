"""`aislewatch walk-test`: somebody walks, the camera tells what it noticed, and a signed record says so."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.cli.asking import Talk, talking, who
from agent.cli.files import writing
from agent.cli.looks import Board, mark
from agent.cli.printing import say
from agent.cli.trying import tried
from agent.errors import OperatorError
from agent.fitting.measuring import mount_words, settings_of
from agent.fitting.record import FILES, JSON

EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Walk:
    """What somebody wants of a test: at most `seconds`, its record in the folder `out`, and a mount where they say how
    tall they are, in metres.
    """

    seconds: float | None
    out: Path
    note: str
    stature_m: float | None = None
    tape_m: float | None = None
    save: bool = False

    @property
    def ending(self) -> dict[str, object]:
        """What is said at its end."""
        sizes = {"stature_m": self.stature_m, "tape_m": self.tape_m} if self.stature_m is not None else {}
        return {"note": self.note, **sizes}


def walk(url: str, wish: Walk, by: str | None, *, as_json: bool) -> None:
    """Follow a test until everything was triggered, the time is over or Ctrl-C; exit code 1 where something is missing.

    A test that was begun elsewhere is followed and ended. Raises OperatorError.
    """
    if wish.stature_m is None and (wish.tape_m is not None or wish.save):
        raise OperatorError("nothing is measured where nobody says how tall they are", hint="add --stature 1.78")
    ended, files = asyncio.run(_walk(url, wish, who(by), as_json=as_json))
    _tell(ended, _write(files, wish.out), as_json=as_json)
    mount = ended["record"]["mount"]
    refused = mount is not None and "refused" in mount
    kept = refused or not wish.save or _saved(url, mount, by, as_json=as_json)
    if refused or not kept or not ended["record"]["passed"]:
        raise SystemExit(1)


def _saved(url: str, mount: Mapping[str, Any], by: str | None, *, as_json: bool) -> bool:
    """Whether the camera has kept the mount that was measured."""
    reason = f"measured by a walk of somebody {mount['stature_m']:g} m tall"
    return tried(url, "/v1/mount", {**settings_of(mount), "reason": reason}, by, as_json=as_json)


async def _walk(url: str, wish: Walk, by: str, *, as_json: bool) -> tuple[dict[str, Any], dict[str, bytes]]:
    """How it ended, and the record's files."""
    async with talking(url) as talk:
        if not (await talk.get("/v1/walk-test"))["running"]:
            await talk.post("/v1/walk-test", {"by": by})
        try:
            await _follow(talk, wish, as_json=as_json)
        except asyncio.CancelledError:  # Ctrl-C: the record tells what is missing
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
        ended = await talk.post("/v1/walk-test/end", wish.ending)
        return ended, await _brought(talk, signed=ended["signed"])


async def _follow(talk: Talk, wish: Walk, *, as_json: bool) -> None:
    board, begun_s, before = Board(), time.monotonic(), None
    while True:
        facts = await talk.get("/v1/walk-test")
        if not facts["running"]:
            raise OperatorError("the walk test was ended elsewhere", hint="begin it again")
        noticed = [(place["name"], place["times"]) for place in facts["places"]]
        if as_json and noticed != before:
            say({"type": "walk_test", **facts}, (), as_json=True)
        elif not as_json and (board.moves or noticed != before):
            board.show([*lines(facts, measuring=wish.stature_m is not None)], brief(facts))
        before = noticed
        if (facts["passed"] or not facts["places"]) and (wish.stature_m is None or facts["measurable"]):
            return
        if wish.seconds is not None and time.monotonic() - begun_s >= wish.seconds:
            return
        await asyncio.sleep(EVERY_S)


def lines(facts: Mapping[str, Any], *, measuring: bool = False) -> Iterator[str]:
    """How the test stands."""
    yield f"walk through every zone and over every line; Ctrl-C ends it   {facts['for_s']:.0f} s"
    for place in facts["places"]:
        yield place_line(place)
    if measuring:
        enough = mark("ok", "enough") if facts["measurable"] else mark("warning", "walk on, alone, near and far")
        yield f"mount    seen whole {facts['looks']} times: {enough}"


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
    yield from _mount_lines(record["mount"])
    if record["passed"]:
        yield mark("ok", "passed: every zone and line was triggered")
    elif record["missing"]:
        yield mark("fault", f"not passed: {', '.join(record['missing'])}")
        yield "  -> walk there with your whole body in the picture"
        yield "     or see where they are: aislewatch zones show"
    else:
        yield mark("fault", "not passed: there is no zone and no line")
        yield "  -> draw one: aislewatch zones set"


def _mount_lines(mount: Mapping[str, Any] | None) -> Iterator[str]:
    """How the camera hangs, or why that is not known."""
    if mount is not None:
        yield mark("warning" if "refused" in mount else "ok", mount_words(mount))
        if "refused" in mount:
            yield f"  -> {mount['hint']}"
