"""The commands as a user types them: what they print, their exit codes, and clear words for bad input."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

import models
from agent.cli.main import app
from tests.data import DATA, needs_data

CLIP = DATA / "video" / "intel_one-by-one-person-detection.mp4"


def aislewatch(*words: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environ})


def refused(*words: str | Path, **environ: str) -> str:
    """What is said on stderr by a command that must be refused with exit code 3 and without a traceback."""
    result = aislewatch(*words, **environ)
    assert result.returncode == 3, result
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "grey.png"
    cv2.imwrite(str(path), np.full((90, 160, 3), 128, np.uint8))
    return path


def commands(group: TyperGroup, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group below this one."""
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, TyperGroup):
            yield from commands(command, (*path, name))


ROOT = typer.main.get_command(app)
assert isinstance(ROOT, TyperGroup)
COMMANDS = dict(commands(ROOT))


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_says_what_it_and_its_options_do(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.help
    assert [one.name for one in command.params if not one.help] == []
    shown = CliRunner().invoke(app, [*path, "--help"])
    assert (shown.exit_code, "Usage" in shown.stdout) == (0, True)


def test_the_command_line_starts_without_what_does_the_work() -> None:
    heavy = ("numpy", "cv2", "aiohttp", "msgspec", "zeroconf", "cryptography", "asyncio", "rich", "agent.config")
    code = f"import sys; from agent.cli.main import app; app(['--help'], standalone_mode=False); names = {heavy}; "
    code += "print([name for name in names if name in sys.modules], file=sys.stderr)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert loaded.stderr == "[]\n", "aislewatch --help has 250 ms, on a camera too"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_commands_and_options(shell: str) -> None:
    asked = {"_AISLEWATCH_COMPLETE": f"complete_{shell}", "COMP_WORDS": "aislewatch wal", "COMP_CWORD": "1"}
    asked |= {"_TYPER_COMPLETE_ARGS": "aislewatch wal", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    code = "import sys; sys.argv = ['aislewatch']; from agent.cli.main import app; app(prog_name='aislewatch')"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **asked}, check=False
    )
    assert "walk-test" in shown.stdout, shown


def test_the_words_of_the_issue_are_commands_and_old_names_still_work() -> None:
    words = "find status doctor aim snapshot walk-test incidents explain health pair time logs bundle restart reset"
    assert {(word,) for word in words.split()} <= COMMANDS.keys()
    pairs = "zones:show,set,check outputs:test inputs:watch events:tail model:list,use,bench net:check storage:check"
    for group, members in (pair.split(":") for pair in f"{pairs} config:check,diff,apply".split()):
        assert {(group, member) for member in members.split(",")} <= COMMANDS.keys()
    assert [path for path, command in COMMANDS.items() if command.hidden] == [("discover",), ("factory-reset",)]


@pytest.mark.parametrize("group", ["health", "outputs", "incidents", "insight", "clips"])
def test_an_option_before_a_command_is_refused_rather_than_lost(group: str) -> None:
    command = next(path[1] for path in COMMANDS if len(path) == 2 and path[0] == group)
    result = CliRunner().invoke(app, [group, "--url", "http://camera.local", command])
    assert (result.exit_code, "belongs behind the command" in " ".join(result.output.split())) == (2, True)


def test_wrong_usage_is_exit_code_2() -> None:
    assert aislewatch("replay").returncode == 2
    assert aislewatch("detect", "--modell", "x").returncode == 2


def test_a_good_configuration_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text('[[zone]]\nname="a"\npolygon=[[0,0],[1,0],[1,1]]\n[[rule]]\nkind="loitering"\nzone="a"\n')
    result = aislewatch("config", "check", path, "--json")
    assert result.returncode == 0
    assert json.loads(result.stdout)["rules"] == 1


