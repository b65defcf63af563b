"""Spoken messages: a player that behaves, one that fails, none at all."""

import os
from pathlib import Path

import pytest

from hal.errors import OutputUnavailable
from hal.simulated.clock import ManualClock
from hal.simulated.outputs import RecordingOutputs
from hal.speaker import JoinedOutputs, Speaker
from tests.waiting import eventually


@pytest.fixture
def player(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program called aplay that notes what it is asked to play, its own number, and plays until it is killed."""
    program, log = tmp_path / "aplay", tmp_path / "played"
    program.write_text(f'#!/bin/sh\necho "$@ $$" >> {log}\ncase "$4" in *broken*) exit 1;; esac\nexec sleep 60\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for name in ("go.wav", "broken.wav"):
        (tmp_path / name).write_bytes(b"RIFF")
    return log


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_it_speaks_once_when_told_and_is_broken_off(player: Path) -> None:
    speaker = Speaker({"message": str(player.parent / "go.wav")})
    assert (speaker.names, speaker.read("message")) == (("message",), False)
    speaker.set("message", True)
    speaker.set("message", True)
    eventually(lambda: player.exists() and player.read_text().endswith("\n"))
    (said,) = player.read_text().splitlines()
    *options, path, pid = said.split()
    assert (options, path) == (["-q", "-D", "default"], str(player.parent / "go.wav"))
    assert speaker.read("message")
    assert alive(int(pid))
    speaker.all_off()
    assert not speaker.read("message")
    assert not alive(int(pid))
    speaker.close()
    speaker.close()
    with pytest.raises(OutputUnavailable, match="closed"):
        speaker.set("message", True)


def test_a_sound_that_cannot_be_played_is_said_when_it_is_read_back(player: Path) -> None:
    speaker = Speaker({"message": str(player.parent / "broken.wav")})
    speaker.set("message", True)

    def failed() -> bool:
        try:
            return not speaker.read("message")
        except OutputUnavailable as error:
            return "could not be played" in str(error)

    eventually(failed)
    speaker.close()


def test_a_missing_file_or_player_is_named(player: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputUnavailable, match=r"there is no file .*none\.wav"):
        Speaker({"message": str(player.parent / "none.wav")})
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(OutputUnavailable) as refusal:
        Speaker({"message": str(player.parent / "go.wav")})
    assert "apt install" in refusal.value.hint


def test_lines_and_sounds_are_driven_as_one(player: Path) -> None:
    lines = RecordingOutputs(["siren"], ManualClock())
    joined = JoinedOutputs(lines, Speaker({"message": str(player.parent / "go.wav")}))
    assert joined.names == ("siren", "message")
    for name in joined.names:
        joined.set(name, True)
    assert [joined.read(name) for name in joined.names] == [True, True]
    lines.break_line("siren")
    with pytest.raises(OutputUnavailable, match="siren"):
        joined.all_off()
    assert not joined.read("message"), "the broken line keeps nothing else on"
    joined.close()
    with pytest.raises(KeyError):
        joined.set("horn", True)
