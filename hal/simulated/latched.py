"""Output lines kept in files: they stay as they are when the process dies, as a latching relay does."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from hal.each import each_line
from hal.errors import OutputUnavailable


class LatchedOutputs:
    """Named lines, each a file `NAME` in `folder` that holds 1 or 0; all are switched off when opened and closed.

    Whoever watches from outside sees what a siren would do when its agent is killed. Raises OutputUnavailable where
    the folder cannot be written.
    """

    def __init__(self, names: Iterable[str], folder: Path) -> None:
        self._folder = folder
        self._names = tuple(names)
        self._closed = False
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputUnavailable(f"cannot make {folder}: {error.strerror}", hint="check storage.data_dir") from error
        self.all_off()

    @property
    def names(self) -> tuple[str, ...]:
        return self._names

    def set(self, name: str, on: bool) -> None:
        if name not in self._names:
            raise KeyError(name)
        if self._closed:
            raise OutputUnavailable(f"output {name!r} is closed")
        self._write(name, on)

    def read(self, name: str) -> bool:
        if name not in self._names:
            raise KeyError(name)
        return is_on(self._folder, name)

    def all_off(self) -> None:
        each_line(self._names, lambda name: self._write(name, False))

    def close(self) -> None:
        if not self._closed:
            self.all_off()
            self._closed = True

    def _write(self, name: str, on: bool) -> None:
        path = self._folder / name
        try:
            # One byte over the old one: a reader never meets an empty file, nor a half-written one.
            with path.open("r+b" if path.exists() else "wb", buffering=0) as file:
                file.write(b"1" if on else b"0")
        except OSError as error:
            raise OutputUnavailable(f"output {name!r} cannot be driven: {error.strerror}") from error


def is_on(folder: Path, name: str) -> bool:
    """Whether a latched line is on, seen from outside; a line that was never driven is off."""
    path = folder / name
    return path.exists() and path.read_bytes() == b"1"