def test_every_mistake_of_a_configuration_is_printed(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text('[camera]\nnaem = "x"\nfps = 0\n[[rule]]\nkind = "loitering"\n')
    said = refused("config", "check", path)
    assert "3 mistakes" in said
    assert "camera.naem: unknown key (did you mean 'name'?)" in said
    result = aislewatch("config", "check", path, "--json")
    assert result.returncode == 3
    assert {json.loads(line)["path"] for line in result.stdout.splitlines()} == {
        "camera.naem",
        "camera.fps",
        "rule[0].zone",
    }


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\x00binary"], ids=["missing", "empty", "binary"])
def test_a_configuration_that_is_no_text(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "camera.toml"
    if content is not None:
        path.write_bytes(content)
    result = aislewatch("config", "check", path)
    assert (result.returncode, "Traceback" in result.stderr) == (0 if content == b"" else 3, False)


BROKEN_VIDEOS = {
    "missing": None,
    "zero-length": b"",
    "text": b"this is no video\n" * 100,
    "noise": bytes(range(256)) * 64,
}


@pytest.mark.parametrize("kind", BROKEN_VIDEOS)
def test_what_is_no_video_is_refused_in_words(tmp_path: Path, kind: str) -> None:
    path, content = tmp_path / "clip.mp4", BROKEN_VIDEOS[kind]
    if content is not None:
        path.write_bytes(content)
    said = refused("replay", path, "--json")
    assert "clip.mp4" in said


@needs_data
def test_a_truncated_video_gives_what_can_be_read(tmp_path: Path) -> None:
    path = tmp_path / "cut.mp4"
    path.write_bytes(CLIP.read_bytes()[:400_000])
    result = aislewatch("replay", path, "--json", "--max-frames", "50")
    assert (result.returncode, "Traceback" in result.stderr) == (0, False)
    assert json.loads(result.stdout.splitlines()[-1])["frames"] == 50


def test_an_unknown_model_is_answered_with_the_nearest(picture: Path) -> None:
    assert "person-m" in refused("detect", "--model", "persn-m", picture)


def test_detect_prints_a_line_for_each_picture(picture: Path) -> None:
    result = aislewatch("detect", "--model", "person-m", "--json", picture, picture)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["image"] for line in lines] == [str(picture)] * 2
    assert all(len(line["boxes"]) == len(line["scores"]) for line in lines)


def test_detect_names_the_picture_that_cannot_be_read(tmp_path: Path, picture: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff nothing")
    assert "broken.jpg" in refused("detect", broken)
    assert "gone.jpg" in refused("detect", picture, tmp_path / "gone.jpg")


@needs_data
def test_a_damaged_model_is_refused_by_its_hash(tmp_path: Path, picture: Path) -> None:
    name = "coco_ssd_mobilenet_v1_quant.tflite"
    content = bytearray((DATA / "models" / name).read_bytes())
    content[1000] ^= 1
    (tmp_path / name).write_bytes(content)
    said = refused("detect", "--model", "coco-ssd", picture, AISLEWATCH_MODELS=str(tmp_path))
    assert "SHA-256" in said
    assert "aislewatch model fetch" in said


def test_a_model_that_is_not_here_says_how_to_bring_it(tmp_path: Path, picture: Path) -> None:
    said = refused("detect", "--model", "coco-ssd", picture, AISLEWATCH_MODELS=str(tmp_path))
    assert "aislewatch model fetch coco-ssd" in said


def test_a_model_for_something_else_is_refused(picture: Path) -> None:
    assert "pose" in refused("detect", "--model", "movenet-lightning", picture)


def test_the_models_are_listed_with_the_carried_ones(tmp_path: Path) -> None:
    result = aislewatch("model", "list", "--json", AISLEWATCH_MODELS=str(tmp_path))
    facts = {fact["name"]: fact for fact in map(json.loads, result.stdout.splitlines())}
    assert facts["person-m"]["carried"]
    assert Path(facts["person-m"]["path"]).parent == models.DIRECTORY
    assert facts["coco-ssd"]["path"] is None


@needs_data
def test_fetch_brings_a_model_and_checks_it(tmp_path: Path) -> None:
    result = aislewatch("model", "fetch", "coco-ssd", "--from", DATA / "models", "--to", tmp_path, "--json")
    assert Path(json.loads(result.stdout)["path"]).parent == tmp_path
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "coco" in refused("model", "fetch", "coco-ssd", "--from", empty, "--to", tmp_path / "other")


def test_track_joins_detections(tmp_path: Path) -> None:
    source, out = tmp_path / "det.txt", tmp_path / "tracks.txt"
    source.write_text("".join(f"{n},-1,{100 + 4 * n},100,60,160,0.9\n" for n in range(1, 31)))
    result = aislewatch("track", source, "--fps", "10", "--size", "640x480", "--out", out, "--json")
    assert json.loads(result.stdout)["tracks"] == 1
    rows = [line.split(",") for line in out.read_text().splitlines()]
    assert len(rows) >= 25
    assert {row[1] for row in rows} == {rows[0][1]}


@pytest.mark.parametrize(("text", "size"), [("1,-1,2\n", "640x480"), ("1,-1,1,1,5,5,0.5\n", "640"), ("x", "0x480")])
def test_track_says_what_is_wrong_with_its_input(tmp_path: Path, text: str, size: str) -> None:
    source = tmp_path / "det.txt"
    source.write_text(text)
    assert refused("track", source, "--fps", "10", "--size", size, "--out", tmp_path / "o.txt")


def test_status_of_nobody_says_what_to_do() -> None:
    assert "is the agent running" in refused("status", "--url", "http://127.0.0.1:1")


def test_run_refuses_an_address_that_is_taken_or_foreign(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text(f'[api]\nport = 0\ntls_host = "203.0.113.7"\n[storage]\ndata_dir = "{tmp_path}"\n')
    assert "cannot listen" in refused("run", "--config", path)


def test_a_thread_that_does_not_end_keeps_nobody_from_leaving_with_the_right_code() -> None:
    code = "import threading; from agent.__main__ import leave; wait = threading.Event().wait; "
    code += "threading.Thread(target=wait, daemon=True).start(); print('said', end=''); leave(3); print('not left')"
    left = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert (left.returncode, left.stdout) == (3, "said")


def test_run_refuses_a_folder_it_may_not_make(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_text('[storage]\ndata_dir = "/proc/nowhere"\n')
    assert "storage.data_dir" in refused("run", "--config", path)


def standing_poses(people: int = 2, frames: int = 30) -> dict[str, Any]:
    """People who stand still, as arrays for score-poses."""
    count = people * frames
    column = np.array([20, 22, 18, 24, 16, 34, 6, 38, 2, 40, 0, 28, 12, 28, 12, 28, 12])
    row = np.array([0, 0, 0, 2, 2, 16, 16, 34, 34, 50, 50, 48, 48, 70, 70, 92, 92])
    return {
        "person": np.repeat(np.arange(people), frames),
        "frame": np.tile(np.arange(frames), people),
        "xy": np.tile(np.stack([column, row], 1).astype(float) * 4, (count, 1, 1)),
        "conf": np.full((count, 17), 0.8),
        "fps": np.array(10.0),
    }


def test_poses_are_scored_a_row_a_person_and_frame(tmp_path: Path) -> None:
    np.savez(tmp_path / "poses.npz", **standing_poses())
    out = tmp_path / "scores.csv"
    result = aislewatch("score-poses", tmp_path / "poses.npz", "--out", out, "--json")
    assert json.loads(result.stdout)["people"] == 2, result.stderr
    head, *rows = out.read_text().splitlines()
    assert head == "person,frame,score"
    assert [row.rsplit(",", 1)[0] for row in rows] == [f"{p},{f}" for p in range(2) for f in range(30)]
    assert all(0.0 < float(row.rsplit(",", 1)[1]) < 0.2 for row in rows), "nobody does anything"


def test_score_poses_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    text = tmp_path / "text.npz"
    text.write_text("person,frame")
    assert "is no archive" in refused("score-poses", text, "--out", out)
    assert "cannot read" in refused("score-poses", tmp_path / "none.npz", "--out", out)
    np.savez(tmp_path / "short.npz", person=np.zeros(3))
    assert "no array frame, xy, conf, fps" in refused("score-poses", tmp_path / "short.npz", "--out", out)
    np.savez(tmp_path / "wrong.npz", **{**standing_poses(), "conf": np.full((60, 17), 2.0)})
    assert "outside 0..1" in refused("score-poses", tmp_path / "wrong.npz", "--out", out)
    np.save(tmp_path / "single.npy", np.zeros(3))
    assert "is no archive" in refused("score-poses", tmp_path / "single.npy", "--out", out)
    with zipfile.ZipFile(tmp_path / "boasting.npz", "w") as packed, packed.open("xy.npy", "w") as stream:
        head = {"descr": "<f8", "fortran_order": False, "shape": (10**13, 17, 2)}
        np.lib.format.write_array_header_1_0(stream, head)
    assert "more than memory" in refused("score-poses", tmp_path / "boasting.npz", "--out", out)
    np.savez(tmp_path / "good.npz", **standing_poses())
    assert "cannot write" in refused("score-poses", tmp_path / "good.npz", "--out", tmp_path / "no" / "where.csv")
    assert not out.exists()
