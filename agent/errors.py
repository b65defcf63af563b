"""The error tree of the agent; the hardware's own is in hal.errors.

    AislewatchError
    ├── OperatorError            a person must act: message, what to do
    │   ├── Incomplete           a wish leaves out what must be said, or contradicts itself
    │   ├── ConfigError          every mistake of one file together
    │   ├── ModelError           unknown name, missing file, wrong hash, wrong shape
    │   └── JournalError         the database cannot be used and could not be replaced
    ├── RestartNeeded            the camera heals itself: this process ends and is started anew
    └── RetryError               the loop handles it and tries again
        ├── WireError            a peer sent something that is not the protocol
        └── LinkClosed           the peer went away

Anything else is a bug: it ends the process loudly and systemd starts it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class AislewatchError(Exception):
    """The root: everything the agent raises on purpose."""


class OperatorError(AislewatchError):
    """A person must act; `hint` says how."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Incomplete(OperatorError):
    """A wish leaves out what must be said, or contradicts itself."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a configuration: where (`zone[0].polygon`), what, and what to do."""

    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" + (f" ({self.hint})" if self.hint else "")


class ConfigError(OperatorError):
    """The configuration has mistakes; `problems` holds all of them."""

    def __init__(self, problems: Sequence[Problem], *, source: str = "configuration") -> None:
        count = len(problems)
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{source} has {count} mistake{'s' if count != 1 else ''}:\n{lines}")
        self.problems = tuple(problems)


class ModelError(OperatorError):
    """The model cannot be used."""


class JournalError(OperatorError):
    """The journal cannot be used."""


class RestartNeeded(AislewatchError):
    """The process ends in order, for its service manager to start it anew."""


class RetryError(AislewatchError):
    """The loop handles it."""


class WireError(RetryError, ValueError):
    """A message that is not the protocol."""


class LinkClosed(RetryError, ConnectionError):
    """The peer went away."""


def single(error: BaseException) -> BaseException:
    """The one error inside nested groups of one, so that its message reaches a person."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
