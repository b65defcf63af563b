"""The commands that look at cameras from outside: `discover` and `status`."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from agent.cli.asking import ask
from agent.cli.printing import say
from agent.hub import discover as browsing


def discover(seconds: float, *, as_json: bool) -> None:
    """Print the cameras that answer; exit code 1 when there are none."""
    found = asyncio.run(browsing.discover(seconds))
    for camera in found:
        state, version = camera.facts.get("state", "unknown"), camera.facts.get("fw", "")
        line = f"{camera.name}  {', '.join(camera.addresses)}  port {camera.port}  {state}  {version}"
        say({"type": "camera", **msgspec.to_builtins(camera)}, line, as_json=as_json)
    if not found:
        if not as_json:
            print(
                f"no camera answered within {seconds:g} s: is it on this network, and does the network pass multicast?"
            )
        raise SystemExit(1)


def status(url: str, *, as_json: bool) -> None:
    """Print how a running camera is."""
    facts = ask(url, "/v1/status")
    say({"type": "status", **facts}, status_lines(facts), as_json=as_json)


def review_line(review: dict[str, Any]) -> str:
    """What waits for people, and what the alert budget has made stricter."""
    raised = [rule for rule in review["budget"]["rules"] if rule["now"] != rule["configured"]]
    stricter = [f"{rule['rule']} {rule['setting']} {rule['configured']:g} -> {rule['now']:g}" for rule in raised]
    return "; ".join([f"{review['undecided']} incidents wait for a decision", *stricter])


def status_lines(facts: dict[str, Any]) -> list[str]:
    """The facts as a person reads them."""
    camera, journal, model = facts["camera"], facts["journal"], facts["model"]
    seeing = f"sees {camera['source']}" if camera["open"] else "SEES NOTHING"
    frame = facts["stages_ms"].get("frame")
    outputs = ", ".join(
        f"{output['name']} {'ON' if output['on'] else 'off'} ({'FAULTED' if output['faulted'] else output['state']})"
        for output in facts["outputs"]
    )
    lacking = [f"{rule} (needs {', '.join(needs)})" for rule, needs in facts["rules_unavailable"].items()]
    hubs = ", ".join(str(hub.get("hub") or "?") for hub in facts["hubs"]) or "none"
    return [
        f"{facts['name']} ({facts['id']}), version {facts['fw']}, up {facts['uptime_s']:.0f} s, {facts['state']}",
        f"camera   {seeing}, {camera['captured']} frames, {camera['dropped']} dropped",
        f"model    {model['name']} on {model['device']} ({model['runtime']}) {model['degraded']}".rstrip(),
        f"frame    {frame:.1f} ms" if frame else "frame    none yet",
        *([f"rules    UNAVAILABLE: {'; '.join(lacking)}"] if lacking else []),
        f"outputs  {outputs or 'none configured'}",
        f"journal  {journal['last_seq']} events, {'safe on disk' if journal['durable'] else 'IN MEMORY ONLY'}",
        f"review   {review_line(facts['review'])}",
        f"hubs     {hubs}",
        f"clock    {'synchronised' if facts['clock']['synchronised'] else 'NOT SYNCHRONISED'}",
    ]
