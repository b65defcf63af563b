"""What people and hubs may do with the outputs, whichever way they ask; each deed is journaled with who and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

from agent.domain import Event, Json, Severity
from agent.errors import Incomplete
from agent.events.journal import Journal
from agent.respond.alarms import AlarmBank
from agent.respond.arming import ArmingMode, Wish, keep_wish
from hal.ports import Clock


@dataclass(frozen=True, slots=True)
class OutputsDesk:
    """Belongs to the event loop."""

    bank: AlarmBank
    journal: Journal
    clock: Clock
    report: Callable[[Event], None]

    def silence(self, reason: str, output: str | None = None, *, by: str = "") -> list[str]:
        """End what sounds, for the incidents that are open now; says which outputs did.

        Raises OperatorError without a reason, UnknownOutput.
        """
        silenced = self.bank.silence(reason, output)
        self._note("silence", {"outputs": [*silenced], "reason": reason, "by": by})
        return silenced

    def test(self, output: str, seconds: float, *, confirm: bool = False, by: str = "") -> None:
        """Try one output, marked as a test. Raises UnknownOutput, OperatorError if it may not be."""
        self.bank.test(output, seconds, confirm=confirm)
        self._note("output_test", {"output": output, "seconds": seconds, "by": by, "test": True})

    async def arm(self, mode: ArmingMode, *, reason: str = "", for_s: float | None = None, by: str = "") -> Wish:
        """Arm, disarm or go by the schedules; kept over a restart before this returns.

        Raises Incomplete where disarming has no reason, JournalError.
        """
        if mode == ArmingMode.DISARMED and not reason.strip():
            raise Incomplete("disarming needs a reason")
        until = None if for_s is None else self.clock.wall().utc_s + for_s
        wish = Wish(mode, by, reason, until)
        await keep_wish(self.journal, wish)
        self.bank.arming.say(wish)
        self.bank.rearm()
        severity = Severity.WARNING if mode == ArmingMode.DISARMED else Severity.INFO
        self._note("arming", {**asdict(wish), "mode": str(wish.mode)}, severity)
        return wish

    def _note(self, kind: str, data: dict[str, Json], severity: Severity = Severity.INFO) -> None:
        self.report(Event(kind, self.clock.monotonic(), severity, data))
