"""The whole vocabulary against one camera, at its socket and from a laptop with a pass: JSON, plain text, refusals."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.core import TyperGroup
from typer.testing import CliRunner

from agent.cli.main import app
from agent.schema import LEFT_OUT
from tests.cli.camera import Said, aislewatch
from tests.cli.test_commands import COMMANDS
from tools.newcomer_shop import ROOT, SIREN, open_shop

pytestmark = pytest.mark.timeout(900)  # a hundred commands, each a start of Python
HUB = str(ROOT / "tools" / "hub.py")
TOKEN = "T0ken-of-the-door-button-4711"
MORE = f"""{SIREN}
[health]
learn_s = 3
[[zone]]
name = "stock"
kind = "restricted"
polygon = [[0.3, 0.3], [0.9, 0.3], [0.9, 0.95], [0.3, 0.95]]
[[rule]]
kind = "restricted"
zone = "stock"
actions = ["siren"]
[[input]]
name = "door"
kind = "door"
token = "{TOKEN}"
"""
LOOKS = (
    *("status", "doctor", "aim --for 0", "snapshot", "zones show", "zones check", "outputs", "outputs list", "inputs"),
    *("inputs watch --for 0", "events tail --for 1 --recent", "health", "health forecast", "service list", "time"),
    *(
        "logs -n 5",
        "config show",
        "net check --offline",
        "storage check",
        "model list",
        "walk-test --for 0 --out {out}",
    ),
    *("bundle --out {out}.zip", "doctor --record {out}-doctor", "model bench person-s --runs 5"),
)
"""What anybody with a pass may do, and changes nothing that would end the camera."""
CLOSED = (
    *("incidents", "incidents list", "incidents show x", "explain x", "budget", "insight", "clips", "confirm x"),
    *("dismiss x --reason y", "note x y", "export x --out {out}.zip", "clips erase --everything --reason x"),
    *("outputs arm disarmed --reason x", "unpair --reason x", "reset --reason x --confirm y", "pair"),
)
"""What a pass does not open."""
FREE = ("config show", "events tail", "logs")
"""Words of others, which are not folded."""


class Places(NamedTuple):
    """How the camera is reached: on it, and from a laptop; what has a pass, and the configuration file."""

    socket: str
    laptop: str
    own: Path
    config: Path


@asynccontextmanager
async def claimed(folder: Path) -> AsyncIterator[Places]:
    """A camera as a process of its own, claimed by the reference hub's own commands, and a pass that it gave out."""
    with open_shop(folder, MORE) as shop:
        socket = f"unix:{shop.socket}"
        paired = await aislewatch("pair", "--json", url=socket)
        assert paired.code == 0, paired
        claim = paired.json[0]
        await hub(folder, "claim", claim["code"])
        await hub(folder, "issue", "technician", "Kim", "--out", folder / "kim.pass")
        yield Places(socket, f"127.0.0.1:{claim['port']}", folder / "kim.pass", folder / "camera.toml")


async def hub(folder: Path, *words: object) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, HUB, *map(str, words), cwd=folder)
    assert await process.wait() == 0


async def everywhere(camera: Places, line: str, *more: str) -> tuple[Said, Said]:
    """What a command says on the camera, and from a laptop with a pass."""
    away = {"AISLEWATCH_PASS": str(camera.own)}
    places: list[tuple[str, dict[str, str]]] = [(camera.socket, {}), (camera.laptop, away)]
    said = [
        await aislewatch(
            *line.format(out=camera.own.with_name(f"out-{number}")).split(), *more, url=url, TERM="dumb", **environ
        )
        for number, (url, environ) in enumerate(places)
    ]
    return said[0], said[1]


@pytest.mark.slow
async def test_every_look_is_the_same_on_the_camera_and_from_a_laptop(tmp_path: Path) -> None:
    async with claimed(tmp_path) as camera:
        for line in LOOKS:
            here, away = await everywhere(camera, line, "--json")
            for said in (here, away):
                assert said.code in (0, 1), (line, said)
                assert "Traceback" not in said.err
                assert all(one["type"] for one in said.json), (line, said)
            assert {one["type"] for one in here.json} == {one["type"] for one in away.json} or "tail" in line, line


@pytest.mark.slow
async def test_words_fit_a_dumb_terminal_of_80_columns(tmp_path: Path) -> None:
    async with claimed(tmp_path) as camera:
        for line in LOOKS:
            here, away = await everywhere(camera, line)
            for said in (here, away):
                assert said.code in (0, 1), (line, said)
                assert "\x1b" not in said.out + said.err, line
                mine = [
                    row for row in said.out.splitlines() if str(tmp_path) not in row
                ]  # paths are as they were given
                wide = [row for row in mine if len(row) > 80 and not any(words in line for words in FREE)]
                assert wide == [], line


async def test_a_pass_is_told_what_it_does_not_open_and_whom_to_ask(tmp_path: Path) -> None:
    async with claimed(tmp_path) as camera:
        environ = {"AISLEWATCH_PASS": str(camera.own)}
        for line in CLOSED:
            said = await aislewatch(*line.format(out=tmp_path / "out").split(), url=camera.laptop, **environ)
            assert (said.code, said.out) == (3, ""), (line, said)
            assert "ask at the hub" in said.err or "on the camera itself only" in said.err, (line, said)
        assert (await aislewatch("incidents", "--json", url=camera.socket)).code == 0, "who stands at the camera may"


async def test_a_pass_sees_no_secret_and_sends_the_camera_nowhere(tmp_path: Path) -> None:
    async with claimed(tmp_path) as camera:
        file = tmp_path / "camera-of-kim.toml"
        kim = {"url": camera.laptop, "AISLEWATCH_PASS": str(camera.own)}
        shown = await aislewatch("config", "show", "--out", file, **kim)
        assert (shown.code, TOKEN in file.read_text(), f"{LEFT_OUT}input:door)" in file.read_text()) == (0, False, True)
        assert (await aislewatch("config", "diff", file, **kim)).code == 0
        text = file.read_text()
        file.write_text(text + '[mqtt]\nhost = "evil.example"\n')
        gone = await aislewatch("config", "apply", file, "--reason", "x", **kim)
        assert (gone.code, "[mqtt] would change" in gone.err, "ask whoever keeps the hub" in gone.err) == (
            3,
            True,
            True,
        )
        file.write_text(text.replace('name = "door"', 'name = "front"'))
        moved = await aislewatch("config", "apply", file, "--reason", "x", **kim)
        assert (moved.code, "keeps no such secret" in moved.err) == (3, True), moved
        file.write_text(text.replace('name = "new"', 'name = "till-4"'))
        kept = await aislewatch("config", "apply", file, "--reason", "its name", **kim)
        assert kept.code == 0, kept
        stored = camera.config.read_text()
        assert (f'token = "{TOKEN}"' in stored, 'name = "till-4"' in stored) == (True, True)
        (local,) = (await aislewatch("config", "show", "--json", url=camera.socket)).json
        assert TOKEN in local["text"], "on the camera itself nothing is left out"


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_fits_80_columns_and_every_answer_is_to_be_had_as_json(path: tuple[str, ...]) -> None:
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "80", "TERM": "dumb", "NO_COLOR": "1"})
    assert max(map(len, shown.output.splitlines())) <= 80
    assert "\x1b" not in shown.output
    assert "--json" in shown.output or isinstance(COMMANDS[path], TyperGroup)
