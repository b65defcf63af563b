"""`aislewatch doctor`: asks the running camera, or looks at it from beside where it does not answer."""

from __future__ import annotations

import asyncio
import os
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.text import Text

from agent.cli.asking import NoAnswer, talking, who
from agent.cli.files import writing
from agent.cli.looks import Waiting, beside
from agent.cli.options import HERE, PASS
from agent.cli.printing import say
from agent.doctor.absent import absent_facts, read_quietly
from agent.doctor.facts import Ending, Facts
from agent.doctor.files import pass_ends
from agent.doctor.judge import colour_of, judge
from agent.doctor.network import heard
from agent.doctor.record import JSON, record_facts, record_files, shown
from agent.durable import write_durably
from agent.errors import OperatorError
from agent.hostport import join
from agent.keys import PRIVATE, DeviceKey
from agent.update.slots import Refused, order_of
from agent.version import VERSION
from hal.system import SystemClock

CONFIG = Path("/etc/aislewatch/config.toml")
LOOK_S = 30.0
WIDEST = 120
_STYLES = {None: "dim", "green": "green", "amber": "yellow", "red": "bold red"}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for; `config` is the file to look at where no agent answers."""

    url: str
    config: Path | None
    record: Path | None
    note: str
    by: str | None

    @property
    def here(self) -> bool:
        """Whether the camera is this computer."""
        return self.url == HERE or self.url.startswith("unix:")


def run(wish: Wish, *, as_json: bool) -> None:
    """Look, print, and write the record; exit code 1 while something is wrong."""
    facts, place = look(wish)
    report = record_facts(facts, who(wish.by), wish.note)
    say({"type": "doctor", **report}, (), as_json=True) if as_json else show(report)
    if wish.record is not None:
        keep(wish, facts, place, as_json=as_json)
    if colour_of(judge(facts)):
        raise SystemExit(1)


def look(wish: Wish) -> tuple[Facts, str]:
    """The camera's own word and where it answered; else what is seen from beside, and "". Raises OperatorError."""
    for place in _places(wish):
        try:
            facts = msgspec.json.decode(asyncio.run(_asked(place)), type=Facts)
        except NoAnswer:
            if not wish.here:
                raise
        except OperatorError:
            if (ended := _ended_pass()) is None:
                raise
            return ended, ""
        else:
            return with_own(facts, wish), place
    return absent_facts(_config(wish), SystemClock()), ""


async def _asked(place: str) -> bytes:
    """The camera's own word. Raises OperatorError."""
    async with talking(place, LOOK_S) as talk:
        return await Waiting("the camera looks at itself").during(talk.content("/v1/doctor"))


def _ended_pass() -> Facts | None:
    """All that is known where a camera lets nobody in whose pass has ended; None where that is not why."""
    now_utc_s, end = SystemClock().wall().utc_s, _own_pass()
    return Facts(utc_s=now_utc_s, ends=(end,)) if end and end.end_utc_s <= now_utc_s else None


def _own_pass() -> Ending | None:
    file = os.environ.get(PASS)
    return pass_ends(Path(file)) if file else None


def _places(wish: Wish) -> list[str]:
    """Where to ask: a configuration that was named decides which camera of this computer is meant."""
    if wish.url != HERE:
        return [wish.url]
    doors = list(_doors(wish))
    return doors if wish.config else [HERE, *doors]


def _doors(wish: Wish) -> Iterator[str]:
    """Where the configuration says that its camera answers on this computer."""
    config, _ = read_quietly(_config(wish))
    if config and config.api.socket:
        yield f"unix:{config.api.socket}"
    if config and config.api.plain:
        yield f"http://{join(config.api.host, config.api.port)}"


def with_own(facts: Facts, wish: Wish) -> Facts:
    """What the camera cannot know: the version of who asks, when their pass ends, what its file holds meanwhile.

    And whether it is heard where they are: what a switch holds back, the camera hears of itself all the same.
    """
    own: dict[str, Any] = {}
    if facts.heard and not wish.here:
        own["heard"] = asyncio.run(Waiting("listening for the camera").during(heard(facts.serial)))
    if _newer(VERSION, facts.newest or facts.version):
        own["newest"] = VERSION
    if end := _own_pass():
        own["ends"] = (*(facts.ends or ()), end)
    if wish.config is not None and wish.here:
        own["config"] = read_quietly(wish.config)[1]
    return msgspec.structs.replace(facts, **own)


def _newer(version: str, than: str) -> bool:
    try:
        return order_of(version) > order_of(than)
    except Refused:
        return False


def _config(wish: Wish) -> Path:
    """The file named, that of the service, or the usual one."""
    return wish.config or Path(os.environ.get("AISLEWATCH_CONFIG") or CONFIG)


def show(report: Mapping[str, Any]) -> None:
    """Print it for people: colour, symbol and word."""
    console = Console(highlight=False)
    width = min(console.width, WIDEST)
    for colour, line in lines(report):
        folded = textwrap.fill(line, width - 1, subsequent_indent=" " * 7, break_on_hyphens=False)
        console.print(Text(folded, style=_STYLES[colour]))


def lines(report: Mapping[str, Any]) -> Iterator[tuple[str | None, str]]:
    """The lines, each with its colour."""
    camera = report["camera"]
    name = camera["name"] or camera["id"] or "this camera"
    yield report["verdict"], f"{shown(report['verdict'])}  {name}, version {camera['version'] or 'unknown'}"
    for part, colour in report["parts"].items():
        yield colour, f"  {part:9} {shown(colour)}"
    for one in report["findings"]:
        yield one["colour"], f"{shown(one['colour'])}  {one['check']}: {one['words']}"
        yield None, f"    {_advice(one)}"


def _advice(one: Mapping[str, str]) -> str:
    return f"comes of {one['because']}: do that first" if one["because"] else f"-> {one['todo']}"


def keep(wish: Wish, facts: Facts, place: str, *, as_json: bool) -> None:
    """Write the record beside each other: NAME.json, NAME.html, and their signatures. Raises OperatorError."""
    assert wish.record is not None
    files, base = _files(wish, facts, place), wish.record.with_suffix("")
    written = [base.with_name(base.name + name.removeprefix(Path(JSON).stem)) for name in files]
    for path, content in zip(written, files.values(), strict=True):
        with writing(path):
            write_durably(path, content)
    signed = any(path.suffix == ".sig" for path in written)
    words = beside("record: ", 8, ", ".join(path.name for path in written) + ("" if signed else " (NOT signed)"))
    say({"type": "doctor_record", "files": list(map(str, written)), "signed": signed}, words, as_json=as_json)


def _files(wish: Wish, facts: Facts, place: str) -> dict[str, bytes]:
    """The camera looks again and signs what it sees; where it cannot, its key does that is here."""
    if place:
        told = asyncio.run(_recorded(wish, place))
        return {name: content.encode() for name, content in told["files"].items()}
    return record_files(facts, who(wish.by), wish.note, _key(_config(wish)))


async def _recorded(wish: Wish, place: str) -> dict[str, Any]:
    """What the camera signs. Raises OperatorError."""
    async with talking(place, LOOK_S) as talk:
        return await talk.post("/v1/doctor/record", {"by": who(wish.by), "note": wish.note})


def _key(config_file: Path) -> DeviceKey | None:
    """The device's key where it can be read here; none is made."""
    config, _ = read_quietly(config_file)
    data = Path(config.storage.data_dir) if config else None
    try:
        return DeviceKey.open(data) if data and (data / "keys" / PRIVATE).exists() else None
    except (OperatorError, OSError):
        return None
