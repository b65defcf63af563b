"""A configuration on trial: kept when the camera does well under it, taken back when it does not. Pure.

    pending ──well for STEADY_S, and linked where a hub asked──> confirmed
       ├── not so within TRIAL_S ──> rolled_back
       └── the camera ended before, whatever the cause, and starts again ──> rolled_back

Whoever applies a configuration writes the old one beside it first (`agent.config_file`), so that going back needs
nothing but this verdict.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

TRIAL_S = 60.0
"""How long a camera has to show that it does well."""
STEADY_S = 10.0
"""For how long in a row it has to."""


class TrialState(StrEnum):
    """How a trial stands."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    ROLLED_BACK = "rolled_back"


class Trial(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One configuration on trial, by its hash; `before` is that of the one to go back to.

    `linked` says that a hub has to be linked for it to be confirmed: one that asked for it must not lock itself out.
    `starts` counts the starts under it; `why` says why it was taken back.
    """

    sha256: str
    before: str
    reason: str
    by: str = ""
    linked: bool = False
    state: TrialState = TrialState.PENDING
    starts: int = 0
    why: str = ""

    @property
    def pending(self) -> bool:
        """Whether it is not decided."""
        return self.state == TrialState.PENDING

    def started(self) -> Trial:
        """The camera starts. A second start says that the first one did not last."""
        if not self.pending:
            return self
        if self.starts:
            return self.rolled_back("the camera ended before it had shown that it does well")
        return msgspec.structs.replace(self, starts=1)

    def rolled_back(self, why: str) -> Trial:
        """It is taken back."""
        return msgspec.structs.replace(self, state=TrialState.ROLLED_BACK, why=why[:500])

    def confirmed(self) -> Trial:
        """It is kept."""
        return msgspec.structs.replace(self, state=TrialState.CONFIRMED)


class Probation:
    """Watches one run of a camera under a configuration on trial; `start_s` is when the run began (monotonic)."""

    def __init__(self, trial: Trial, start_s: float) -> None:
        self._trial = trial
        self._start_s = start_s
        self._well_since_s: float | None = None

    def look(self, now_s: float, trouble: str, *, linked: bool) -> Trial:
        """How it stands now, given what is wrong with the camera (empty: nothing), and whether a hub is linked."""
        if self._trial.linked and not linked:
            trouble = trouble or "no hub has linked"
        if trouble:
            self._well_since_s = None
        elif self._well_since_s is None:
            self._well_since_s = now_s
        if self._trial.pending:
            self._trial = self._verdict(now_s, trouble)
        return self._trial

    def _verdict(self, now_s: float, trouble: str) -> Trial:
        if self._well_since_s is not None and now_s - self._well_since_s >= STEADY_S:
            return self._trial.confirmed()
        if now_s - self._start_s >= TRIAL_S:
            return self._trial.rolled_back(trouble or f"the camera did not do well for {STEADY_S:g} s in a row")
        return self._trial
