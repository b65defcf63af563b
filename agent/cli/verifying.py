"""`aislewatch model verify`: whether models see the people on their reference pictures, here and now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agent.cli.looks import mark
from agent.cli.printing import say
from agent.model_desk import ModelDesk
from hal.system import SystemClock


def verify(name: str | None, *, as_json: bool) -> None:
    """Prove one model, or every one whose file is here; exit code 1 where one does not see. Raises ModelError."""
    desk = ModelDesk(SystemClock())
    blind = False
    for one in [name] if name else [spec.name for spec in desk.here()]:
        facts = desk.verify(one)
        blind = blind or bool(facts["wrong"])
        say({"type": "verify", **facts}, _line(facts), as_json=as_json)
    if blind:
        raise SystemExit(1)


def _line(facts: Mapping[str, Any]) -> str:
    name, where = f"{facts['name']:18}", f" on {facts['device']} {facts['degraded']}".rstrip()
    if facts["wrong"]:
        return mark("fault", f"{name} does not see: {facts['wrong']}")
    whom = f"the {facts['people']} people" if facts["people"] > 1 else "the person"
    return mark("ok", f"{name} finds {whom} on its reference picture{where}")
