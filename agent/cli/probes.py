"""What this computer sees of a camera: how long it takes to answer, its hub, and where it calls that."""

from __future__ import annotations

from statistics import median
from typing import Any

from agent.cli.asking import Talk
from agent.doctor.steps import Step
from agent.errors import OperatorError
from hal.ports import Clock

SLOW_MS = 150.0


async def camera(talk: Talk, clock: Clock, times: int = 5) -> list[Step]:
    """How long the camera takes to answer, and whether its hub is linked to it."""
    took_ms = []
    try:
        await talk.get("/v1/identity")  # the handshake does not count
        for _ in range(times):
            asked_s = clock.monotonic()
            await talk.get("/v1/identity")
            took_ms.append(1e3 * (clock.monotonic() - asked_s))
        facts = await talk.get("/v1/status")
    except OperatorError as error:
        return [Step("camera", "fault", str(error), error.hint)]
    middle, worst = median(took_ms), max(took_ms)
    words = f"answers within {middle:.0f} ms, at worst {worst:.0f} ms"
    advice = "the radio or a switch is busy: see its signal in aislewatch health"
    slow = middle > SLOW_MS
    return [Step("camera", "warning" if slow else "ok", words, advice if slow else ""), _hub(facts), *calls_of(facts)]


def _hub(facts: dict[str, object]) -> Step:
    hubs = facts["hubs"]
    assert isinstance(hubs, list)
    linked = [str(hub.get("hub")) for hub in hubs if hub.get("hub")]
    if linked:
        return Step("hub", "ok", f"{', '.join(linked)} is linked")
    if facts.get("state") == "claimed":
        advice = (
            "is the hub on, and may it reach the camera's TLS port (8743)? It comes to the camera, not the other way"
        )
        return Step("hub", "fault", "no hub is linked", advice)
    return Step("hub", "unknown", "this camera has no hub yet", "aislewatch pair")


def calls_of(facts: dict[str, Any]) -> list[Step]:
    """Where the camera calls its hub, by its settings and by the domain that lists hubs; nothing where it does not."""
    calls = facts.get("call_home")
    if not calls or facts.get("state") != "claimed":
        return []
    domain = f" by {calls['domain']}" if calls["domain"] else ""
    where = f"{', '.join(calls['places']) or 'nobody'}{domain}"
    if calls["standing_by"]:
        return [Step("calls", "ok", f"{where}: a call stands by at {calls['standing_by']}")]
    advice = "does the hub run with --listen, is its port open, and does the domain list it (docs/discovery.md)?"
    return [Step("calls", "warning", f"{where}: {calls['trouble'] or 'no call stands by'}", advice)]
