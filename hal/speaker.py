"""Speaks WAV files through ALSA's own player, as output lines beside the wired ones."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

from hal.each import each_line
from hal.errors import OutputUnavailable
from hal.ports import Outputs

PLAYER = "aplay"
_END_S = 1.0


class Speaker:
    """Named sounds: `set(name, True)` says one once, `set(name, False)` breaks it off.

    The player dies with the thread that started it, so that nothing goes on speaking for a dead agent. `device` is
    ALSA's name of the sound card. Raises OutputUnavailable without a player or a file.
    """

    def __init__(self, sounds: Mapping[str, str], device: str = "default") -> None:
        self._sounds = dict(sounds)
        self._command = [_found("setpriv", "util-linux"), "--pdeathsig", "KILL", _found(PLAYER, "alsa-utils")]
        self._command += ["-q", "-D", device]
        self._playing: dict[str, subprocess.Popen[bytes]] = {}
        self._wanted = dict.fromkeys(self._sounds, False)
        self._lock = threading.Lock()
        self._closed = False
        for name, path in self._sounds.items():
            if not Path(path).is_file():
                raise OutputUnavailable(f"output {name!r}: there is no file {path}", hint="give `wav` a WAV file")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._sounds)

    def set(self, name: str, on: bool) -> None:
        """Begin or break off. Raises KeyError for an unknown name, OutputUnavailable when the player does not start."""
        with self._lock:
            path, wanted = self._sounds[name], self._wanted[name]
            if self._closed:
                raise OutputUnavailable(f"output {name!r} is closed")
            if on and not wanted:
                self._playing[name] = self._play(name, path)
            elif not on:
                self._break_off(name)
            self._wanted[name] = on

    def read(self, name: str) -> bool:
        """Whether it was told to speak. Raises KeyError, or OutputUnavailable when the player failed."""
        with self._lock:
            player = self._playing.get(name)
            if self._wanted[name] and player is not None and player.poll():
                raise OutputUnavailable(
                    f"output {name!r}: the sound could not be played",
                    hint=f"try `{PLAYER} {self._sounds[name]}` on the camera",
                )
            return self._wanted[name]

    def all_off(self) -> None:
        """Break everything off."""
        each_line(self._sounds, lambda name: self.set(name, False))

    def close(self) -> None:
        """Break everything off for good. Safe to call twice."""
        if not self._closed:
            self.all_off()
            self._closed = True

    def _play(self, name: str, path: str) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                [*self._command, path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
        except OSError as error:
            raise OutputUnavailable(f"output {name!r}: the player does not start: {error.strerror}") from error

    def _break_off(self, name: str) -> None:
        player = self._playing.pop(name, None)
        if player is None:
            return
        player.kill()
        player.wait(_END_S)


class JoinedOutputs:
    """Several kinds of output lines as one."""

    def __init__(self, *parts: Outputs) -> None:
        self._parts = parts
        self._owners = {name: part for part in parts for name in part.names}

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._owners)

    def set(self, name: str, on: bool) -> None:
        """Drive one line. Raises what its own kind raises."""
        self._owners[name].set(name, on)

    def read(self, name: str) -> bool:
        """The state of one line. Raises what its own kind raises."""
        return self._owners[name].read(name)

    def all_off(self) -> None:
        """Switch every line off, past a failing one; then raise the first OutputUnavailable met."""
        each_line(self._owners, lambda name: self.set(name, False))

    def close(self) -> None:
        """Close every kind."""
        for part in self._parts:
            part.close()


def _found(program: str, package: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise OutputUnavailable(f"{program} is not installed", hint=f"apt install {package}, or leave out `wav`")
    return path
