"""Where a camera's lives begin: its configuration file, what asks for another life, and the trial of what it was given.

A life ends in order and another begins, in the same process, when a restart is ordered or another configuration is
tried; `agent.app` goes through them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from agent.config import Config, parse_config
from agent.config_file import ConfigFile
from agent.domain import Event, Severity
from agent.errors import OperatorError, single
from agent.trial import Probation, Trial, TrialState
from agent.web.sessions import Sessions
from hal.ports import Clock

if TYPE_CHECKING:
    from agent.desk import Desk

LOOK_S = 1.0
ANSWER_S = 0.5
"""How long a life goes on after another was asked for, so that whoever asked gets the answer."""
log = logging.getLogger(__name__)


class Home:
    """Belongs to the event loop. `file` is None where a camera runs without one: then no life follows another.

    `sessions` of browsers go on from one life to the next: who tries other zones stays in.
    """

    def __init__(self, file: ConfigFile | None = None) -> None:
        self.file = file
        self.again = asyncio.Event()
        self.sessions = Sessions()

    def begin(self, config: Config) -> Config:
        """A life begins: the configuration it is to have. Raises OperatorError, ConfigError."""
        self.again.clear()
        if self.file is None:
            return config
        self.file.start()
        return parse_config(self.file.text(), source=str(self.file.path))

    def begin_again_soon(self) -> None:
        """Another life is wanted. Raises OperatorError where that cannot be, or a configuration is on trial."""
        if self.file is None:
            raise OperatorError("this camera cannot restart itself", hint="it was not started by `aislewatch run`")
        asyncio.get_running_loop().call_later(ANSWER_S, self.again.set)

    def take_back(self, error: Exception) -> bool:
        """A life ended in failure: whether a configuration on trial was to blame, which then is taken back."""
        if self.file is None or self.file.trial is None or not self.file.trial.pending:
            return False
        cause = single(error)
        log.error("the configuration on trial is taken back: %s", cause)
        self.file.roll_back(f"the camera failed: {str(cause) or type(cause).__name__}")
        return True

    async def watch_trial(
        self, desk: Desk, clock: Clock, start_s: float, trouble: Callable[[], str], linked: Callable[[], bool]
    ) -> None:
        """Keep or take back what is on trial, and tell how it ended; returns at once where nothing is."""
        if (file := self.file) is None or file.trial is None:
            return
        if file.trial.pending:
            probation, verdict = Probation(file.trial, start_s), file.trial
            while verdict.pending:
                await asyncio.sleep(LOOK_S)
                verdict = probation.look(clock.monotonic(), trouble(), linked=linked())
            await _execute(file, verdict)
            if verdict.state == TrialState.ROLLED_BACK:
                self.again.set()
                return  # the next life tells of it
        if await desk.safe(trial_event(file.trial, clock.monotonic())):
            await asyncio.to_thread(file.forget)


async def _execute(file: ConfigFile, verdict: Trial) -> None:
    """Do as the verdict says, as soon as the disk allows it."""
    while True:
        try:
            if verdict.state == TrialState.CONFIRMED:
                await asyncio.to_thread(file.confirm)
            else:
                await asyncio.to_thread(file.roll_back, verdict.why)
            return
        except OperatorError as error:
            log.critical("the trial of the configuration cannot be ended: %s", error)
            await asyncio.sleep(LOOK_S)


def trial_event(trial: Trial, t_s: float) -> Event:
    """How a trial ended, for the journal and the audit log."""
    severity = Severity.INFO if trial.state == TrialState.CONFIRMED else Severity.WARNING
    return Event("config_trial", t_s, severity, msgspec.to_builtins(trial))
