"""The commands that look at cameras from outside: `find`, `status` and `time`."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import msgspec

from agent.cli.asking import ask, talking
from agent.cli.looks import MARKS, Waiting, mark
from agent.cli.options import PASS
from agent.cli.printing import say
from agent.errors import OperatorError
from agent.events.lines import utc_text
from agent.hostport import join
from agent.hub import discover as browsing
from hal.system import SystemClock

ASK_TIMES = 3


def find(seconds: float, domain: str | None, dns: str | None, pass_file: Path | None, *, as_json: bool) -> None:
    """Print the cameras that answer, or that a domain of the DNS lists; exit code 1 when there are none."""
    if pass_file is not None:
        os.environ[PASS] = str(pass_file)
    waiting = Waiting("listening" if domain is None else "asking the DNS")
    found = asyncio.run(browsing.discover(seconds) if domain is None else _listed(domain, dns))
    waiting.end()
    for camera in found:
        health = _health(camera) if os.environ.get(PASS) else None
        facts = {"type": "camera", **msgspec.to_builtins(camera), "health": health}
        say(facts, _camera_lines(camera, health), as_json=as_json)
    if not found:
        if not as_json:
            print(f"{mark('fault', 'no camera answered')} within {seconds:g} s")
            print("  -> is it on this network, and does the network pass multicast? aislewatch net check")
        raise SystemExit(1)


async def _listed(domain: str, dns: str | None) -> list[browsing.Found]:
    """The cameras that a domain lists. Raises OperatorError."""
    from agent.hub.dnssd import domain_at
    from agent.hub.listed import cameras_in

    found, _ = await cameras_in(domain_at(domain, dns))
    return found


def _health(camera: browsing.Found) -> str:
    """How a camera is, asked with the pass; why it cannot be asked otherwise."""
    try:
        return str(ask(camera.urls("")[0], "/v1/health")["state"])
    except (OperatorError, IndexError) as error:
        return str(error)


def _camera_lines(camera: browsing.Found, health: str | None) -> list[str]:
    state, version = camera.facts.get("state", "unknown"), camera.facts.get("fw", "")
    claimed = mark("ok", "claimed  ") if state == "claimed" else mark("warning", "unclaimed" if state else "unknown")
    where = ", ".join([*(join(first, camera.port) for first in camera.addresses[:1]), *camera.addresses[1:]])
    if health is None:
        return [f"{claimed}  {camera.id or camera.name:18} {where:24} {version}".rstrip()]
    word = mark(health) if health in MARKS else mark("unknown")
    line = f"{claimed}  {camera.id or camera.name:18} {where:24} {version:8} {word}"
    return [line] if health in MARKS else [line, f"  -> {health}"]


def show_time(url: str, *, as_json: bool) -> None:
    """Print the camera's time, and how far it is off this computer's; exit code 1 where nobody vouches for it."""
    facts = asyncio.run(_time(url))
    clock, off_s = facts["clock"], facts["off_by_s"]
    vouched = clock["synchronised"]
    error = facts["clock_error_s"]
    sure = "" if error is None else f", within {error:.3g} s"
    off = f"the camera is {off_s:+.3f} s, give or take {facts['give_or_take_s']:.3f}"
    lines = [
        mark("ok", f"a time server vouches{sure}") if vouched else mark("fault", "no time server vouches for it"),
        f"camera         {utc_text(clock['utc_s'])}",
        f"this computer  {utc_text(facts['here_utc_s'])}",
        f"               {off}",
    ]
    if not vouched:
        lines.append("  -> let UDP port 123 out (see aislewatch net check), or link a hub")
    say({"type": "time", **facts}, lines, as_json=as_json)
    if not vouched:
        raise SystemExit(1)


async def _time(url: str) -> dict[str, Any]:
    """The camera's clock beside this computer's, as of the middle of the quickest of three questions."""
    clock = SystemClock()
    async with talking(url) as talk:
        best: dict[str, Any] = {}
        for _ in range(ASK_TIMES):
            asked_s, here = clock.monotonic(), clock.wall()
            facts = await talk.get("/v1/status")
            took_s = clock.monotonic() - asked_s
            if not best or took_s / 2 < best["give_or_take_s"]:
                middle = here.utc_s + took_s / 2
                best = {
                    "clock": facts["clock"],
                    "here_utc_s": middle,
                    "off_by_s": round(facts["clock"]["utc_s"] - middle, 4),
                    "give_or_take_s": round(took_s / 2, 4),
                }
        readings = (await talk.get("/v1/health"))["readings"]
    error = readings.get("clock_error_s")
    return {**best, "here_synchronised": clock.wall().synchronised, "clock_error_s": error and error["value"]}


def status(url: str, *, as_json: bool) -> None:
    """Print how a running camera is."""
    facts = ask(url, "/v1/status")
    say({"type": "status", **facts}, status_lines(facts), as_json=as_json)


def review_line(review: dict[str, Any]) -> str:
    """What waits for people, and what the alert budget has made stricter."""
    raised = [rule for rule in review["budget"]["rules"] if rule["now"] != rule["configured"]]
    stricter = [f"{rule['rule']} {rule['setting']} {rule['configured']:g} -> {rule['now']:g}" for rule in raised]
    return "; ".join([f"{review['undecided']} incidents wait for a decision", *stricter])


def mqtt_line(mqtt: dict[str, Any]) -> str:
    """How the camera stands with its broker."""
    if mqtt["connected"]:
        return f"{mqtt['broker']}, {mqtt['behind']} events to tell"
    return f"{mqtt['broker']} NOT CONNECTED, {mqtt['behind']} events to tell: {mqtt['trouble'] or 'not tried yet'}"


def status_lines(facts: dict[str, Any]) -> list[str]:
    """The facts as a person reads them."""
    camera, journal, model = facts["camera"], facts["journal"], facts["model"]
    seeing = f"sees {camera['source']}" if camera["open"] else "SEES NOTHING"
    frame = facts["stages_ms"].get("frame")
    sights = mark("ok", seeing) if camera["open"] else mark("fault", seeing)
    vouched = mark("ok", "synchronised") if facts["clock"]["synchronised"] else mark("warning", "NOT SYNCHRONISED")
    kept = mark("ok", "safe on disk") if journal["durable"] else mark("fault", "IN MEMORY ONLY")
    outputs = ", ".join(
        f"{output['name']} {'ON' if output['on'] else 'off'} ({'FAULTED' if output['faulted'] else output['state']})"
        for output in facts["outputs"]
    )
    lacking = [f"{rule} (needs {', '.join(needs)})" for rule, needs in facts["rules_unavailable"].items()]
    hubs = ", ".join(str(hub.get("hub") or "?") for hub in facts["hubs"]) or "none"
    return [
        f"{facts['name']} ({facts['id']}), version {facts['fw']}, up {facts['uptime_s']:.0f} s, {facts['state']}",
        f"camera   {sights}, {camera['captured']} frames, {camera['dropped']} dropped",
        f"model    {model['name']} on {model['device']} ({model['runtime']}) {model['degraded']}".rstrip(),
        f"frame    {frame:.1f} ms" if frame else "frame    none yet",
        *([f"rules    {mark('fault', 'UNAVAILABLE')}: {'; '.join(lacking)}"] if lacking else []),
        f"outputs  {outputs or 'none configured'}",
        f"journal  {journal['last_seq']} events, {kept}",
        f"review   {review_line(facts['review'])}",
        f"hubs     {hubs}",
        *([f"mqtt     {mqtt_line(facts['mqtt'])}"] if facts.get("mqtt") else []),
        f"clock    {vouched}",
    ]
