"""The configuration file: read, tried out, confirmed or taken back, with the one before beside it.

FILE             the configuration
FILE.previous    the one that it replaced
FILE.trial       how its trial stands (`agent.trial`), until that has been told

Every step leaves a whole file behind whatever crashes: the old one is copied first, then the trial is noted, then
the new one takes its place. A trial that names another configuration than the file holds was never begun.
"""

from __future__ import annotations

import hashlib
import stat
from pathlib import Path

import msgspec

from agent.config import parse_config
from agent.durable import sync_folder, write_durably
from agent.errors import OperatorError
from agent.trial import Trial

PREVIOUS, TRIAL = ".previous", ".trial"


class ConfigFile:
    """Used from one thread at a time.

    `trial` is the one that is going on, or whose end has not been told; `last` is the newest that this process knows
    of, told or not: whoever asked for it may still want to know why it ended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._previous = path.with_name(path.name + PREVIOUS)
        self._marker = path.with_name(path.name + TRIAL)
        self.trial: Trial | None = self._read_trial()
        self.last = self.trial

    def text(self) -> str:
        """What stands in it. Raises OperatorError."""
        return _read(self.path)

    def sha256(self) -> str:
        """The hash of what stands in it. Raises OperatorError."""
        return digest_of(self.text())

    def try_out(self, text: str, *, reason: str, by: str = "", linked: bool, base: str | None = None) -> Trial:
        """Put another configuration in its place, on trial from the next start on.

        `linked` demands a hub's link for it to be kept; `base` is the hash of the one that the caller has seen.
        Raises ConfigError with all its mistakes, OperatorError where it may not be tried now or cannot be written.
        """
        parse_config(text, source="the configuration")
        if self.trial is not None and self.trial.pending:
            raise OperatorError("another configuration is on trial", hint="try again in a minute")
        before = self.text()
        if base is not None and base != digest_of(before):
            raise OperatorError("the configuration has changed meanwhile", hint="read it again and change that")
        trial = Trial(digest_of(text), digest_of(before), reason, by, linked)
        self._write(self._previous, before)
        self._note(trial)
        self._write(self.path, text)
        return trial

    def start(self) -> None:
        """The camera starts: count it, and take back what has not lasted. Raises OperatorError."""
        if self.trial is None or not self.trial.pending:
            return
        if self.trial.sha256 != self.sha256():
            self.forget()
            self.last = None
            return
        trial = self.trial.started()
        if trial.pending:
            self._note(trial)
        else:
            self.roll_back(trial.why)

    def confirm(self) -> Trial:
        """Keep it. Raises OperatorError."""
        assert self.trial is not None
        return self._note(self.trial.confirmed())

    def roll_back(self, why: str) -> Trial:
        """Put the one before in its place again. Raises OperatorError."""
        assert self.trial is not None
        self._write(self.path, _read(self._previous))
        return self._note(self.trial.rolled_back(why))

    def forget(self) -> None:
        """How the trial ended has been told. Raises OperatorError."""
        try:
            self._marker.unlink(missing_ok=True)
            sync_folder(self._marker.parent)
        except OSError as error:
            raise _unwritable(self._marker, error) from None
        self.trial = None

    def _note(self, trial: Trial) -> Trial:
        self._write(self._marker, msgspec.json.encode(trial).decode())
        self.trial = self.last = trial
        return trial

    def _read_trial(self) -> Trial | None:
        """The trial that is noted; one that cannot be read was never begun, for it is written as a whole."""
        try:
            return msgspec.json.decode(self._marker.read_bytes(), type=Trial)
        except (OSError, msgspec.DecodeError):
            return None

    def _write(self, path: Path, text: str) -> None:
        """Write one of the files, readable for whom the configuration is: tokens may stand in it."""
        try:
            write_durably(path, text.encode(), stat.S_IMODE(self.path.stat().st_mode))
        except OSError as error:
            raise _unwritable(path, error) from None


def digest_of(text: str) -> str:
    """The hash by which a configuration is known."""
    return hashlib.sha256(text.encode()).hexdigest()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise OperatorError(f"{path} is no text") from None
    except OSError as error:
        raise OperatorError(f"cannot read {path}: {error.strerror}") from None


def _unwritable(path: Path, error: OSError) -> OperatorError:
    return OperatorError(f"cannot write {path}: {error.strerror}", hint="the agent needs to write in its folder")
