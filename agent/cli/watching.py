"""The commands that go on telling: `inputs watch`, `events tail` and `logs`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import aiohttp
import msgspec

from agent.cli.asking import NoAnswer, Talk, ask, talking
from agent.cli.looks import Board, mark
from agent.cli.printing import say
from agent.errors import OperatorError
from agent.events.lines import brief, utc_text

INPUTS_EVERY_S = 0.25
LOGS_EVERY_S = 1.0
CLOSING = aiohttp.ClientWSTimeout(ws_close=2.0)
GRADES = {"info": 0, "ok": 0, "unknown": 0, "warning": 1, "fault": 2, "critical": 2}
STATES = {"info": "ok", "critical": "fault"}
_FIXED = {"type", "kind", "what", "severity", "state", "t_s", "id", "opened_s"}


def show_inputs(url: str, *, as_json: bool) -> None:
    """Print how the inputs stand."""
    facts = ask(url, "/v1/inputs")
    say({"type": "inputs", **facts}, input_lines(facts["inputs"]), as_json=as_json)


def watch_inputs(url: str, seconds: float | None, *, as_json: bool) -> None:
    """Print every change of an input until Ctrl-C, or for so many seconds."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_inputs(url, seconds, as_json=as_json))


async def _inputs(url: str, seconds: float | None, *, as_json: bool) -> None:
    board, begun_s, before = Board(), time.monotonic(), dict[str, Any]()
    async with talking(url) as talk:
        while True:
            inputs = (await talk.get("/v1/inputs"))["inputs"]
            now = {one["name"]: one["active"] for one in inputs}
            changed = [one for one in inputs if one["name"] not in before or before[one["name"]] != one["active"]]
            if as_json:
                for one in changed:
                    say({"type": "input", **one}, (), as_json=True)
            elif board.moves or changed or not inputs:
                board.show([*input_lines(inputs)], "\n".join(input_lines(changed if inputs else [])))
            before = now
            if not inputs or (seconds is not None and time.monotonic() - begun_s >= seconds):
                return
            await asyncio.sleep(INPUTS_EVERY_S)


def input_lines(inputs: list[dict[str, Any]]) -> Iterator[str]:
    """The inputs as a person reads them."""
    for one in inputs:
        states = {True: mark("warning", "ACTIVE  "), False: mark("ok", "inactive"), None: mark("unknown", "unheard ")}
        since = "" if one["changed_age_s"] is None else f"for {one['changed_age_s']:.0f} s"
        yield f"{states[one['active']]}  {one['name']:16} {one['kind']:7} by {one['source']:4} {since}".rstrip()
    if not inputs:
        yield "no inputs are configured: add an [[input]]"


def tail(url: str, seconds: float | None, least: str, *, recent: bool, as_json: bool) -> None:
    """Print events, incidents and findings as they happen, until Ctrl-C or for so many seconds."""
    with suppress(KeyboardInterrupt, TimeoutError):
        asyncio.run(_tail(url, seconds, least, recent=recent, as_json=as_json))


async def _tail(url: str, seconds: float | None, least: str, *, recent: bool, as_json: bool) -> None:
    async with asyncio.timeout(seconds), talking(url) as talk:
        async for message in _events(talk):
            fields = message["fields"]
            grade = GRADES.get(str(fields.get("severity", fields.get("state", "info"))), 0)
            if grade < GRADES[least] or (message["recent"] and not recent):
                continue
            told = {"utc": utc_text(message["at_s"]), "clock_synchronised": message["synchronised"], **fields}
            say(told, event_line(told), as_json=as_json)


async def _events(talk: Talk) -> AsyncIterator[dict[str, Any]]:
    """The event messages of the live feed. Raises NoAnswer where there is no room, or it ends."""
    try:
        async with talk.session.ws_connect(f"{talk.base}/v1/live", timeout=CLOSING) as feed:
            async for frame in feed:
                message = msgspec.json.decode(frame.data) if frame.type == aiohttp.WSMsgType.TEXT else {}
                if message.get("type") == "event":
                    yield message
            reason = "as many people as it can serve watch it" if feed.close_code == _FULL else "the camera has stopped"
    except aiohttp.WSServerHandshakeError as error:
        raise OperatorError(f"the camera answered {error.status}", hint="closed to strangers: use --pass") from None
    except aiohttp.ClientError as error:
        raise NoAnswer(f"no camera answers at {talk.base}: {error}") from None
    raise NoAnswer(reason, hint="try again")


_FULL = aiohttp.WSCloseCode.TRY_AGAIN_LATER


def event_line(fields: Mapping[str, Any]) -> str:
    """One event, incident or finding in a line."""
    level = str(fields.get("severity", fields.get("state", "info")))
    state = STATES.get(level, level if level in ("warning", "fault", "unknown", "ok") else "unknown")
    name = str(fields.get("what") if fields["type"] == "health" else fields.get("kind"))
    name += f" {fields['state']}" if fields["type"] == "incident" else ""
    rest = (f"{k}={brief(v)}" for k, v in fields.items() if k not in _FIXED and v not in ([], {}, None, ""))
    details = " ".join(one for one in rest if not one.startswith(("utc=", "clock_")))
    return f"{str(fields['utc'])[11:19]}  {mark(state, f'{level:8}')}  {name}  {details}".rstrip()


def logs(url: str, lines: int, level: str, *, follow: bool, as_json: bool) -> None:
    """Print the last lines of the program's log; with `follow` those that come, too, until Ctrl-C."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_logs(url, lines, level, follow=follow, as_json=as_json))


async def _logs(url: str, lines: int, level: str, *, follow: bool, as_json: bool) -> None:
    async with talking(url) as talk:
        last = _say_lines(await _lines(talk, level=level, limit=str(lines)), as_json=as_json)
        if not last and not follow and not as_json:
            print(f"nothing of level {level} or graver since the program started")
        while follow:
            await asyncio.sleep(LOGS_EVERY_S)
            last = await _later(talk, level, last, as_json=as_json)


async def _later(talk: Talk, level: str, last: int, *, as_json: bool) -> int:
    """Print what came behind that number; the number of the last one. A program that began anew counts anew."""
    try:
        newest = await _lines(talk, level=level, limit="1")
        after = last if newest and newest[-1]["n"] >= last else 0
        return _say_lines(await _lines(talk, level=level, after=str(after)), as_json=as_json) or after
    except NoAnswer:
        return last  # it may be about to begin anew


async def _lines(talk: Talk, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await talk.get("/v1/logs", query))["lines"]
    return found


def _say_lines(found: Sequence[Mapping[str, Any]], *, as_json: bool) -> int:
    """Print them; the number of the last one, 0 where there is none."""
    for one in found:
        say({"type": "log", **one}, log_line(one), as_json=as_json)
    return int(found[-1]["n"]) if found else 0


def log_line(line: Mapping[str, Any]) -> str:
    """One line of the log."""
    state = {"warning": "warning", "error": "fault", "critical": "fault"}.get(line["level"], "ok")
    level = f"{line['level']:8}"
    return f"{line['utc']}  {mark(state, level)}  {line['name']}: {line['text']}"
