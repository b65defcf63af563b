"""Reading what the commands are given, and writing what they are asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.config import Config, parse_config
from agent.errors import OperatorError


def read_text(path: Path) -> str:
    """A text file. Raises OperatorError that says what is wrong with it."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise OperatorError(f"{path} is no text", hint="is it the right file?") from None
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}", hint="check the path") from None


def read_config(path: Path) -> Config:
    """A configuration file. Raises OperatorError or ConfigError."""
    return parse_config(read_text(path), source=str(path))


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """While this lasts `path` is written. Raises OperatorError where that does not succeed."""
    try:
        yield
    except OSError as error:
        raise OperatorError(f"cannot write {path}: {error.strerror}", hint="check the path") from None
