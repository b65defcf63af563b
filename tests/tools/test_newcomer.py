"""The newcomer's path: its page tells what the script types, and it ends in a signed record that all was triggered."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from tools.newcomer import BEGIN, END, MOST_COMMANDS, PAGE, PATH, Typed, Walked, problems, table, walk
from tools.newcomer_shop import Shop, flashed, open_shop


def test_the_page_tells_what_the_script_types() -> None:
    part = PAGE.read_text(encoding="utf-8").split(BEGIN)[1].split(END)[0]
    rows = [line.split("|")[2:5] for line in part.splitlines() if line.startswith("| ") and line[2].isdigit()]
    told = [(where.strip(), words.strip().strip("`"), does.strip()) for where, words, does in rows]
    typed = [(one.where, one.words.format(code="AISLEWATCH:1:...", id="ID"), one.does) for one in PATH]
    assert told == typed
    assert len(typed) <= MOST_COMMANDS


@pytest.mark.parametrize("typed", [one for one in PATH if "aislewatch" in one.words.split()], ids=lambda one: one.words)
def test_every_command_is_one(typed: Typed) -> None:
    """Its words are accepted: what is asked for besides is help."""
    words = shlex.split(typed.words)
    result = CliRunner().invoke(app, [*words[words.index("aislewatch") + 1 :], "--help"])
    assert result.exit_code == 0, result.output


def test_a_camera_begins_as_the_image_starts_it(tmp_path: Path) -> None:
    text = flashed(tmp_path)
    assert "plain = false" in text
    assert 'source = "simulated"' in text


def test_what_goes_wrong_is_told(tmp_path: Path) -> None:
    shop = Shop(tmp_path, tmp_path / "api.sock")
    walked = Walked("cam-1", [(PATH[0], 1.0, 0, "cam-2"), (PATH[1], 1.0, 3, "no camera answers")])
    told = "\n".join(problems(walked, shop))
    for words in (
        "did not list cam-1",
        "ended with 3: no camera answers",
        "10 commands were not reached",
        "the record",
    ):
        assert words in told
    assert "2 commands, 2 s in all." in table(walked)


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_newcomer_comes_to_a_signed_record(tmp_path: Path) -> None:
    with open_shop(tmp_path) as shop:
        walked = walk(shop)
        assert [*problems(walked, shop)] == []
    assert len(walked.rows) == len(PATH) <= MOST_COMMANDS
