"""The rule `panic`: a panic button was pressed. It looks at what the inputs tell and at nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from agent.domain import FactKind, Json
from agent.rule_config import PanicRule
from agent.rules.base import Hit, Subject, View

DIRECT = ("panic",)
"""The kinds of rules that are run from the inputs themselves (agent.respond.direct), never from a frame."""


class Panic:
    """A button that is held, or was within the last `hold_s`."""

    def __init__(self, config: PanicRule) -> None:
        self.config = config

    def update(self, view: View) -> Iterator[Hit]:
        """One hit for the place, with when the first button of it was pressed."""
        start_s = view.t_s - self.config.hold_s
        if view.facts.active((FactKind.PANIC,), start_s, view.t_s, self.config.inputs):
            pressed = view.facts.moments((FactKind.PANIC,), start_s, view.t_s, self.config.inputs)
            factors: dict[str, Json] = {"pressed_s": round(pressed[-1], 3)} if pressed else {}
            yield Hit(Subject(self.config.name, None), self.config.severity, factors=factors)
